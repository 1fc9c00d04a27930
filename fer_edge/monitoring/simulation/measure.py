"""How often, and for how long at a time, perception errs on clips whose truth is known.

Reads the frames that ``fer-edge replay --json`` prints::

    fer-edge replay clip.mp4 --json > clip.mp4.jsonl
    python -m fer_edge.monitoring.simulation.measure annotations.json clip.mp4.jsonl ...

The annotations map a clip's name to ``fps`` and, where somebody judged them, lists of first and last
frames: ``eyes_closed``, ``yawn`` (the mouth wide open), ``talking`` (then the mouth is not judged).
Only what an annotation judges is counted, and nothing near its edges, where the mark is uncertain.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import sqrt
from pathlib import Path
from statistics import median
from typing import Any

from fer_edge.monitoring.simulation.noise import Burst, Noise

Interval = tuple[float, float]
Frame = Mapping[str, Any]

EDGE_S = 0.15
"""Marks are uncertain by this much."""

UNSEEN = 3.0
"""Rule of three: what never happened in n frames happens in fewer than 3/n of them (95 %)."""

SHORT_S = 1 / 30
"""Length of errors of which none was seen: single frames of a usual camera."""


@dataclass
class Tally:
    """Frames looked at, those in error, and the runs they came in."""

    frames: int = 0
    errors: int = 0
    runs: int = 0
    error_s: float = 0.0
    _in_run: bool = False

    def add(self, error: bool | None, dt: float) -> None:
        """One frame that stands for ``dt`` seconds; None: not judged, ends a run."""
        if error is None:
            self._in_run = False
            return
        self.frames += 1
        if error:
            self.errors += 1
            self.error_s += dt
            self.runs += not self._in_run
        self._in_run = error

    def burst(self) -> Burst:
        """As the parameters of a burst process, never better than the rule of three allows."""
        if not self.frames:
            return Burst()
        share = max(self.errors, UNSEEN) / self.frames
        return Burst(round(share, 5), round(self.error_s / self.runs if self.runs else SHORT_S, 3))


@dataclass(frozen=True)
class Clip:
    """The frames of one clip and what is known of it: seconds of closed eyes and of a wide open mouth.

    ``closed`` or ``wide`` None means that nobody judged it.
    """

    frames: Sequence[Frame]
    closed: Sequence[Interval] | None = None
    wide: Sequence[Interval] | None = None


@dataclass
class Errors:
    """What was counted over any number of clips."""

    false_closed: Tally = field(default_factory=Tally)
    false_open: Tally = field(default_factory=Tally)
    unknown: Tally = field(default_factory=Tally)
    mouth: Tally = field(default_factory=Tally)
    lost: Tally = field(default_factory=Tally)
    flutter: list[float] = field(default_factory=list)
    openness: list[float] = field(default_factory=list)
    angles: list[float] = field(default_factory=list)

    def read(self, clip: Clip) -> None:
        """Add one clip."""
        frames = [frame for frame in clip.frames if frame.get("kind", "frame") == "frame"]
        steps = [b["t"] - a["t"] for a, b in pairwise(frames)]
        dt = median(steps) if steps else 0.0
        for frame in frames:
            self._count(clip, frame, dt)
        self._spreads(clip, frames)

    def _count(self, clip: Clip, frame: Frame, dt: float) -> None:
        at, face = frame["t"], frame.get("face") is not None
        self.lost.add(not face, dt)
        closed = frame.get("eyes_closed")
        truth = None if clip.closed is None else _inside(at, clip.closed)
        self.unknown.add(closed is None if face and clip.closed is not None else None, dt)
        self.false_closed.add(closed >= 0.5 if closed is not None and truth is False else None, dt)
        self.false_open.add(closed < 0.5 if closed is not None and truth is True else None, dt)
        mouth = frame.get("mouth_open")
        wide = None if clip.wide is None else _inside(at, clip.wide)
        self.mouth.add((mouth >= 0.5) is not wide if mouth is not None and wide is not None else None, dt)

    def _spreads(self, clip: Clip, frames: Sequence[Frame]) -> None:
        """How much the values of single frames flutter about the median of five around them."""
        if clip.closed is not None:
            self.flutter += _residuals(frames, lambda f: f.get("eyes_closed"))
            self.openness += _residuals(frames, lambda f: f.get("eye_left"))
        self.angles += _residuals(frames, lambda f: f.get("yaw"))
        self.angles += _residuals(frames, lambda f: f.get("pitch"))

    def noise(self) -> Noise:
        """As parameters of the simulation."""
        return Noise(
            false_closed=self.false_closed.burst(),
            false_open=self.false_open.burst(),
            unknown=self.unknown.burst(),
            mouth=self.mouth.burst(),
            lost=self.lost.burst(),
            probability_spread=_spread(self.flutter),
            openness_spread=_spread(self.openness),
            angle_spread_deg=_spread(self.angles),
        )


def _inside(at: float, intervals: Iterable[Interval]) -> bool | None:
    """Whether ``at`` lies in one of them; None near an edge."""
    for start, end in intervals:
        if abs(at - start) < EDGE_S or abs(at - end) < EDGE_S:
            return None
        if start < at < end:
            return True
    return False


def _residuals(frames: Sequence[Frame], read: Callable[[Frame], float | None]) -> list[float]:
    values = [read(frame) for frame in frames]
    found = []
    for number in range(2, len(values) - 2):
        around = [value for value in values[number - 2 : number + 3] if value is not None]
        if len(around) == 5:
            found.append(around[2] - median(around))
    return found


def _spread(residuals: Sequence[float]) -> float:
    return round(sqrt(sum(r * r for r in residuals) / len(residuals)), 4) if residuals else 0.0


def clip(path: Path, annotations: Mapping[str, Any]) -> Clip:
    """The replay in ``path``, named after its clip, with what is known of that."""
    known = annotations[path.name.removesuffix(".jsonl")]

    def seconds(name: str) -> list[Interval] | None:
        marks = known.get(name)
        return None if marks is None else [(a / known["fps"], (b + 1) / known["fps"]) for a, b in marks]

    lines = (json.loads(line) for line in path.read_text().splitlines())
    frames = [line for line in lines if line.get("kind") == "frame"]
    return Clip(frames, seconds("eyes_closed"), None if known.get("talking") else seconds("yawn"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was counted and the noise it makes."""
    parser = argparse.ArgumentParser(prog="measure", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("annotations", type=Path, help="JSON: what is known of each clip")
    parser.add_argument("replays", type=Path, nargs="+", help="CLIP.jsonl, printed by fer-edge replay --json")
    options = parser.parse_args(arguments)
    annotations, errors = json.loads(options.annotations.read_text()), Errors()
    for path in options.replays:
        errors.read(clip(path, annotations))
    for name in ("false_closed", "false_open", "unknown", "mouth", "lost"):
        tally = getattr(errors, name)
        print(f"{name:<14}{tally.frames:>6} frames{tally.errors:>5} wrong in {tally.runs} runs", tally.burst())  # noqa: T201
    print(errors.noise())  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
