"""A hand that covers the lens: too near to be sharp, and nearly all shadow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.sources.sim.marks import STAGE

if TYPE_CHECKING:
    from fer_edge.core import Image

_WIDTH = 900
"""Pixels: wider than the stage, as the fingers come in first."""


class Hand:
    """Drawn once, moved in from the right."""

    def __init__(self) -> None:
        self._colour, self._alpha = _drawn()

    def over(self, picture: Image, covered: float) -> Image:
        """``picture`` with that share of the view, 0 to 1, behind the hand."""
        reach = round(covered * _WIDTH)
        shown = min(reach, STAGE[0])
        start = reach - shown
        seen, hand = slice(STAGE[0] - shown, None), slice(start, start + shown)
        rest = cv2.multiply(picture[:, seen], 1 - self._alpha[:, hand], dtype=cv2.CV_8U)
        picture = picture.copy()
        picture[:, seen] = cv2.add(rest, self._colour[:, hand])
        return picture


def _drawn() -> tuple[Image, Image]:
    """Colour times alpha (uint8) and alpha (float32, three channels) of four fingers and a palm."""
    height = STAGE[1]
    alpha = np.zeros((height, _WIDTH), np.float32)
    for top, bottom, tip in ((-20, 120, 90), (105, 240, 20), (225, 365, 45), (350, 500, 130)):
        middle, half = (top + bottom) // 2, (bottom - top) // 2
        cv2.rectangle(alpha, (tip + half, top), (_WIDTH, bottom), 1.0, cv2.FILLED)
        cv2.ellipse(alpha, (tip + half, middle), (half, half), 0, 0, 360, 1.0, cv2.FILLED)
    palm = alpha.copy()
    alpha = cv2.GaussianBlur(alpha, (0, 0), 16)
    alpha[:, 250:] = np.maximum(alpha[:, 250:], np.clip(np.linspace(0, 20, _WIDTH - 250), 0, 1))
    gaps = cv2.GaussianBlur(1 - palm, (0, 0), 9) * 0.5
    light = np.interp(np.arange(_WIDTH), (0, 200, 420, _WIDTH), (0.62, 0.45, 0.2, 0.12))
    fade = np.linspace(0.75, 1.15, height)[:, None]
    tone = np.array((70, 92, 165), np.float32)  # skin with the light behind it
    colour = tone * (light * fade * (1 - gaps) * alpha)[..., None]
    return np.clip(colour, 0, 255).astype(np.uint8), cv2.merge([alpha.astype(np.float32)] * 3)
