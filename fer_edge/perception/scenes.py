"""Whether a frame shows another scene than the last: a recording was cut, or the camera was moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_edge.core import Image

SAME = 0.4
"""Correlation of two frames' levels under which they show different scenes. From one frame to the next eight clips
never fell below 0.89; of the 28 pairs of different clips three are above 0.4."""
FLAT = 6.0
"""Standard deviation of levels under which a picture is dark or covered, and shows no scene."""
_COLUMNS, _ROWS = 32, 24


class Scenes:
    """Compares each frame with the last one that showed a scene, by a few hundred of its pixels."""

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._places: tuple[tuple[int, ...], tuple[NDArray[np.int_], ...]] = ((), ())

    def cut(self, grey: Image) -> bool:
        """Whether this (height, width) uint8 frame shows another scene; False where it shows none."""
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
        last, self._last = self._last, levels
        return last is not None and float(last @ levels) < SAME
