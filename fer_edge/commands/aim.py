"""Aim the camera: says what to change until the driver's face is clearly visible. No picture is shown, sent or kept.

Sit as you do when driving and look straight ahead. The command ends once the view has been good for 5 s.

example:
  fer-edge aim
  fer-edge aim --source csi:0 --seconds 60
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from fer_edge.commands import options
from fer_edge.errors import FerEdgeError
from fer_edge.words import AIM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fer_edge.core import Signals
    from fer_edge.settings import Settings

GOOD_S = 5.0
"""The view is called good when nothing was to be changed for so long, seconds of the frames' clock."""
LINE_S = 1.0
"""On no terminal: least time between two lines that say the same, seconds."""


FINE = "fine"
ADVICE = {
    **AIM,
    FINE: "Good: hold still",
    "rotated": "Picture on its side: rotate the camera, or set camera.rotation: {rotated}",
    "edge": "Face cut off at the {edge}: turn the camera that way",
    "turned": "{turned}: move the camera, or look straight ahead",
}
"""What to do, with the side or the angle where it is known."""


class NotAimed(FerEdgeError):
    """The time is over and something still has to be changed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--source", metavar="SRC", help="the camera (default: camera.source)")
    parser.add_argument("--seconds", type=options.positive, default=300.0, metavar="N", help="give up after N seconds")
    parser.add_argument("--json", action="store_true", help="one JSON object per frame on stdout")
    options.add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Say what to change until the view is good (0) or the time is over (1)."""
    settings = options.settings(args, {"camera.source": args.source})
    say = _as_json if args.json else _for_a_person(sys.stderr.isatty())
    good_since: float | None = None
    todo = "the camera delivered no picture; check camera.source with fer-edge doctor"
    for at, seen, size, word in _views(settings, args.seconds):
        todo = advice(word, seen, size)
        say(at, seen, word, todo)
        good_since = None if word != FINE else at if good_since is None else good_since
        if good_since is not None and at - good_since >= GOOD_S:
            sys.stderr.write("\nThe camera is well aimed.\n")
            return 0
    if good_since is not None:
        todo = f"good, but for less than {GOOD_S:.0f} s; try again with more --seconds"
    raise NotAimed(f"aim: {todo}")


def _views(settings: Settings, seconds: float) -> Iterator[tuple[float, Signals, tuple[int, int], str]]:
    """Time, signals, picture size and word of each frame; ends after so many seconds or with the source."""
    from fer_edge.core import DriverState
    from fer_edge.monitoring.aim import aim
    from fer_edge.perception.reader import Perception
    from fer_edge.pipeline import opened
    from fer_edge.sources import make_source

    # Expressions say nothing about the view.
    quick = settings.model_copy(update={"emotion": settings.emotion.model_copy(update={"enabled": False})})
    perception = Perception(quick)
    with opened(make_source(settings.camera.source, settings.camera, paced=True)) as frames:
        began: float | None = None
        for frame in frames:
            began = frame.at if began is None else began
            if frame.at - began > seconds:
                return
            seen = perception.read(frame)
            size = frame.image.shape[1], frame.image.shape[0]
            # Nothing is learned of this driver yet: straight ahead is where the head points now.
            yield frame.at, seen, size, aim(DriverState(frame.at), seen, size) or "nobody"


def advice(word: str, seen: Signals, size: tuple[int, int]) -> str:
    """What to do about it, with the side or the angle."""
    return ADVICE[word].format(rotated=seen.rotated, edge=_cut(seen, size), turned=_turned(seen))


def _cut(seen: Signals, size: tuple[int, int]) -> str:
    """The sides of the picture that the face goes over."""
    if seen.face is None:
        return "edge"
    box = seen.face.box
    over = {
        "left": box.x < 0,
        "top": box.y < 0,
        "right": box.x + box.width > size[0],
        "bottom": box.y + box.height > size[1],
    }
    return " and ".join(side for side, is_cut in over.items() if is_cut) or "edge"


def _turned(seen: Signals) -> str:
    """Where the camera stands from the driver. A face turned to its own left has the camera on its right."""
    yaw, pitch = seen.yaw or 0.0, seen.pitch or 0.0
    if abs(yaw) >= abs(pitch):
        return f"{abs(yaw):.0f}° too far to the driver's {'right' if yaw > 0 else 'left'}"
    return f"{abs(pitch):.0f}° too {'low' if pitch > 0 else 'high'}"


def words(seen: Signals, todo: str) -> str:
    """The line for a person: what is measured, and what to do first."""
    face = f"face {seen.face.box.width:.0f} px" if seen.face else "face -"
    light = f"light {seen.quality.brightness:.0%}" if seen.quality else "light -"
    return f"{face}  turned {_degrees(seen.yaw)}  tilted {_degrees(seen.pitch)}  {light}   {todo}"


def _degrees(value: float | None) -> str:
    return "-" if value is None else f"{value:+z.0f}°"


def _for_a_person(terminal: bool) -> Callable[[float, Signals, str, str], None]:
    said: list[tuple[str, float]] = [("", float("-inf"))]

    def say(at: float, seen: Signals, word: str, todo: str) -> None:
        if terminal:
            sys.stderr.write(f"\r\x1b[K{words(seen, todo)}")
        elif word != said[0][0] or at - said[0][1] >= LINE_S:
            said[0] = (word, at)
            sys.stderr.write(words(seen, todo) + "\n")
        sys.stderr.flush()

    return say


def _as_json(at: float, seen: Signals, word: str, todo: str) -> None:
    face = round(seen.face.box.width) if seen.face else None
    sys.stdout.write(
        json.dumps({"t": round(at, 2), "aim": word, "face_px": face, "do": todo}, ensure_ascii=False) + "\n"
    )
