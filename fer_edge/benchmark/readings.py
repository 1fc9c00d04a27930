"""``python -m fer_edge.benchmark.readings``: what the eye networks say of lids whose state is known.

Prints the distributions that simulated drives take their eye signals from: of drawn people before each mounting of
the camera, and, where the camera looks from the front, of marked clips wherever one shows the state::

    python -m fer_edge.benchmark.readings --clips FOLDER > fer_edge/monitoring/simulation/readings.json

The folder holds clips and annotations.json with intervals of frames ``eyes_closed``, ``eyes_down`` and ``laugh``.
``--keep before`` keeps the networks of that name from the file that is shipped.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from fer_edge.benchmark.acted import looks_of, pose_of
from fer_edge.core import Frame, Signals
from fer_edge.lids import SHUT_OPENING
from fer_edge.monitoring.eyes import seen_openness
from fer_edge.monitoring.simulation.behaviours import MOUNTINGS, Mounting
from fer_edge.monitoring.simulation.networks import (
    BANDS,
    STATES,
    Network,
    Reading,
    Told,
    as_json,
    band,
    sorted_reading,
    state,
)
from fer_edge.monitoring.simulation.story import Truth
from fer_edge.perception.reader import Perception
from fer_edge.settings import Settings
from fer_edge.sources.sim.looks import STRANGERS
from fer_edge.sources.sim.scene import Scene

PEOPLE, EACH = 16, 5
"""Drawn people, and pictures of each in each state."""
LOOKS = 3
"""Each picture is read so often, as a camera shows it."""
DEG_A_FRAME = 8.0
"""A head moves into its pose from a level one by so much a frame, as in a drive. The face of one that appears bent may
not be found: its hair looks more like one."""
FEWEST, MOST = 5, PEOPLE * EACH
"""Frames of a state that make a reading, and that are kept of it."""
EDGE_S = 0.15
"""Marks of clips are uncertain by this much."""
MOVES_S = 0.25
"""A head that is bent otherwise so long before or after a frame is on its way: the pose lags behind the lids."""
MARKS = {"eyes_closed": "shut", "eyes_down": "deep", "laugh": "tight"}
LOOKED_DEG = {"deep": -32.0}
"""Where eyes look in clips with these marks, about: nobody measured it."""
UP = ("wide", "narrowed", "shut")
"""States that are measured of a head bent up, too."""
SETTINGS = Settings.model_validate({"emotion": {"enabled": False}})
Row = tuple[str, Told | None]
"""State of the lids and band of the head, and what was read, None where nothing was."""


def drawn_truth(name: str, bent: str, random: Random) -> Truth:
    """A truth at random in which the lids are in this state and the head is bent so.

    Shut eyes are drawn as sleep shuts them, half of them wholly: with a slit twice as high an iris shows.
    """
    while True:
        widest = SHUT_OPENING if name == "shut" else 1.0
        truth = Truth(
            lids=random.choice((0.0 if name == "shut" else 1.0, random.uniform(0, widest))),
            squint=random.choice((0.0, random.uniform(0, 1))),
            gaze_yaw=random.gauss(0, 8),
            gaze_pitch=random.choice((random.uniform(-6, 16 if bent == "up" else 8), random.uniform(-44, -12))),
            yaw=random.gauss(0, 6),
            pitch=random.uniform(-8, 8) if bent == "level" else random.uniform(*BANDS[bent]),
        )
        if state(truth.lids, truth.gaze_pitch, truth.squint) == name:
            return truth


def into(truth: Truth) -> Iterator[Truth]:
    """The truths, frame by frame, of a head that moves from level into this one, which is the last."""
    steps = 1 + int(abs(truth.pitch) / DEG_A_FRAME)
    return (replace(truth, pitch=truth.pitch * step / steps) for step in range(steps + 1))


def of_drawn(mounting: Mounting) -> Iterator[Row]:
    """Drawn people before a camera mounted so, none of whom a network has learned from."""
    for person in range(STRANGERS, STRANGERS + PEOPLE):
        scene = Scene(person, looks_of(person, mounting))
        for bent in BANDS:
            for name in UP if bent == "up" else STATES:
                random = Random(f"readings {person} {name} {bent}")
                for number in range(EACH):
                    truth = drawn_truth(name, bent, random)
                    pictures = [scene.draw(pose_of(way, mounting), number) for way in into(truth)]
                    perception = Perception(SETTINGS)
                    for frame, picture in enumerate(pictures + pictures[-1:] * (LOOKS - 1)):
                        signals = perception.read(Frame(picture, frame / 15, frame))
                    yield f"{name} {bent}", told(signals, truth.gaze_pitch)


def of_clips(folder: Path) -> Iterator[Row]:
    """Marked clips; eyes are wide where a clip with marked closures marks nothing."""
    from fer_edge.pipeline import opened
    from fer_edge.sources import make_source

    for clip, known in json.loads((folder / "annotations.json").read_text("utf-8")).items():
        if not isinstance(known, dict) or not (any(known.get(mark) for mark in MARKS)):
            continue
        source = make_source(str(folder / clip), SETTINGS.camera, paced=False)
        perception = Perception(SETTINGS)
        with opened(source):
            read = [perception.read(source.read()) for _ in range(known["frames"])]
        level = median(signals.pitch for signals in read if signals.pitch is not None)
        ahead = median(s.gaze_pitch - s.pitch for s in read if s.gaze_pitch is not None and s.pitch is not None)
        bands = [None if signals.pitch is None else band(signals.pitch - level) for signals in read]
        for number, signals in enumerate(read):
            name, around = _marked(number, known), round(MOVES_S * known["fps"])
            bent = set(bands[max(number - around, 0) : number + around + 1])
            if name and len(bent) == 1 and bands[number] is not None:
                yield f"{name} {bands[number]}", told(signals, ahead + LOOKED_DEG.get(name, 0.0))


def _marked(number: int, known: Mapping[str, Any]) -> str | None:
    edge = EDGE_S * known["fps"]
    for mark, name in MARKS.items():
        for first, last in known.get(mark, []):
            if first - edge <= number <= last + edge:
                return name if first + edge <= number <= last - edge else None
    return "wide" if known.get("eyes_closed") else None


def told(signals: Signals, looks_up_deg: float) -> Told | None:
    """What was said of eyes that look up by so much in the face; None where nothing was."""
    openness = seen_openness(signals)
    if signals.eyes_closed is None or openness is None:
        return None
    off = None
    if signals.gaze_pitch is not None and signals.pitch is not None:
        off = signals.gaze_pitch - signals.pitch - looks_up_deg
    return Told(signals.eyes_closed, openness, signals.eyes_lowered, signals.eyes_narrowed, off)


def readings(rows: list[Row]) -> dict[str, Reading]:
    """By state and band what was said of at least five frames, evenly chosen from where there are many."""
    found = {}
    for name in dict.fromkeys(name for name, _ in rows):
        own = [said for other, said in rows if other == name]
        frames = list(sorted_reading([said for said in own if said], 1.0).frames)
        if len(own) >= FEWEST:
            kept = [frames[int((n + 0.5) * len(frames) / MOST)] for n in range(MOST)] if len(frames) > MOST else frames
            found[name] = sorted_reading(kept, len(frames) / len(own))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="readings", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clips", type=Path, help="folder of marked clips")
    parser.add_argument("--name", default="shipped", help="name of these networks (shipped)")
    parser.add_argument("--keep", action="append", default=[], metavar="NAME", help="keep these networks from the file")
    options = parser.parse_args(arguments)
    shipped = resources.files("fer_edge.monitoring.simulation").joinpath("readings.json")
    result = {name: json.loads(shipped.read_text("utf-8"))[name] for name in options.keep}
    seen = readings(list(of_clips(options.clips))) if options.clips else {}
    result[options.name] = {}
    for mounting in MOUNTINGS:
        plain = not (mounting.pitch or mounting.glasses or mounting.night) and abs(mounting.yaw) <= 10
        found = readings(list(of_drawn(mounting))) | (seen if plain else {})
        result[options.name][mounting.name] = as_json(Network(found))
        print(mounting.name, file=sys.stderr)  # noqa: T201
    print(json.dumps(result, separators=(",", ":")).replace('},"', '},\n"'))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
