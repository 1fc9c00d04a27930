"""Drives to play: what the monitor makes of simulated drivers, recorded once and kept in a file.

Every drive has another driver, story and noise. A node plays them in its own order from its own place, so that no
two say the same.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from fer_edge import __version__
from fer_edge.core import DriverState, Event
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import MEASURED, Camera, Story, signals
from fer_edge.monitoring.simulation.alert import alert_drive, anyone
from fer_edge.monitoring.simulation.behaviours import BEHAVIOURS, strew
from fer_edge.settings import EmotionSettings, Settings

CAMERA = Camera(fps=12, jitter=0.2, loss=0.02)
SETTINGS = Settings(emotion=EmotionSettings(enabled=False))
"""Of a node in a fleet: expressions are off."""

_LEARN_S = 70.0
_STATE_S = 0.5


@dataclass(frozen=True, slots=True)
class Drive:
    """``states`` and ``events`` with seconds since the beginning, rising; nothing is open after the end."""

    seconds: float
    states: tuple[tuple[float, DriverState], ...]
    events: tuple[tuple[float, Event], ...]


def thinned(drive: Drive, every_s: float) -> Drive:
    """The same drive with states no closer than so many seconds, but for the first after an event."""
    states, told, last = [], iter([*(at for at, _ in drive.events), float("inf")]), float("-inf")
    due = next(told)
    for at, state in drive.states:
        if at - last >= every_s or due <= at:
            states.append((at, state))
            last = at
        while due <= at:
            due = next(told)
    return replace(drive, states=tuple(states))


def record(seed: int, seconds: float, act_every_s: float = 60.0) -> Drive:
    """One drive: an alert driver's, with acts that distract so often on average, and tiredness in one of three."""
    random = Random(f"fleet {seed}")
    story = alert_drive(seconds, random)
    strew(story, random, BEHAVIOURS, act_every_s, _LEARN_S)
    if seed % 3 == 0:
        _tire(story, random, act_every_s / 2)
    monitor = Monitor(SETTINGS)
    driver = anyone(random, SETTINGS.monitoring.calibration.open_prior)
    states: list[tuple[float, DriverState]] = []
    events: list[tuple[float, Event]] = []
    at = 0.0
    for frame in signals(story, CAMERA, MEASURED, driver, seed=random.randrange(1 << 30)):
        state, told = monitor.step(frame)
        at = max(frame.at, at)
        events += [(at, event) for event in told]
        if told or not states or at - states[-1][0] >= _STATE_S:
            states.append((at, replace(state, emotion=None, emotions=None)))
    events += [(at, event) for event in monitor.abort(at, "stopped")]
    return Drive(at, tuple(states), tuple(events))


def _tire(story: Story, random: Random, every_s: float) -> None:
    """Eyes that close for seconds, more and more, and yawns."""
    at = _LEARN_S + random.uniform(10, 60)
    while at < story.seconds - 20:
        length = random.choice((1.0, 1.8, 2.4, 3.5))
        story.closed(at, at + length)
        if random.random() < 0.3:
            story.during(at + length + 3, at + length + 6, mouth=True)
        at += length + random.expovariate(1 / every_s) + 8


def library(path: Path, count: int, seconds: float, act_every_s: float) -> list[Drive]:
    """So many drives, from the file where it has them, else recorded (about 2 ms a second of each) and kept there."""
    mark = (__version__, 1, seconds, act_every_s)
    drives: list[Drive] = []
    if path.exists():
        with path.open("rb") as file:
            kept_mark, kept = pickle.load(file)
        drives = kept if kept_mark == mark else []
    if len(drives) < count:
        drives += [record(seed, seconds, act_every_s) for seed in range(len(drives), count)]
        partial = path.with_suffix(".part")
        with partial.open("wb") as file:
            pickle.dump((mark, drives), file)
        partial.replace(path)
    return drives[:count]
