"""Glasses on the portrait: rims, a little shine, or dark lenses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.sources.sim.marks import LEFT_EYE, RIGHT_EYE, EyeMarks, Floats

if TYPE_CHECKING:
    from fer_edge.core import Image
    from fer_edge.sources.sim.looks import Looks

_HALF = (36, 23)
"""Half the width and height of a lens, pixels of the stage."""
_PLACE = (slice(150, 222), slice(205, 435))
"""Rows and columns of the stage that glasses cover."""
_DOWN = 6
"""The middle of a lens lies below that of the eye, pixels."""


class Glasses:
    """Drawn once; put on every face."""

    def __init__(self, looks: Looks) -> None:
        shape = (480, 640)
        self._rims = np.zeros(shape, np.float32)
        self._lenses = np.zeros(shape, np.float32)
        middles = [_middle(marks) for marks in (RIGHT_EYE, LEFT_EYE)]
        for x, y in middles:
            cv2.fillPoly(self._lenses, [_outline(x, y)], 1.0, cv2.LINE_AA)
            cv2.polylines(self._rims, [_outline(x, y)], True, 1.0, max(1, round(looks.rim * 2)), cv2.LINE_AA)
        (x0, y0), (x1, y1) = middles
        line = max(1, round(looks.rim * 2))
        cv2.line(self._rims, (x0 + _HALF[0] - 2, y0 - 4), (x1 - _HALF[0] + 2, y1 - 4), 1.0, line, cv2.LINE_AA)
        cv2.line(self._rims, (x0 - _HALF[0], y0 - 8), (x0 - _HALF[0] - 30, y0 - 12), 1.0, line, cv2.LINE_AA)
        cv2.line(self._rims, (x1 + _HALF[0], y1 - 8), (x1 + _HALF[0] + 30, y1 - 12), 1.0, line, cv2.LINE_AA)
        self._dark = looks.glasses == "dark"
        self._shine = _shine(looks.glare) * self._lenses

    def on(self, face: Image) -> Image:
        """The face (BGRA, colours times alpha) with glasses; its alpha stays."""
        part = face[_PLACE]
        colours = part[..., :3].astype(np.float32)
        if self._dark:
            colours *= (1 - 0.93 * self._lenses[_PLACE])[..., None]
            colours += 12 * self._lenses[_PLACE][..., None]
        colours += (self._shine[_PLACE] * 255)[..., None] * (1 - colours / 255)
        colours *= (1 - 0.85 * np.clip(self._rims[_PLACE], 0, 1))[..., None]
        drawn = face.copy()
        drawn[_PLACE][..., :3] = np.clip(np.minimum(colours, part[..., 3:]), 0, 255).astype(np.uint8)
        return drawn


def _middle(marks: EyeMarks) -> tuple[int, int]:
    x, y = marks.iris
    return round(x), round(y) + _DOWN


def _outline(x: int, y: int) -> Image:
    """A rounded rectangle about a lens."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    across, down = np.sign(cos) * np.abs(cos) ** 0.6 * _HALF[0], np.sign(sin) * np.abs(sin) ** 0.6 * _HALF[1]
    points: Image = np.round(np.stack([x + across, y + down], axis=1)).astype(np.int32)
    return points


def _shine(glare: float) -> Floats:
    """Slanting bands of a mirrored window, as shares of white."""
    y, x = np.mgrid[0:480, 0:640].astype(np.float32)
    bands = np.exp(-((((x + 0.8 * y) % 76 - 30) / 9) ** 2)) + 0.6 * np.exp(-((((x + 0.8 * y) % 76 - 52) / 4) ** 2))
    shine: Floats = (glare * bands).astype(np.float32)
    return shine
