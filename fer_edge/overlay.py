"""What belongs to a place in the picture: outlines, arrows and labels as values, for whoever draws them.

``annotate`` and ``classify`` paint them on pixels (drawing.py), the live page in the browser (overlay.js).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from fer_edge.core import Lens, Level

if TYPE_CHECKING:
    from fer_edge.core import Box, DriverState, Face, Signals


class Tone(StrEnum):
    """What a colour says, the same everywhere."""

    FINE = "fine"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
    HEAD = "head"


TONES: Mapping[Level | None, Tone] = {
    None: Tone.UNKNOWN,
    Level.NONE: Tone.FINE,
    Level.INFO: Tone.FINE,
    Level.ADVISORY: Tone.WARNING,
    Level.WARNING: Tone.WARNING,
    Level.CRITICAL: Tone.CRITICAL,
}

# Outlines of the 300-W 68-point markup.
_RIGHT_EYE, _LEFT_EYE = slice(36, 42), slice(42, 48)
_OPEN_LINES = (slice(0, 17), slice(17, 22), slice(22, 27), slice(27, 31), slice(31, 36))
_MOUTH = (slice(48, 60), slice(60, 68))


@dataclass(frozen=True, slots=True)
class Framed:
    """A face's box, and what stands above it; ``label`` may be empty."""

    box: Box
    label: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Line:
    """Points (x, y) in pixels joined to a line, the last with the first where ``closed``; ``faint`` is thin."""

    points: tuple[tuple[float, float], ...]
    tone: Tone
    closed: bool = True
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """From a point to another, pixels."""

    start: tuple[float, float]
    tip: tuple[float, float]
    tone: Tone


@dataclass(frozen=True, slots=True)
class Overlay:
    """Everything to be drawn; ``note`` says why there is no face."""

    faces: tuple[Framed, ...] = ()
    lines: tuple[Line, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    note: str | None = None


def overlay(signals: Signals, state: DriverState | None = None) -> Overlay:
    """What of these signals and, where given, this state belongs to a place in the picture."""
    # One number in one place: the label is what the bars beside it and the topic say, smoothed.
    smoothed: dict[int | None, Mapping[str, float] | None] = {}
    if state:
        smoothed = {person.person: person.emotions for person in state.people}
    lines = tuple(_outlines(signals)) if signals.landmarks is not None else ()
    if signals.people:
        people = [(person.face, smoothed.get(person.face.track) or person.emotions) for person in signals.people]
        return Overlay(tuple(Framed(face.box, label(face, said), Tone.FINE) for face, said in people), lines)
    if signals.face is None:
        return Overlay(lines=lines, note=_why_no_face(signals))
    told = label(signals.face, (state and state.emotions) or signals.emotions)
    tone = TONES[state.level if state else None]
    return Overlay((Framed(signals.face.box, told, tone),), lines, tuple(_arrows(signals, signals.face)))


def label(face: Face, emotions: Mapping[str, float] | None) -> str:
    """A face's track and its leading expression."""
    told = [f"#{face.track}"] if face.track is not None else []
    if emotions:
        leading = max(emotions, key=lambda name: emotions[name])
        told.append(f"{leading} {emotions[leading]:.0%}")
    return " ".join(told)


def certainty(probability: float | None) -> Tone:
    """Fine for surely not, critical for surely so, a warning between."""
    if probability is None:
        return Tone.UNKNOWN
    return Tone.FINE if probability < 0.37 else Tone.WARNING if probability < 0.63 else Tone.CRITICAL


def _why_no_face(signals: Signals) -> str:
    return {Lens.DARK: "Too dark", Lens.COVERED: "Lens covered", Lens.CLEAR: "No face"}[signals.lens]


def _outlines(signals: Signals) -> Iterator[Line]:
    assert signals.landmarks is not None
    rows = np.round(signals.landmarks.astype(float), 1).tolist()
    points = [(x, y) for x, y in rows]
    for part in _OPEN_LINES:
        yield Line(tuple(points[part]), Tone.UNKNOWN, closed=False, faint=True)
    mouth = certainty(signals.mouth_open)
    for part in _MOUTH:
        yield Line(tuple(points[part]), mouth)
    for part, openness in ((_RIGHT_EYE, signals.eye_right), (_LEFT_EYE, signals.eye_left)):
        yield Line(tuple(points[part]), certainty(None if openness is None else 1 - openness))


def _arrows(signals: Signals, face: Face) -> Iterator[Arrow]:
    """Where the nose points, from the middle of the face, and where the eyes look, from between them."""
    x, y = face.box.centre
    eyes = (x, y - 0.12 * face.box.height)
    for start, yaw, pitch, tone in (
        ((x, y), signals.yaw, signals.pitch, Tone.HEAD),
        (eyes, signals.gaze_yaw, signals.gaze_pitch, Tone.FINE),
    ):
        if yaw is None or pitch is None:
            continue
        reach = 0.7 * face.box.width
        # The person faces us, so the own left is the picture's right.
        tip = (
            start[0] + reach * math.sin(math.radians(yaw)),
            start[1] - reach * math.sin(math.radians(pitch)),
        )
        yield Arrow(start, tip, tone)
