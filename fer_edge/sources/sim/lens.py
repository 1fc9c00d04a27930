"""What the camera makes of the scene: light from one side, infrared, its proportions and its blur."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.sources.sim.marks import STAGE, Floats

if TYPE_CHECKING:
    from fer_edge.core import Image
    from fer_edge.sources.sim.looks import Looks

_LAMP = (320, 190)
"""An infrared lamp beside the camera lights what is near the middle."""


def seen_by_camera(picture: Image, looks: Looks) -> Image:
    """The (480, 640, 3) BGR picture in this person's light, through this camera."""
    if looks.side_light:
        picture = cv2.multiply(picture, _side(round(looks.side_light, 2)), dtype=cv2.CV_8U)
    if looks.infrared:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        picture = cv2.cvtColor(cv2.multiply(grey, _lamp(), dtype=cv2.CV_8U), cv2.COLOR_GRAY2BGR)
    if looks.narrow != 1.0:
        motion = np.array([[looks.narrow, 0, 320 * (1 - looks.narrow)], [0, 1, 0]], np.float32)
        picture = cv2.warpAffine(picture, motion, STAGE, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if looks.blur:
        picture = cv2.GaussianBlur(picture, (0, 0), looks.blur)
    return picture


@lru_cache(maxsize=8)
def _side(light: float) -> Floats:
    """Factors of a light from one side: the other half of the face lies in shadow."""
    x = np.linspace(-1, 1, STAGE[0], dtype=np.float32) * 2.2
    factors = 1 - abs(light) * 0.8 / (1 + np.exp(np.sign(light) * 4 * x))
    return np.ascontiguousarray(np.broadcast_to(factors[None, :, None], (STAGE[1], STAGE[0], 3)).astype(np.float32))


@lru_cache(maxsize=1)
def _lamp() -> Floats:
    y, x = np.mgrid[0 : STAGE[1], 0 : STAGE[0]].astype(np.float32)
    near = np.exp(-(((x - _LAMP[0]) / 190) ** 2 + ((y - _LAMP[1]) / 200) ** 2))
    factors: Floats = (0.12 + 1.0 * near).astype(np.float32)
    return factors
