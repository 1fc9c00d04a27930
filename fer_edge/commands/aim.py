"""Aim the camera: says what to change until the driver's face is seen well. No picture is shown, sent or kept.

Sit as you drive and look straight ahead. It ends by itself when the view has been good for 5 s.

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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fer_edge.core import Signals
    from fer_edge.monitoring.aim import Advice
    from fer_edge.settings import Settings

GOOD_S = 5.0
"""The view is called good when nothing was to be changed for so long, seconds of the frames' clock."""
LINE_S = 1.0
"""On no terminal: least time between two lines that say the same, seconds."""


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
    last: tuple[Advice, ...] = ()
    for at, seen, advice in _views(settings, args.seconds):
        last = advice
        say(at, seen, advice)
        good_since = None if advice else at if good_since is None else good_since
        if good_since is not None and at - good_since >= GOOD_S:
            sys.stderr.write("\nThe camera is aimed well.\n")
            return 0
    todo = f"{last[0].says}; {last[0].do}" if last else f"not good for {GOOD_S:.0f} s at a time; try again"
    raise NotAimed(f"aim: {todo}")


def _views(settings: Settings, seconds: float) -> Iterator[tuple[float, Signals, tuple[Advice, ...]]]:
    """Time, signals and advice of each frame; ends after so many seconds or with the source."""
    from fer_edge.monitoring.aim import judge
    from fer_edge.perception.reader import Perception
    from fer_edge.pipeline import frames
    from fer_edge.sources import make_source

    # Expressions say nothing about the view.
    quick = settings.model_copy(update={"emotion": settings.emotion.model_copy(update={"enabled": False})})
    perception = Perception(quick)
    source = make_source(settings.camera.source, settings.camera, paced=True)
    source.open()
    try:
        began: float | None = None
        for frame in frames(source):
            began = frame.at if began is None else began
            if frame.at - began > seconds:
                return
            seen = perception.read(frame)
            height, width = frame.image.shape[:2]
            yield frame.at, seen, judge(seen, width, height)
    finally:
        source.close()


def words(seen: Signals, advice: tuple[Advice, ...]) -> str:
    """The line for a person: what is measured, and what to do first."""
    box = seen.face.box if seen.face else None
    parts = [f"face {box.width:.0f} px" if box else "face -"]
    parts += [f"turned {_degrees(seen.yaw)}", f"tilted {_degrees(seen.pitch)}"]
    parts.append(f"light {seen.quality.brightness:.0%}" if seen.quality else "light -")
    todo = f"{advice[0].says}: {advice[0].do}" if advice else "good, hold still"
    return f"{'  '.join(parts)}   {todo}"


def _degrees(value: float | None) -> str:
    return "-" if value is None else f"{value:+.0f}°"


def _for_a_person(terminal: bool) -> Callable[[float, Signals, tuple[Advice, ...]], None]:
    said: list[tuple[str, float]] = [("", float("-inf"))]

    def say(at: float, seen: Signals, advice: tuple[Advice, ...]) -> None:
        first = advice[0].what if advice else "good"
        if terminal:
            sys.stderr.write(f"\r\x1b[K{words(seen, advice)}")
        elif first != said[0][0] or at - said[0][1] >= LINE_S:
            said[0] = (first, at)
            sys.stderr.write(words(seen, advice) + "\n")
        sys.stderr.flush()

    return say


def _as_json(at: float, seen: Signals, advice: tuple[Advice, ...]) -> None:
    told = [{"what": one.what, "says": one.says, "do": one.do, "hard": one.hard} for one in advice]
    face = round(seen.face.box.width) if seen.face else None
    sys.stdout.write(json.dumps({"t": round(at, 2), "good": not advice, "face_px": face, "advice": told}) + "\n")
