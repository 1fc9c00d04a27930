"""Values of core to publish in tests, filled and empty."""

from __future__ import annotations

from typing import Any

from fer_edge.core import (
    EMOTIONS,
    Box,
    Calibration,
    DriverState,
    Event,
    Face,
    Lens,
    Level,
    OpenEvent,
    Person,
    PersonState,
    Phase,
    Quality,
    Signals,
)
from fer_edge.settings import Settings
from fer_edge.sinks.payloads import info_payload

PROBABILITIES = dict(zip(EMOTIONS, (0.02, 0.0, 0.01, 0.05, 0.04, 0.01, 0.87), strict=True))
FACE = Face(Box(221.4, 140.2, 98.0, 97.6), 0.97123, track=3)
NOTHING_KNOWN = Signals(at=0.4, number=12)

ALL_KNOWN = Signals(
    at=0.4,
    number=12,
    face=FACE,
    faces=1,
    eye_left=0.81234,
    eye_right=0.79,
    eyes_closed=0.03,
    mouth_open=0.01,
    mouth_width=0.812,
    yaw=-3.14,
    pitch=1.2,
    roll=0.4,
    emotions=PROBABILITIES,
    quality=Quality(0.48, 0.7, 0.2, 0.01),
    people=(Person(FACE, PROBABILITIES), Person(FACE)),
)

STATE = DriverState(
    at=12.5,
    present=True,
    level=Level.CRITICAL,
    open_events=(OpenEvent(7, "sleep", Level.CRITICAL, 9.48),),
    emotion="neutral",
    emotions=PROBABILITIES,
    eyes_closed=True,
    openness=0.123456,
    closure_s=3.02,
    perclos=0.21,
    coverage=0.94,
    blinks_per_min=14.2,
    yawns=1,
    yaw=-3.1,
    pitch=1.2,
    roll=0.4,
    faces=1,
    lens=Lens.CLEAR,
    fps=29.7,
    calibration=Calibration("calibrated", 1.0, 0.82, 1.0, -4.0),
)
KIOSK = DriverState(at=1.0, profile="kiosk", people=(PersonState(3, 4.5, "happy", PROBABILITIES), PersonState(4, 0.1)))


def event(
    key: int = 7,
    phase: Phase = Phase.START,
    event_type: str = "microsleep",
    *,
    category: str = "fatigue",
    held_s: float = 1.5,
    level: Level = Level.WARNING,
    at: float = 10.0,
    **details: Any,
) -> Event:
    return Event(key, category, event_type, phase, level, at, at - held_s, held_s, details)


def settings(port: int = 1883, **mqtt: Any) -> Settings:
    """Quick to connect again, node ``car``."""
    quick = {"host": "127.0.0.1", "port": port, "reconnect_s": [0.1, 0.5], "answer_s": 2.0}
    return Settings.model_validate({"node": "car", "mqtt": quick | mqtt})


def info(outbox: dict[str, Any]) -> dict[str, Any]:
    return info_payload(settings(), [{"name": "expression", "sha256": "0" * 64}], outbox)
