"""Eyes and their lids: skin is drawn over a turning eyeball, from above by the lid and from below by the cheek."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.lids import follows_as_seen, lids
from fer_edge.sources.sim.eyeball import Eyeball
from fer_edge.sources.sim.looks import PHOTOGRAPH, Looks
from fer_edge.sources.sim.marks import EyeMarks, Floats, heights

if TYPE_CHECKING:
    from fer_edge.core import Image

STEPS = 24
"""Openness is drawn in so many steps, so that what is often seen is made once and then kept."""
SQUINT_STEPS = 12
GAZE_STEP, BENT_STEP = 1.0, 3.0
"""Gaze is drawn to so many degrees, and how far the head is bent."""
_LASHES = 2.6
"""Pixels: the dark band of lashes and lid edge on a shut eye."""
_CHEEK = 11
"""Pixels below the lower lid within which the skin is pushed up by a squint."""
_WARM = np.array((1.3, 1.1, 0.8), np.float32)
"""Skin in shadow loses blue first."""
_IRIS = 0.165
"""Radius of an iris in widths of the eye: 11.7 mm across in 30 mm, seen a little from the side."""


class Eyelid:
    """One eye of the portrait: open or shut, looking anywhere, narrowed from below."""

    def __init__(self, stage: Image, marks: EyeMarks, looks: Looks = PHOTOGRAPH) -> None:
        xs = [x for x, _ in marks.upper]
        self.left, self.right = int(min(xs)), int(max(xs))
        self.top = int(min(y for _, y in marks.brow)) - 1
        self.bottom = int(max(y for _, y in marks.lower)) + _CHEEK + 1
        self._stage, self._looks = stage, looks
        self._x = np.arange(self.left, self.right, dtype=np.float32)
        self._y = np.arange(self.top, self.bottom, dtype=np.float32)[:, None]
        self._brow = heights(marks.brow, self._x)
        self._crease = heights(marks.crease, self._x)
        # The photograph's lids, and where this person's are at rest.
        self._seen_upper, self._seen_lower = heights(marks.upper, self._x), heights(marks.lower, self._x)
        self._inside = self._taper()
        gap = (self._seen_lower - self._seen_upper) * (looks.eye_height - 1) * self._inside
        self._upper, self._lower = self._seen_upper - 0.75 * gap, self._seen_lower + 0.25 * gap
        corners = self._x[self._seen_lower - self._seen_upper > 0.8]
        width = float(corners[-1] - corners[0])
        inner = 1 if marks.iris[0] < 320 else -1
        self._ball = Eyeball(self._x[None], self._y, marks.iris, width, _IRIS * width, inner, looks)
        self._kept = lru_cache(maxsize=160)(self._draw)

    @property
    def place(self) -> tuple[slice, slice]:
        """Rows and columns of the stage that :attr:`patch` covers."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def patch(
        self,
        openness: float,
        gaze_yaw: float = 0.0,
        gaze_pitch: float = 0.0,
        squint: float = 0.0,
        head_pitch: float = 0.0,
    ) -> Image:
        """(height, width, 3) BGR of the eye kept ``openness`` open, looking so many degrees aside and up.

        ``head_pitch`` is the head's before the camera, degrees: of a bent one the lids are seen from above.
        """
        steps = round(openness * STEPS), round(gaze_yaw / GAZE_STEP), round(gaze_pitch / GAZE_STEP)
        bent = round(-head_pitch / BENT_STEP) if gaze_pitch < 0 else 0
        return self._kept(*steps, round(squint * SQUINT_STEPS), max(bent, 0))

    def _taper(self) -> Floats:
        """1 between the corners of the eye, falling softly to 0 outside, where nothing moves."""
        gap = self._seen_lower - self._seen_upper
        inside = cv2.dilate(np.clip(gap / 1.5, 0, 1).astype(np.float32)[None], np.ones((1, 3), np.uint8))
        soft: Floats = cv2.GaussianBlur(inside, (0, 0), 1.6)[0]
        return soft

    def _draw(self, open_step: int, yaw_step: int, pitch_step: int, squint_step: int, bent_step: int) -> Image:
        openness, squint = open_step / STEPS, squint_step / SQUINT_STEPS
        gaze_yaw, gaze_pitch = yaw_step * GAZE_STEP, pitch_step * GAZE_STEP
        follows = follows_as_seen(self._looks.follows, -bent_step * BENT_STEP)
        stand = lids(openness, gaze_pitch, squint, follows)
        gap = (self._lower - self._upper) * self._inside
        # Lids that meet leave the line of the lashes, which lies on the lower one.
        upper = self._upper + stand.upper * np.maximum(gap - 1.5 * self._inside * (1 - openness), 0)
        lower = np.maximum(self._lower + (stand.lower - 1) * gap, upper)
        down = np.clip((upper - self._upper) / np.maximum(gap, 1), 0, 1) * self._inside
        drawn = self._skin_above(upper, down)
        drawn = self._put_eye(drawn, upper, lower, down, self._ball.draw(gaze_yaw, gaze_pitch))
        drawn = self._skin_below(drawn, lower, squint)
        image: Image = np.clip(drawn, 0, 255).astype(np.uint8)
        return image

    def _skin_above(self, edge: Floats, down: Floats) -> Floats:
        """Brow, lid and lashes, drawn to the lid's edge."""
        crease = self._upper - (self._seen_upper - self._crease) * (0.25 + 0.75 * self._looks.crease)
        skin_end = crease + down * np.maximum(edge - _LASHES - crease, 0)
        skin = (self._y - self._brow) / np.maximum(skin_end - self._brow, 0.5)
        band = (self._y - skin_end) / np.maximum(edge - skin_end, 0.5)
        from_skin = self._brow + skin * (self._crease - self._brow)
        from_band = self._crease + np.clip(band, 0, 1.3) * (self._seen_upper - self._crease)
        rows = np.where(self._y < self._brow, self._y, np.where(self._y < skin_end, from_skin, from_band))
        lid = self._remap(rows)
        brow = (
            self._looks.brow * np.exp(-(((self._y - self._brow + 1.5) / 2.6) ** 2)) * np.clip(self._inside + 0.4, 0, 1)
        )
        drawn: Floats = lid * self._shading(edge, down) * (1 - 0.8 * brow)[..., None]
        return drawn

    def _shading(self, edge: Floats, down: Floats) -> Floats:
        """A fold where the crease was, and lashes that grow dense as the lid comes down."""
        fold = 0.12 * np.exp(-(((self._y - self._crease - 1) / 1.8) ** 2)) * down
        band = np.exp(-(((self._y - edge + 0.6) / 1.4) ** 2)) * self._inside
        lashes = np.clip(self._looks.lashes * (0.27 * down + 0.09), 0, 0.8) * band
        shading: Floats = (1 - lashes[..., None] - fold[..., None] * _WARM).astype(np.float32)
        return np.clip(shading, 0, 1)

    def _put_eye(self, drawn: Floats, upper: Floats, lower: Floats, down: Floats, eye: Floats) -> Floats:
        """The eyeball where the lids leave it to be seen, in the upper lid's shadow."""
        below = np.clip(self._y - upper + 0.5, 0, 1)
        open_ = below * np.clip(lower - self._y + 0.5, 0, 1) * np.clip((lower - upper) / 1.2, 0, 1)
        shadow = 1 - (0.3 + 0.2 * down) * np.exp(-(((self._y - upper) / 2.0) ** 2))
        share = (open_ * np.clip(self._inside * 1.5, 0, 1))[..., None]
        outside = self._stage[self.place].astype(np.float32)
        rest = drawn * (1 - below)[..., None] + outside * below[..., None]
        seen: Floats = rest * (1 - share) + eye * shadow[..., None] * share
        return seen

    def _skin_below(self, drawn: Floats, lower: Floats, squint: float) -> Floats:
        """The lower lid and the cheek, pushed up with a fold under the eye."""
        end = self._lower + _CHEEK
        share = (self._y - lower) / np.maximum(end - lower, 0.5)
        rows = np.where(self._y > end, self._y, self._seen_lower + share * (end - self._seen_lower))
        skin = self._remap(rows)
        fold = 0.2 * squint * np.exp(-(((self._y - lower - 4.6) / 1.7) ** 2)) * self._inside
        bulge = 0.12 * squint * np.exp(-(((self._y - lower - 2.0) / 1.4) ** 2)) * self._inside
        below = np.clip(self._y - lower + 0.5, 0, 1)[..., None]
        whole: Floats = drawn * (1 - below) + skin * (1 + bulge[..., None] - fold[..., None] * _WARM) * below
        return whole

    def _remap(self, rows: Floats) -> Floats:
        columns = np.broadcast_to(self._x, rows.shape).astype(np.float32)
        moved = cv2.remap(
            self._stage, columns, rows.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        result: Floats = moved.astype(np.float32)
        return result
