"""What the view allows: brightness, sharpness, contrast, and whether the lens is dark or covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.core import Lens, Quality

if TYPE_CHECKING:
    from fer_edge.core import Image

DARK_LEVEL = 0.06
"""Mean level of the whole picture under which nothing can be told (a black picture has noise up to here)."""
COVERED_CONTRAST = 0.035
"""Standard deviation of levels under which a picture shows no scene: a hand or tape on the lens."""
SHARP_LAPLACIAN = 12.0
"""Laplacian standard deviation, grey levels, at which sharpness reads 0.5."""


def measure(grey: Image) -> Quality:
    """The quality of a piece of picture, (height, width) uint8."""
    mean, deviation = (float(v[0, 0]) for v in cv2.meanStdDev(grey))
    edges = float(cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))[1][0, 0])
    return Quality(
        brightness=mean / 255,
        sharpness=edges / (edges + SHARP_LAPLACIAN),
        contrast=min(1.0, deviation / 128),
        saturated=float(np.count_nonzero(grey >= 250)) / grey.size,
    )


def lens(grey: Image) -> Lens:
    """What the whole picture says of the lens, from means of blocks of about 16 by 16 pixels.

    The means take the sensor's noise away: a covered lens is noise without a scene. They are taken
    in four halvings, because averaging by a broken ratio costs sixty times as much on a large picture.
    """
    small = grey
    for _ in range(4):
        if min(small.shape[:2]) < 16:
            break
        even = small[: small.shape[0] // 2 * 2, : small.shape[1] // 2 * 2]
        small = cv2.resize(even, (even.shape[1] // 2, even.shape[0] // 2), interpolation=cv2.INTER_AREA)
    mean, deviation = (float(v[0, 0]) for v in cv2.meanStdDev(small))
    if mean / 255 < DARK_LEVEL:
        return Lens.DARK
    return Lens.COVERED if deviation / 255 < COVERED_CONTRAST else Lens.CLEAR
