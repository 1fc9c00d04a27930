"""Runs stories through the monitor and compares what it said, and when, with what was due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fer_edge.core import DriverState, Event, Signals
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import CLEAN, Camera, Driver, Noise, Story, signals
from fer_edge.settings import Settings

USUAL = Camera(fps=20)
SETTINGS = Settings()
ANYONE = Driver()


def settings(**sections: Any) -> Settings:
    """The usual settings with some changed: ``settings(monitoring={"fatigue": False})``."""
    return Settings.model_validate(sections)


NO_DROWSY = settings(monitoring={"drowsy": {"advisory": 0.98, "warning": 0.99}})
"""PERCLOS has its own stories; one long closure would raise it in others."""


class Told:
    """What a monitor said in the course of a drive."""

    def __init__(self, monitor: Monitor, drive: Iterable[Signals]) -> None:
        self.monitor = monitor
        self.events: list[Event] = []
        self.states: list[DriverState] = []
        for frame in drive:
            state, events = monitor.step(frame)
            self.states.append(state)
            self.events += events

    @property
    def last(self) -> DriverState:
        return self.states[-1]

    def state_at(self, at: float) -> DriverState:
        """The last state no later than ``at``."""
        return [state for state in self.states if state.at <= at][-1]

    def phases(self, *categories: str) -> list[tuple[str, str, float]]:
        """(type, phase, time) of every event of these categories; fatigue and attention if none is named."""
        wanted = categories or ("fatigue", "attention")
        return [(e.event_type, e.phase.value, round(e.at, 3)) for e in self.events if e.category in wanted]

    def find(self, event_type: str, phase: str = "start") -> Event:
        """The only event of this type and phase."""
        found = [e for e in self.events if e.event_type == event_type and e.phase == phase]
        assert len(found) == 1, f"{len(found)} of {event_type} {phase}"
        return found[0]


def tell(
    story: Story,
    camera: Camera = USUAL,
    noise: Noise = CLEAN,
    driver: Driver = ANYONE,
    config: Settings = SETTINGS,
    seed: int = 0,
    saved: dict[str, Any] | None = None,
) -> Told:
    """One drive from a fresh start."""
    return Told(Monitor(config, saved=saved), signals(story, camera, noise, driver, seed))


def assert_told(told: Told, due: Sequence[tuple[str, str, float]], *categories: str, within_s: float = 0.1) -> None:
    """Exactly these phases came, in this order, each within ``within_s`` of its time."""
    came = told.phases(*categories)
    assert [phase[:2] for phase in came] == [phase[:2] for phase in due], came
    late = [(*c, d[2]) for c, d in zip(came, due, strict=True) if abs(c[2] - d[2]) > within_s]
    assert not late, f"(type, phase, told, due): {late}"
