"""A script played: the pose of the simulated driver at any moment, the same every time."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from fer_edge.sources.sim.script import Cue, Script
from fer_edge.sources.sim.states import CHANNELS, EASE_S, Pose

_REST = Pose()


@dataclass(frozen=True, slots=True)
class Blink:
    """One blink: lids go down, stay, and come up; all in seconds."""

    at: float
    closing_s: float
    closed_s: float
    opening_s: float

    def openness(self, at: float) -> float:
        """What the lids leave open, 0 to 1: 1 before and after."""
        since = at - self.at
        if since < self.closing_s:
            return 1.0 - ease(since / self.closing_s)
        since -= self.closing_s + self.closed_s
        return ease(since / self.opening_s)

    @property
    def end(self) -> float:
        """When the eyes are open again."""
        return self.at + self.closing_s + self.closed_s + self.opening_s


@dataclass(frozen=True, slots=True)
class _Move:
    """A channel on its way from one value to the next."""

    at: float
    over_s: float
    start: float
    goal: float

    def value(self, at: float) -> float:
        if self.over_s <= 0:
            return self.goal
        return self.start + (self.goal - self.start) * ease((at - self.at) / self.over_s)


def ease(share: float) -> float:
    """0 to 1 with a soft start and end (the minimum-jerk curve of human movement)."""
    s = min(max(share, 0.0), 1.0)
    return s * s * s * (10 + s * (6 * s - 15))


class Timeline:
    """The poses of a script. Everything is a function of the time in seconds from its start."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._starts = [cue.at for cue in script.cues]
        self._moves = {channel: list(_moves(channel, script.cues)) for channel in CHANNELS}
        rng = random.Random(script.seed)
        self._phases = [rng.uniform(0, math.tau) for _ in range(6)]
        self._blinks = list(_blinks(script, rng))
        self._blink_starts = [blink.at for blink in self._blinks]

    def cue(self, at: float) -> Cue:
        """What the script says at that time."""
        return self.script.cues[max(bisect_right(self._starts, at) - 1, 0)]

    def pose(self, at: float) -> Pose:
        """The pose at that time, with blinks, talking and the small movements nobody can suppress."""
        index = max(bisect_right(self._starts, at) - 1, 0)
        values = {channel: moves[index].value(at) for channel, moves in self._moves.items()}
        lids = self._lids(at)
        values["eye_left"] *= lids
        values["eye_right"] *= lids
        sway = self._sway(at)
        values["yaw"] += 1.5 * sway[0]
        values["pitch"] += 1.0 * sway[1]
        values["roll"] += 0.8 * sway[2]
        if self.script.cues[index].talking:
            values["mouth"] = max(values["mouth"], _talking(at - self._starts[index], self._phases))
        return Pose(**values, rub=8.0 * at)

    def _lids(self, at: float) -> float:
        index = bisect_right(self._blink_starts, at) - 1
        return self._blinks[index].openness(at) if index >= 0 else 1.0

    def _sway(self, at: float) -> tuple[float, float, float]:
        a, b, c, d, e, f = self._phases
        return (
            0.6 * math.sin(0.9 * at + a) + 0.4 * math.sin(2.3 * at + b),
            0.6 * math.sin(0.7 * at + c) + 0.4 * math.sin(1.9 * at + d),
            0.6 * math.sin(0.5 * at + e) + 0.4 * math.sin(1.3 * at + f),
        )


def _moves(channel: str, cues: tuple[Cue, ...]) -> Iterator[_Move]:
    rest: float = getattr(_REST, channel)
    move: _Move | None = None
    for cue in cues:
        goal = cue.values.get(channel, rest)
        over = EASE_S[channel] if cue.over_s is None else cue.over_s
        move = _Move(cue.at, over if move else 0.0, move.value(cue.at) if move else goal, goal)
        yield move


def _blinks(script: Script, rng: random.Random) -> Iterator[Blink]:
    """Blinks at random, at least 0.3 s apart, none across the border of a cue."""
    ends = [cue.at for cue in script.cues[1:]] + [script.length_s]
    for cue, end in zip(script.cues, ends, strict=True):
        if cue.blinking == "none" or cue.blinks_per_min <= 0:
            continue
        at = cue.at + rng.uniform(0.5, 2.0)
        while True:
            blink = _blink(at, rng, slow=cue.blinking == "slow")
            if blink.end > end:
                break
            yield blink
            pause = 60.0 / cue.blinks_per_min - (blink.end - blink.at)
            at = blink.end + max(pause * rng.uniform(0.5, 1.5), 0.3)


def _blink(at: float, rng: random.Random, *, slow: bool) -> Blink:
    """A blink of an alert person lasts 0.2 to 0.4 s, down faster than up; a drowsy one over a second."""
    if slow:
        return Blink(at, rng.uniform(0.2, 0.3), rng.uniform(0.6, 1.0), rng.uniform(0.3, 0.5))
    return Blink(at, rng.uniform(0.08, 0.12), rng.uniform(0.03, 0.06), rng.uniform(0.14, 0.2))


def _talking(since: float, phases: list[float]) -> float:
    """Syllables, three to five a second, with pauses."""
    syllables = 0.5 + 0.5 * math.sin(math.tau * 3.7 * since + phases[0])
    stress = 0.5 + 0.5 * math.sin(math.tau * 1.1 * since + phases[1])
    pause = ease(2.0 * math.sin(math.tau * 0.23 * since + phases[2]) + 1.2)
    return 0.42 * syllables * (0.4 + 0.6 * stress) * pause
