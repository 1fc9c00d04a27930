"""Eyes that close: the skin of the upper lid is drawn down over the eyeball, lashes first."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.sources.sim.marks import EyeMarks, Floats, heights

if TYPE_CHECKING:
    from fer_edge.core import Image

STEPS = 24
"""Openness is drawn in so many steps, so that each is made once and then kept."""
_LASHES = 2.6
"""Pixels: the dark band of lashes and lid edge on a shut eye."""


class Eyelid:
    """One eye of the portrait, drawn at any openness."""

    def __init__(self, stage: Image, marks: EyeMarks) -> None:
        xs = [x for x, _ in marks.upper]
        self.left, self.right = int(min(xs)), int(max(xs))
        self.top = int(min(y for _, y in marks.brow)) - 1
        self.bottom = int(max(y for _, y in marks.lower)) + 8
        self._stage = stage
        self._x = np.arange(self.left, self.right, dtype=np.float32)
        self._y = np.arange(self.top, self.bottom, dtype=np.float32)[:, None]
        self._brow = heights(marks.brow, self._x)
        self._crease = heights(marks.crease, self._x)
        self._upper = heights(marks.upper, self._x)
        self._lower = heights(marks.lower, self._x)
        self._inside = self._taper()
        self.patch = lru_cache(maxsize=STEPS + 1)(self._draw)

    @property
    def place(self) -> tuple[slice, slice]:
        """Rows and columns of the stage that :attr:`patch` covers."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def _taper(self) -> Floats:
        """1 between the corners of the eye, falling softly to 0 outside, where nothing moves."""
        gap = self._lower - self._upper
        inside = cv2.dilate(np.clip(gap / 1.5, 0, 1).astype(np.float32)[None], np.ones((1, 3), np.uint8))
        soft: Floats = cv2.GaussianBlur(inside, (0, 0), 1.6)[0]
        return soft

    def _draw(self, step: int) -> Image:
        """The patch at openness ``step / STEPS``."""
        shut = (1.0 - step / STEPS) * self._inside
        rest = self._lower - 1.5  # the lower lid rises a little, too
        edge = self._upper + shut * np.maximum(rest - self._upper, 0)
        skin_end = self._crease + shut * np.maximum(edge - _LASHES - self._crease, 0)
        rows = self._source_rows(edge, skin_end)
        columns = np.broadcast_to(self._x, rows.shape).astype(np.float32)
        lid = cv2.remap(self._stage, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        eye = self._stage[self.place].astype(np.float32)
        below = np.clip(self._y - edge + 0.5, 0, 1)
        shadow = 1 - 0.35 * np.exp(-(((self._y - edge) / 1.6) ** 2)) * shut  # the lid shades the eyeball
        shading = self._shading(edge, shut)
        mixed = lid * (1 - below)[..., None] * shading + eye * (below * shadow)[..., None]
        drawn: Image = np.clip(mixed, 0, 255).astype(np.uint8)
        return drawn

    def _source_rows(self, edge: Floats, skin_end: Floats) -> Floats:
        """For each pixel above the lid's edge the row of the photograph it comes from.

        Brow to crease is skin and stretches; crease to edge is the dark band and is pressed together.
        """
        skin = (self._y - self._brow) / np.maximum(skin_end - self._brow, 0.5)
        band = (self._y - skin_end) / np.maximum(edge - skin_end, 0.5)
        from_skin = self._brow + skin * (self._crease - self._brow)
        from_band = self._crease + np.clip(band, 0, 1.3) * (self._upper - self._crease)
        rows = np.where(self._y < self._brow, self._y, np.where(self._y < skin_end, from_skin, from_band))
        return rows.astype(np.float32)

    def _shading(self, edge: Floats, shut: Floats) -> Floats:
        """A fold where the crease was, and lashes that grow dense as the lid comes down."""
        fold = 0.12 * np.exp(-(((self._y - self._crease - 1) / 1.8) ** 2)) * shut
        lashes = 0.35 * np.exp(-(((self._y - edge + 0.6) / 1.4) ** 2)) * shut
        warm = np.array((1.3, 1.1, 0.8), np.float32)  # skin in shadow loses blue first
        shading: Floats = (1 - lashes[..., None] - fold[..., None] * warm).astype(np.float32)
        return shading
