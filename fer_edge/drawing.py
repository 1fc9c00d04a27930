"""Paints what is seen and what it means on a picture, for annotate and classify.

Sizes follow the picture's, so the same drawing reads at 320 pixels and at full HD. Colours say the
same everywhere: green for fine, amber for a warning, red for critical, grey for "cannot tell".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from fer_edge import words
from fer_edge.overlay import TONES, Tone, certainty, overlay

if TYPE_CHECKING:
    from fer_edge.core import Box, DriverState, Image, Signals
    from fer_edge.overlay import Framed, Overlay

Colour = tuple[int, int, int]

WHITE: Colour = (245, 245, 245)
GREY: Colour = (160, 160, 160)
GREEN: Colour = (110, 200, 80)
AMBER: Colour = (40, 170, 250)
RED: Colour = (60, 60, 235)
BLUE: Colour = (230, 160, 60)
PLATE: Colour = (28, 24, 22)

COLOURS: Mapping[Tone, Colour] = {
    Tone.FINE: GREEN,
    Tone.WARNING: AMBER,
    Tone.CRITICAL: RED,
    Tone.UNKNOWN: GREY,
    Tone.HEAD: BLUE,
}


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


def draw(image: Image, signals: Signals, state: DriverState | None = None) -> Image:
    """A BGR copy of the picture with faces, signals and, where given, the state drawn on it.

    ``image`` is (height, width, 3) BGR or (height, width) grey, uint8.
    """
    canvas = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image.copy()
    pen = Pen(canvas)
    _paint(pen, overlay(signals, state))
    if signals.face and not signals.people:
        _bars(pen, (state and state.emotions) or signals.emotions)
    if state:
        _banner(pen, state, COLOURS[TONES[state.level]])
        _gauges(pen, signals, state)
    return canvas


def jpeg(picture: Image, width: int, quality: int) -> bytes:
    """A picture as JPEG, ``quality`` 1 to 100, made smaller where it is wider than ``width`` pixels."""
    if picture.shape[1] > width:
        size = (width, max(1, round(picture.shape[0] * width / picture.shape[1])))
        picture = cast("Image", cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(encoded)


def _paint(pen: Pen, shown: Overlay) -> None:
    for face in shown.faces:
        _face(pen, face)
    for line in shown.lines:
        points = np.round(line.points).astype(np.int32)
        thick = 1 if line.faint else pen.line
        cv2.polylines(pen.canvas, [points], line.closed, COLOURS[line.tone], thick, cv2.LINE_AA)
    for arrow in shown.arrows:
        (x0, y0), (x1, y1) = arrow.start, arrow.tip
        ends = (round(x0), round(y0)), (round(x1), round(y1))
        cv2.arrowedLine(pen.canvas, *ends, COLOURS[arrow.tone], pen.line, cv2.LINE_AA, tipLength=0.25)
    if shown.note:
        pen.label(shown.note, pen.canvas.shape[1] * 0.04, pen.canvas.shape[0] * 0.12, AMBER, 1.5)


def _face(pen: Pen, face: Framed) -> None:
    _corners(pen, face.box, COLOURS[face.tone])
    if not face.label:
        return
    height = pen.size("X")[1] + 10 * pen.unit
    above = face.box.y - height - pen.line
    pen.label(face.label, face.box.x, above if above >= 0 else face.box.y + face.box.height + pen.line)


def _corners(pen: Pen, box: Box, colour: Colour) -> None:
    """Only the corners of a box: the face stays visible."""
    arm = 0.22 * min(box.width, box.height)
    for x, to_right in ((box.x, 1), (box.x + box.width, -1)):
        for y, to_below in ((box.y, 1), (box.y + box.height, -1)):
            corner = (round(x), round(y))
            cv2.line(pen.canvas, corner, (round(x + to_right * arm), round(y)), colour, pen.line + 1, cv2.LINE_AA)
            cv2.line(pen.canvas, corner, (round(x), round(y + to_below * arm)), colour, pen.line + 1, cv2.LINE_AA)


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
    told = ", ".join(f"{words.event_type(event.event_type)} {event.held_s(state.at):.1f} s" for event in ordered)
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
        ("eyes closed", _share(signals.eyes_closed), COLOURS[certainty(signals.eyes_closed)]),
        ("mouth open", _share(signals.mouth_open), COLOURS[certainty(signals.mouth_open)]),
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
    return f"{state.yaw:+z.0f} {state.pitch:+z.0f}"
