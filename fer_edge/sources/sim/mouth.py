"""A mouth that closes over its smile, talks and yawns, with the jaw going down."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.sources.sim.marks import CHIN_Y, LOWER_LIP, MOUTH_CENTRE_X, NOSE_BASE_Y, UPPER_LIP, Floats, heights
from fer_edge.sources.sim.portrait import blend

if TYPE_CHECKING:
    from fer_edge.core import Image

STEPS = 24
"""``mouth`` is drawn in so many steps, ``smile`` in a third of them; each picture is made once."""
_LINE_Y = 259.0
"""Where the lips meet in a calm face."""
_JAW = 46.0
"""Pixels the lower lip goes down in a full yawn: a third of the face below the eyes."""
_TUCK = 2.5
"""Pixels of each lip that are turned inwards when it is shut, or specks of teeth would show between."""
_HALF_WIDTH = 37.5
"""Half the width of the smiling mouth, pixels."""


class Mouth:
    """The lower face of the portrait at any opening and smile, as BGR with alpha."""

    left, right, top, bottom = 236, 404, 200, 376

    def __init__(self, stage: Image, alpha: Image) -> None:
        self._source = cv2.merge([*cv2.split(stage), alpha])
        self._calm = self._without_folds(stage, alpha)
        self._x = np.arange(self.left, self.right, dtype=np.float32)
        self._y = np.arange(self.top, self.bottom, dtype=np.float32)[:, None]
        self._kept = lru_cache(maxsize=48)(self._draw)

    @property
    def place(self) -> tuple[slice, slice]:
        """Rows and columns of the stage that a patch covers."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def patch(self, mouth: float, smile: float) -> Image:
        """(height, width, 4) BGRA, colours times alpha, for an opening and a smile of 0 to 1."""
        return self._kept(round(mouth * STEPS), round(smile * STEPS / 3))

    def _draw(self, mouth_step: int, smile_step: int) -> Image:
        mouth, smile = mouth_step / STEPS, smile_step * 3 / STEPS
        columns = self._source_columns(mouth, smile)
        x = columns[-1]
        upper, lower = heights(UPPER_LIP, x), heights(LOWER_LIP, x)
        from_centre = np.abs(x - MOUTH_CENTRE_X)
        across = np.clip(from_centre / _HALF_WIDTH, 0, 1)
        arch = np.sqrt(1 - across**2)  # an open mouth is an oval between its corners
        tuck = _TUCK * (1 - smile) * np.clip((1.05 - across) * 8, 0, 1)
        upper, lower = upper - tuck, lower + tuck
        middle = (upper + lower) / 2
        near = np.exp(-((np.maximum(from_centre - _HALF_WIDTH, 0) / 26.0) ** 2))  # cheeks stay
        line = middle + near * (_LINE_Y + 7.0 * across**2 - middle)
        new_upper = line + smile * (upper - line) - 9.0 * mouth * arch
        new_lower = line + smile * (lower - line) + _JAW * mouth * arch
        new_lower = np.maximum(new_lower, new_upper)
        jaw = _JAW * mouth * np.exp(-(((x - MOUTH_CENTRE_X) / 74.0) ** 4))
        rows = self._source_rows(upper, lower, new_upper, new_lower, 0.85 * jaw)
        face = self._remap(self._source, columns, rows) * smile + self._remap(self._calm, columns, rows) * (1 - smile)
        inside = self._inside(new_upper, new_lower, mouth, smile)
        return self._fill(face, inside, new_upper, new_lower, least_gap=2 + 9 * smile * (1 - mouth))

    def _source_columns(self, mouth: float, smile: float) -> Floats:
        """A calm or open mouth is narrower than a smile: columns come from further out."""
        narrow = 0.30 * (1 - smile) * (1 - 0.2 * mouth) + 0.10 * mouth * smile
        offset = self._x - MOUTH_CENTRE_X
        far = np.exp(-((offset / 52.0) ** 2)) * np.clip((self._y - self.top) / 40, 0, 1)
        columns: Floats = (self._x + narrow * offset * far).astype(np.float32)
        return columns

    def _source_rows(self, upper: Floats, lower: Floats, new_upper: Floats, new_lower: Floats, jaw: Floats) -> Floats:
        """For each pixel the row of the photograph: above, lip to chin, and below move each their way."""
        y, chin = self._y, CHIN_Y + jaw
        above = NOSE_BASE_Y + (y - NOSE_BASE_Y) * (upper - NOSE_BASE_Y) / np.maximum(new_upper - NOSE_BASE_Y, 1)
        teeth = upper + (y - new_upper) * (lower - upper) / np.maximum(new_lower - new_upper, 0.5)
        below = lower + (y - new_lower) * (CHIN_Y - lower) / np.maximum(chin - new_lower, 1)
        rows = np.where(y < NOSE_BASE_Y, y, np.where(y < new_upper, above, np.where(y < new_lower, teeth, below)))
        return np.where(y > chin, y - jaw, rows).astype(np.float32)

    def _remap(self, picture: Image, columns: Floats, rows: Floats) -> Floats:
        moved: Floats = cv2.remap(picture, columns, rows, cv2.INTER_LINEAR).astype(np.float32)
        return moved

    def _inside(self, upper: Floats, lower: Floats, mouth: float, smile: float) -> Floats:
        """What is seen in the open mouth: upper teeth, the tongue, and the dark behind them (BGR)."""
        y = self._y
        gap = np.maximum(lower - upper, 0.1)
        depth = np.clip((y - upper) / gap, 0, 1)
        shape = (*np.broadcast_shapes(y.shape, upper.shape), 3)
        inside = np.broadcast_to(np.array((28, 22, 58), np.float32), shape).copy()
        across = (self._x - MOUTH_CENTRE_X) / _HALF_WIDTH
        tongue = np.exp(-(((depth - 1.0) / 0.33) ** 2)) * np.clip(1.15 - np.abs(across) * 1.5, 0, 1)
        inside += tongue[..., None] * (np.array((92, 88, 168), np.float32) - inside)
        below_teeth = (y - upper - 6.5 - 1.5 * smile) / 0.9  # they end about 7 px under the lip
        row = 1 / (1 + np.exp(np.clip(below_teeth, -30, 30)))
        teeth = row * np.clip(1.2 - np.abs(across) * 1.55, 0, 1) * min(1.0, 0.35 + mouth)
        gaps = 1 - 0.10 * (np.cos(across * 26) > 0.93)
        inside += (0.88 * teeth)[..., None] * ((np.array((198, 212, 220), np.float32) * gaps[..., None]) - inside)
        shade = 0.75 + 0.25 * np.clip((y - upper) / 5, 0, 1)
        return (inside * shade[..., None]).astype(np.float32)

    def _fill(self, face: Floats, inside: Floats, upper: Floats, lower: Floats, least_gap: float) -> Image:
        """The face with the opening between the lips; below ``least_gap`` the photographed teeth stay."""
        gap = lower - upper
        edge = np.clip(self._y - upper + 0.5, 0, 1) * np.clip(lower - self._y + 0.5, 0, 1)
        share = (edge * np.clip((gap - least_gap) / 4, 0, 1))[..., None]
        face[..., :3] = face[..., :3] * (1 - share) + inside * share
        lips = np.exp(-(((self._y - (upper + lower) / 2) / 1.3) ** 2)) * np.clip(1 - gap / 4, 0, 1)
        across = np.clip(1.15 - np.abs(self._x - MOUTH_CENTRE_X) / (0.85 * _HALF_WIDTH), 0, 0.3) / 0.3
        face[..., :3] *= (1 - 0.42 * lips * across)[..., None]
        face[..., :3] *= face[..., 3:] / 255
        drawn: Image = np.clip(face, 0, 255).astype(np.uint8)
        return drawn

    def _without_folds(self, stage: Image, alpha: Image) -> Image:
        """The photograph with the folds of its smile, from the nose to the mouth's corners, smoothed out."""
        folds = np.zeros(stage.shape[:2], np.uint8)
        for fold in (((290, 226), (270, 240), (265, 256)), ((341, 224), (361, 240), (370, 256))):
            cv2.polylines(folds, [np.array(fold, np.int32)], isClosed=False, color=255, thickness=17)
        filled = cv2.inpaint(stage, folds, 5, cv2.INPAINT_TELEA)
        calm = blend(stage, cv2.GaussianBlur(filled, (0, 0), 1.5), cv2.GaussianBlur(folds, (0, 0), 3))
        merged: Image = cv2.merge([*cv2.split(calm), alpha])
        return merged
