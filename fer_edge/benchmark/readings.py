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
from importlib import resources
from pathlib import Path
from random import Random
from statistics import median, quantiles, stdev
from typing import Any

import numpy as np

from fer_edge.benchmark.acted import looks_of, pose_of
from fer_edge.core import Frame, Signals
from fer_edge.monitoring.eyes import seen_openness
from fer_edge.monitoring.simulation.behaviours import MOUNTINGS, Mounting
from fer_edge.monitoring.simulation.networks import BENT_DEG, STATES, Network, Reading, Spread, as_json, state
from fer_edge.monitoring.simulation.story import Truth
from fer_edge.perception.reader import Perception
from fer_edge.settings import Settings
from fer_edge.sources.sim.scene import Scene

PEOPLE, EACH = 8, 10
"""Drawn people, and pictures of each in each state."""
EDGE_S = 0.15
"""Marks of clips are uncertain by this much."""
MARKS = {"eyes_closed": "shut", "eyes_down": "deep", "laugh": "tight"}
SETTINGS = Settings.model_validate({"emotion": {"enabled": False}})
Row = tuple[str, Signals, float | None]
"""State of the lids, what was read, and by how many degrees the gaze was off."""


def drawn_truth(name: str, random: Random) -> Truth:
    """A truth at random in which the lids are in this state, the head as it goes with it."""
    while True:
        truth = Truth(
            lids=random.choice((1.0, random.uniform(0, 1))),
            squint=random.choice((0.0, random.uniform(0, 1))),
            gaze_yaw=random.gauss(0, 8),
            gaze_pitch=random.choice((random.uniform(-6, 8), random.uniform(-44, -12))),
            yaw=random.gauss(0, 6),
            pitch=random.choice((random.uniform(-6, 6), random.uniform(-30, -8))),
        )
        level = name in ("wide", "half", "slit", "deep")
        seen = state(truth.lids, truth.gaze_pitch, truth.squint, truth.pitch)
        if seen == name and not (level and truth.pitch < -8):
            return truth


def of_drawn(mounting: Mounting) -> Iterator[Row]:
    """Drawn people before a camera mounted so."""
    for person in range(PEOPLE):
        scene, random = Scene(person, looks_of(person, mounting)), Random(f"readings {person}")
        for name in STATES:
            for number in range(EACH):
                truth = drawn_truth(name, random)
                picture = scene.draw(pose_of(truth, mounting), number)
                signals = Perception(SETTINGS).read(Frame(picture, 0.0, 0))
                off = None
                if signals.gaze_pitch is not None and signals.pitch is not None:
                    off = signals.gaze_pitch - signals.pitch - truth.gaze_pitch
                yield name, signals, off


def of_clips(folder: Path) -> Iterator[Row]:
    """Marked clips; eyes are wide where a clip with marked closures marks nothing."""
    from fer_edge.sources import make_source

    for clip, known in json.loads((folder / "annotations.json").read_text("utf-8")).items():
        if not isinstance(known, dict) or not (any(known.get(mark) for mark in MARKS)):
            continue
        source = make_source(str(folder / clip), SETTINGS.camera, paced=False)
        source.open()
        perception = Perception(SETTINGS)
        read = [perception.read(source.read()) for _ in range(known["frames"])]
        source.close()
        level = median(signals.pitch for signals in read if signals.pitch is not None)
        for number, signals in enumerate(read):
            name = _marked(number, known)
            if name == "deep" and signals.pitch is not None and signals.pitch - level <= BENT_DEG:
                name = "covered"
            if name:
                yield name, signals, None


def _marked(number: int, known: Mapping[str, Any]) -> str | None:
    edge = EDGE_S * known["fps"]
    for mark, name in MARKS.items():
        for first, last in known.get(mark, []):
            if first - edge <= number <= last + edge:
                return name if first + edge <= number <= last - edge else None
    return "wide" if known.get("eyes_closed") else None


def network(rows: list[Row], over: Mapping[str, Reading]) -> Network:
    """The distributions of these rows, ``over`` going before them."""
    found = {name: reading(signals) for name in STATES if (signals := [s for own, s, _ in rows if own == name])}
    off = [value for _, _, value in rows if value is not None]
    return Network({**found, **over}, stdev(off) if len(off) > 2 else 0.0)


def reading(signals: list[Signals]) -> Reading:
    """How the outputs of these frames are spread."""
    judged = [one for one in signals if one.eyes_closed is not None]
    if len(judged) < 5:
        nothing = (0.5,) * 5
        return Reading(nothing, nothing, judged=0.0, frames=len(signals))
    told = [one for one in judged if one.eyes_lowered is not None]
    return Reading(
        closed=_spread([one.eyes_closed for one in judged]),
        openness=_spread([seen_openness(one) for one in judged]),
        lowered=_spread([one.eyes_lowered for one in told]) if told else None,
        narrowed=_spread([one.eyes_narrowed for one in told]) if told else None,
        gaze=float(np.mean([one.gaze_pitch is not None for one in judged])),
        judged=len(judged) / len(signals),
        frames=len(signals),
    )


def _spread(values: list[float | None]) -> Spread:
    known = sorted(value for value in values if value is not None)
    tenths = quantiles(known, n=10, method="inclusive")
    return known[0], tenths[0], tenths[4], tenths[8], known[-1]


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="readings", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clips", type=Path, help="folder of marked clips")
    parser.add_argument("--name", default="shipped", help="name of these networks (shipped)")
    parser.add_argument("--keep", action="append", default=[], metavar="NAME", help="keep these networks from the file")
    options = parser.parse_args(arguments)
    shipped = resources.files("fer_edge.monitoring.simulation").joinpath("readings.json")
    result = {name: json.loads(shipped.read_text("utf-8"))[name] for name in options.keep}
    seen: dict[str, Reading] = {}
    if options.clips:
        rows = list(of_clips(options.clips))
        seen = {name: reading(own) for name in STATES if len(own := [s for n, s, _ in rows if n == name]) >= 5}
        result[f"{options.name} on clips"] = [as_json(Network(seen))]
    result[options.name] = {}
    for mounting in MOUNTINGS:
        plain = not (mounting.pitch or mounting.glasses or mounting.night) and abs(mounting.yaw) <= 10
        found = network(list(of_drawn(mounting)), seen if plain else {})
        result[options.name][mounting.name] = as_json(found)
        print(mounting.name, file=sys.stderr)  # noqa: T201
    print(json.dumps(result, separators=(",", ":")).replace('},"', '},\n"'))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
