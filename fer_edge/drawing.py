"""Draws what is seen and what it means on a picture: one code for the page, annotate and classify.

Sizes follow the picture's, so the same drawing reads at 320 pixels and at full HD. Colours say the
same everywhere: green for fine, amber for a warning, red for critical, grey for "cannot tell".
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from fer_edge import words
from fer_edge.core import Lens, Level

if TYPE_CHECKING:
    from fer_edge.core import Box, DriverState, Face, Image, Signals

Colour = tuple[int, int, int]

WHITE: Colour = (245, 245, 245)
GREY: Colour = (160, 160, 160)
GREEN: Colour = (110, 200, 80)
AMBER: Colour = (40, 170, 250)
RED: Colour = (60, 60, 235)
BLUE: Colour = (230, 160, 60)
PLATE: Colour = (28, 24, 22)

LEVEL_COLOURS: Mapping[Level | None, Colour] = {
    None: GREY,
    Level.NONE: GREEN,
    Level.INFO: GREEN,
    Level.ADVISORY: AMBER,
    Level.WARNING: AMBER,
    Level.CRITICAL: RED,
}

# Eye, mouth and jaw outlines of the 300-W 68-point markup as (first, last, closed).
_RIGHT_EYE, _LEFT_EYE = slice(36, 42), slice(42, 48)
_OPEN_LINES = (slice(0, 17), slice(17, 22), slice(22, 27), slice(27, 31), slice(31, 36))
_CLOSED_LINES = (slice(48, 60), slice(60, 68))


@dataclass(frozen=True)
class Pen:
    """Line width and text size that fit a picture, and the picture they draw on."""

    canvas: Image

    @property
    def unit(self) -> float:
        """1 for a picture 480 pixels high."""
        return max(0.55, float(min(self.canvas.shape[0] / 480, self.canvas.shape[1] / 560)))

    @property
    def line(self) -> int:
        """Line width in pixels."""
        return max(1, round(1.6 * self.unit))

    def size(self, text: str, scale: float = 1.0) -> tuple[int, int]:
        """Width and height of a line of text in pixels."""
        (width, height), _ = cv2.getTextSize(plain(text), cv2.FONT_HERSHEY_SIMPLEX, self._font(scale), self._bold)
        return int(width), int(height)

    def text(self, text: str, at: tuple[float, float], colour: Colour = WHITE, scale: float = 1.0) -> None:
        """A line of text with its lower left corner at a point."""
        where = (round(at[0]), round(at[1]))
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(self.canvas, plain(text), where, font, self._font(scale), colour, self._bold, cv2.LINE_AA)

    def plate(
        self, x: float, y: float, width: float, height: float, colour: Colour = PLATE, cover: float = 0.68
    ) -> None:
        """A see-through rectangle that text stands out on."""
        x0, y0 = max(0, round(x)), max(0, round(y))
        x1, y1 = min(self.canvas.shape[1], round(x + width)), min(self.canvas.shape[0], round(y + height))
        if x1 <= x0 or y1 <= y0:
            return
        part = self.canvas[y0:y1, x0:x1]
        part[:] = cv2.addWeighted(part, 1 - cover, np.full_like(part, colour), cover, 0)

    def label(self, text: str, x: float, y: float, colour: Colour = WHITE, scale: float = 1.0) -> float:
        """Text on a plate with its upper left corner at (x, y), kept inside the picture; its height."""
        width, height = self.size(text, scale)
        pad = 5 * self.unit * scale
        x = min(max(0.0, x), max(0.0, self.canvas.shape[1] - width - 2 * pad))
        y = min(max(0.0, y), max(0.0, self.canvas.shape[0] - height - 2 * pad))
        self.plate(x, y, width + 2 * pad, height + 2 * pad)
        self.text(text, (x + pad, y + pad + height), colour, scale)
        return height + 2 * pad

    def _font(self, scale: float) -> float:
        return 0.56 * self.unit * scale

    @property
    def _bold(self) -> int:
        return max(1, round(1.1 * self.unit))


def plain(text: str) -> str:
    """Text in the characters OpenCV's font has: accents go, anything else becomes '?'."""
    letters = (unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode() for letter in text)
    return "".join(letter if letter and letter.isprintable() else "?" for letter in letters)


def draw(image: Image, signals: Signals, state: DriverState | None = None, *, panels: bool = True) -> Image:
    """A BGR copy of the picture with faces, signals and, where given, the state drawn on it.

    ``image`` is (height, width, 3) BGR or (height, width) grey, uint8. Without ``panels`` only what
    belongs to a place in the picture is drawn: the live page shows the numbers beside it.
    """
    canvas = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image.copy()
    pen = Pen(canvas)
    colour = LEVEL_COLOURS[state.level if state else None]
    # One number in one place: the label is what the bars beside it and the topic say, smoothed.
    smoothed: dict[int | None, Mapping[str, float] | None] = {}
    if state:
        smoothed = {person.person: person.emotions for person in state.people}
    if signals.people:
        for person in signals.people:
            draw_face(pen, person.face, smoothed.get(person.face.track) or person.emotions)
    elif signals.face:
        draw_face(pen, signals.face, (state and state.emotions) or signals.emotions, colour=colour)
    if signals.landmarks is not None:
        _landmarks(pen, signals)
    if signals.face and not signals.people:
        _head_axes(pen, signals)
        if panels:
            _bars(pen, (state and state.emotions) or signals.emotions)
    if not signals.face and not signals.people:
        pen.label(_why_no_face(signals), canvas.shape[1] * 0.04, canvas.shape[0] * 0.12, AMBER, 1.5)
    if state and panels:
        _banner(pen, state, colour)
        _gauges(pen, signals, state)
    return canvas


def jpeg(picture: Image, width: int, quality: int) -> bytes:
    """A picture as JPEG, ``quality`` 1 to 100, made smaller where it is wider than ``width`` pixels."""
    if picture.shape[1] > width:
        size = (width, max(1, round(picture.shape[0] * width / picture.shape[1])))
        picture = cast("Image", cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(encoded)


def draw_face(pen: Pen, face: Face, emotions: Mapping[str, float] | None, *, colour: Colour = GREEN) -> None:
    """A face's box with its leading expression, track id and score."""
    _corners(pen, face.box, colour)
    told = [f"#{face.track}"] if face.track is not None else []
    if emotions:
        leading = max(emotions, key=lambda name: emotions[name])
        told.append(f"{leading} {emotions[leading]:.0%}")
    if not told:
        return
    height = pen.size("X")[1] + 10 * pen.unit
    above = face.box.y - height - pen.line
    pen.label(" ".join(told), face.box.x, above if above >= 0 else face.box.y + face.box.height + pen.line)


def _why_no_face(signals: Signals) -> str:
    return {Lens.DARK: "Too dark", Lens.COVERED: "Lens covered", Lens.CLEAR: "No face"}[signals.lens]


def _corners(pen: Pen, box: Box, colour: Colour) -> None:
    """Only the corners of a box: the face stays visible."""
    arm = 0.22 * min(box.width, box.height)
    for x, to_right in ((box.x, 1), (box.x + box.width, -1)):
        for y, to_below in ((box.y, 1), (box.y + box.height, -1)):
            corner = (round(x), round(y))
            cv2.line(pen.canvas, corner, (round(x + to_right * arm), round(y)), colour, pen.line + 1, cv2.LINE_AA)
            cv2.line(pen.canvas, corner, (round(x), round(y + to_below * arm)), colour, pen.line + 1, cv2.LINE_AA)


def _landmarks(pen: Pen, signals: Signals) -> None:
    assert signals.landmarks is not None
    points = np.round(signals.landmarks).astype(np.int32)
    for line in _OPEN_LINES:
        cv2.polylines(pen.canvas, [points[line]], False, GREY, 1, cv2.LINE_AA)
    mouth = _certainty_colour(signals.mouth_open)
    for line in _CLOSED_LINES:
        cv2.polylines(pen.canvas, [points[line]], True, mouth, pen.line, cv2.LINE_AA)
    for line, openness in ((_RIGHT_EYE, signals.eye_right), (_LEFT_EYE, signals.eye_left)):
        closed = None if openness is None else 1 - openness
        cv2.polylines(pen.canvas, [points[line]], True, _certainty_colour(closed), pen.line, cv2.LINE_AA)


def _certainty_colour(probability: float | None) -> Colour:
    """Green for surely not, red for surely so, amber between, grey for unknown."""
    if probability is None:
        return GREY
    return GREEN if probability < 0.37 else AMBER if probability < 0.63 else RED


def _head_axes(pen: Pen, signals: Signals) -> None:
    """Where the nose points, from the middle of the face, and where the eyes look, from between them."""
    if signals.face is None:
        return
    x, y = signals.face.box.centre
    _arrow(pen, signals.face, (x, y), (signals.yaw, signals.pitch), BLUE)
    _arrow(pen, signals.face, (x, y - 0.12 * signals.face.box.height), (signals.gaze_yaw, signals.gaze_pitch), GREEN)


def _arrow(
    pen: Pen, face: Face, start: tuple[float, float], angles: tuple[float | None, float | None], colour: Colour
) -> None:
    """An arrow along a yaw (to the own left) and a pitch (up), degrees; none where they are unknown."""
    yaw, pitch = angles
    if yaw is None or pitch is None:
        return
    x, y = start
    reach = 0.7 * face.box.width
    # The person faces us, so the own left is the picture's right.
    tip = (x + reach * math.sin(math.radians(yaw)), y - reach * math.sin(math.radians(pitch)))
    ends = (round(x), round(y)), (round(tip[0]), round(tip[1]))
    cv2.arrowedLine(pen.canvas, *ends, colour, pen.line, cv2.LINE_AA, tipLength=0.25)


def _bars(pen: Pen, emotions: Mapping[str, float] | None) -> None:
    """The expressions as bars at the lower right; left out where the picture has no room for them."""
    if not emotions or pen.canvas.shape[1] < 480:
        return
    row, width = 20 * pen.unit, 190 * pen.unit
    x = pen.canvas.shape[1] - width - 8 * pen.unit
    y = pen.canvas.shape[0] - row * len(emotions) - 16 * pen.unit
    pen.plate(x, y, width, row * len(emotions) + 8 * pen.unit)
    leading = max(emotions, key=lambda name: emotions[name])
    for n, (name, share) in enumerate(emotions.items()):
        base = y + row * (n + 1)
        pen.text(name, (x + 6 * pen.unit, base), WHITE if name == leading else GREY, 0.78)
        start, full = x + 84 * pen.unit, 98 * pen.unit
        pen.plate(start, base - 11 * pen.unit, full, 11 * pen.unit, (70, 66, 62), 1)
        colour = BLUE if name == leading else GREY
        pen.plate(start, base - 11 * pen.unit, max(1.0, full * share), 11 * pen.unit, colour, 1)


def _banner(pen: Pen, state: DriverState, colour: Colour) -> None:
    """Across the top: what is open now, and for how long."""
    # An expression or a person in view is always "open": that is no news.
    ordered = [event for event in state.open_events if event.event_type not in ("emotion", "present")]
    if not ordered:
        return
    ordered.sort(key=lambda event: -event.level.rank)
    told = ", ".join(f"{words.event_type(event.event_type)} {state.at - event.since:.1f} s" for event in ordered)
    height = pen.size("X")[1] + 16 * pen.unit
    pen.plate(0, 0, pen.canvas.shape[1], height, colour if ordered[0].level.rank else PLATE, 0.8)
    # White on amber cannot be read.
    text = PLATE if colour == AMBER else WHITE
    pen.text(told, (10 * pen.unit, height - 8 * pen.unit), text)


def _gauges(pen: Pen, signals: Signals, state: DriverState) -> None:
    """At the lower left: the numbers behind the state; unknown ones are said to be unknown."""
    if state.profile == "kiosk":
        pen.label(f"{signals.faces} in view", 8 * pen.unit, pen.canvas.shape[0] - 30 * pen.unit)
        return
    lines = [
        ("eyes closed", _share(signals.eyes_closed), _certainty_colour(signals.eyes_closed)),
        ("mouth open", _share(signals.mouth_open), _certainty_colour(signals.mouth_open)),
        ("PERCLOS", _share(state.perclos), WHITE if state.perclos is not None else GREY),
        ("head, deg", _angles(state), WHITE if state.yaw is not None else GREY),
        ("looks", _looking(state.looking), WHITE if state.looking == "ahead" else AMBER if state.looking else GREY),
    ]
    row = 20 * pen.unit
    y = pen.canvas.shape[0] - row * len(lines) - 16 * pen.unit
    pen.plate(8 * pen.unit, y, 190 * pen.unit, row * len(lines) + 8 * pen.unit)
    for n, (name, value, colour) in enumerate(lines):
        base = y + row * (n + 1)
        pen.text(name, (14 * pen.unit, base), GREY, 0.78)
        pen.text(value, (108 * pen.unit, base), colour, 0.78)


def _looking(where: str | None) -> str:
    return "?" if where is None else words.looking(where)


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.0%}"


def _angles(state: DriverState) -> str:
    if state.yaw is None or state.pitch is None:
        return "?"
    return f"{state.yaw:+.0f} {state.pitch:+.0f}"
