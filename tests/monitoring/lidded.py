"""Drives of a calibrated driver written as signals: lids, gaze and head as told, and the events that come of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fer_edge.core import Box, Event, Face, Signals
from fer_edge.monitoring import Monitor
from fer_edge.settings import Settings
from tests.monitoring.telling import settings

FPS = 20
FACE = Face(Box(220.0, 140.0, 120.0, 120.0), 0.95, track=1)
SAVED = {"v": 1, "openness": 0.9, "yaw": 0.0, "pitch": 0.0, "gaze_yaw": 0.0, "gaze_pitch": 0.0}

OPEN = {"eyes_closed": 0.01, "eyes_lowered": 0.01, "eyes_narrowed": 0.01, "width": 0.9, "gaze": (0.0, 0.0)}
SHUT = {"eyes_closed": 0.97, "eyes_lowered": 0.02, "eyes_narrowed": 0.01, "width": 0.04, "gaze": None}
LOWERED = {"eyes_closed": 0.06, "eyes_lowered": 0.9, "eyes_narrowed": 0.03, "width": 0.3, "gaze": (0.0, -35.0)}
LAUGH = {"eyes_closed": 0.15, "eyes_lowered": 0.1, "eyes_narrowed": 0.7, "width": 0.4, "gaze": None}
BENT = {"pitch": -20.0}

Scene = tuple[float, dict[str, Any]]
"""Until when, in seconds, the signals are so."""


def drive(*scenes: Scene, fps: float = FPS) -> Iterable[Signals]:
    """The frames of scenes that follow one another; open eyes ahead where a scene says nothing else."""
    number, last = 0, scenes[-1][0]
    while number / fps < last:
        at = number / fps
        changes = next(what for until, what in scenes if at < until)
        now = {**OPEN, "pitch": 0.0, "yaw": 0.0, "roll": 0.0, "mouth": 0.01, "face": FACE, **changes}
        gaze = now["gaze"]
        yield Signals(
            at,
            number,
            face=now["face"],
            faces=1,
            eye_left=now["width"],
            eye_right=now["width"],
            eyes_closed=now["eyes_closed"],
            eyes_lowered=now["eyes_lowered"],
            eyes_narrowed=now["eyes_narrowed"],
            gaze_yaw=None if gaze is None else gaze[0] + now["yaw"],
            gaze_pitch=None if gaze is None else gaze[1] + now["pitch"],
            mouth_open=now["mouth"],
            mouth_width=now.get("mouth_width"),
            yaw=now["yaw"],
            pitch=now["pitch"],
            roll=now["roll"],
            emotions=now.get("emotions"),
        )
        number += 1


def told(frames: Iterable[Signals], config: Settings | None = None, km_h: float | None = None) -> list[Event]:
    """The fatigue and attention events of a calibrated drive."""
    monitor = Monitor(config or settings(monitoring={"drowsy": {"advisory": 0.98, "warning": 0.99}}), saved=SAVED)
    events: list[Event] = []
    for frame in frames:
        if km_h is not None:
            monitor.speed(km_h, frame.at)
        events += monitor.step(frame)[1]
    return [event for event in events if event.category in ("fatigue", "attention")]


def phases(events: Sequence[Event]) -> list[tuple[str, str, float]]:
    return [(event.event_type, event.phase.value, round(event.at, 1)) for event in events]


def starts(events: Sequence[Event]) -> list[tuple[str, float]]:
    return [(event.event_type, round(event.at, 1)) for event in events if event.phase != "end"]
