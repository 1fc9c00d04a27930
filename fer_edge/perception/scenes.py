"""Whether a frame shows another scene than the last: a recording was cut, or the camera was moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_edge.core import Image

SAME = 0.4
"""Correlation of two frames' levels under which they show different scenes. From one frame to the next fourteen clips
never fell below 0.75; of the 91 pairs of fourteen different clips five are above 0.4."""
AFTER_S = 0.09
"""Frames further apart, seconds, say nothing of a cut: what moves in 0.2 s takes a clip down to 0.3, in 1 s to 0."""
FLAT = 6.0
"""Standard deviation of levels under which a picture is dark or covered, and shows no scene."""
_COLUMNS, _ROWS = 32, 24


class Scenes:
    """Compares each frame with the one just before, by a few hundred of its pixels."""

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._at = float("-inf")
        self._places: tuple[tuple[int, ...], tuple[NDArray[np.int_], ...]] = ((), ())

    def cut(self, grey: Image, at: float) -> bool:
        """Whether this (height, width) uint8 frame at ``at`` seconds shows another scene; False where it shows none."""
        if grey.shape != self._places[0]:
            rows, columns = (
                (np.arange(count) * 2 + 1) * side // (2 * count)
                for side, count in zip(grey.shape, (_ROWS, _COLUMNS), strict=True)
            )
            self._places = (grey.shape, np.ix_(rows, columns))
        levels = grey[self._places[1]].astype(np.float32).ravel()
        levels -= levels.mean()
        spread = float(np.sqrt(levels @ levels))
        if spread < FLAT * np.sqrt(levels.size):
            return False
        levels /= spread
        (last, self._last), (before, self._at) = (self._last, levels), (self._at, at)
        return last is not None and 0 <= at - before <= AFTER_S and float(last @ levels) < SAME
