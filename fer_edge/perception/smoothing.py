"""Points steadied in time without lagging behind quick movements."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_edge.core import Points

CUTOFF_HZ = 2.0
"""What is let through of a face at rest, Hz."""
QUICKER = 25.0
"""Hz more for every face size per second of movement."""
SPEED_HZ = 3.0
"""How quickly a change of speed is believed, Hz."""
FORGET_S = 0.4
"""A gap after which earlier points say nothing, seconds."""


class Smoother:
    """The One Euro filter (Casiez, Roussel and Vogel 2012) on all points at once.

    Each point has its own speed, so lids and lips move at once while the nose is held steady.
    """

    def __init__(self) -> None:
        self._points: NDArray[np.float64] | None = None
        self._speed: NDArray[np.float64] | None = None
        self._at = 0.0

    def steady(self, points: Points, at: float, size: float) -> Points:
        """Points (n, 2) at a time in seconds, for a face of a size in pixels."""
        gap = at - self._at
        if self._points is None or self._speed is None or not 0 < gap < FORGET_S:
            self._points, self._speed = points.astype(np.float64), np.zeros(points.shape)
            self._at = at
            return points
        self._at = at
        speed = (points - self._points) / gap
        self._speed = self._speed + _share(SPEED_HZ, gap) * (speed - self._speed)
        pace = np.hypot(self._speed[:, 0], self._speed[:, 1]) / max(size, 1.0)
        followed = 1 / (1 + 1 / (2 * math.pi * gap * (CUTOFF_HZ + QUICKER * pace)))
        self._points = self._points + followed[:, None] * (points - self._points)
        steadied: Points = self._points.astype(np.float32)
        return steadied

    def forget(self) -> None:
        """Start afresh with the next points."""
        self._points = None


def _share(cutoff_hz: float, gap_s: float) -> float:
    """How much of the difference a first-order filter takes in one step."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff_hz * gap_s))
