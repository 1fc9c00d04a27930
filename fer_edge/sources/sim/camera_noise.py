"""The noise of a sensor, cheap enough for every frame and different in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.sources.sim.marks import STAGE

if TYPE_CHECKING:
    from fer_edge.core import Image

_SPARE = 97
"""Pixels by which the kept noise is larger than the picture; each frame cuts it out elsewhere."""


class Noise:
    """Adds Gaussian noise of a given spread, the same for the same seed and frame number."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._kept: dict[int, tuple[Image, Image]] = {}

    def on(self, picture: Image, levels: float, number: int) -> Image:
        """``picture`` with noise of ``levels`` standard deviation, rounded to quarters of a level."""
        quarters = round(levels * 4)
        if quarters == 0:
            return picture
        above, below = self._pool(quarters)
        x, y = (number * 31 + self._seed) % _SPARE, (number * 57 + 11) % _SPARE
        place = (slice(y, y + STAGE[1]), slice(x, x + STAGE[0]))
        noisy: Image = cv2.subtract(cv2.add(picture, above[place]), below[place])
        return noisy

    def _pool(self, quarters: int) -> tuple[Image, Image]:
        if quarters not in self._kept:
            rng = np.random.default_rng(self._seed)
            shape = (STAGE[1] + _SPARE, STAGE[0] + _SPARE)
            grain = rng.standard_normal(shape, np.float32) * (quarters / 4)
            colour = rng.standard_normal((*shape, 3), np.float32) * (quarters / 8)
            noise = np.rint(grain[..., None] + colour)
            self._kept = {quarters: (np.clip(noise, 0, 255).astype(np.uint8), np.clip(-noise, 0, 255).astype(np.uint8))}
        return self._kept[quarters]
