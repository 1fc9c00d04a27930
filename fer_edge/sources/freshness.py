"""Is this camera still looking, or does it send one picture over and over?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fer_edge.core import Image

_STEP = 8
"""Every eighth pixel of every eighth line: 4,800 samples of a 640x480 picture."""
_LEAST_SPREAD = 8
"""Levels between the darkest and the brightest sample. A flatter picture has no detail to compare:
the black of a covered lens is the same in every frame of a camera that works."""


class Freshness:
    """Measures for how long the picture has been exactly the same.

    A sensor's noise changes some pixel in every picture, even of a still scene, so equality to
    the last bit means that the camera repeats itself. Times are in seconds of the frames' clock.
    """

    def __init__(self) -> None:
        self._samples: Image | None = None
        self._since = 0.0

    def same_s(self, image: Image, at: float) -> float:
        """Seconds that the picture has not changed, 0 for a new one or one without detail."""
        if self.repeats(image):
            return at - self._since
        self._samples = _sampled(image).copy()
        self._since = at
        return 0.0

    def repeats(self, image: Image) -> bool:
        """Whether this is the very picture that was last seen."""
        samples = _sampled(image)
        return self._samples is not None and np.array_equal(samples, self._samples) and _has_detail(samples)


def _sampled(image: Image) -> Image:
    samples = image[::_STEP, ::_STEP]
    return samples if image.ndim == 2 else samples[..., 1]  # green carries most of the luma


def _has_detail(samples: Image) -> bool:
    return int(samples.max()) - int(samples.min()) >= _LEAST_SPREAD
