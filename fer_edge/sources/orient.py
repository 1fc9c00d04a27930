"""Turning, mirroring and cutting the picture, before anything looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.core import Frame

if TYPE_CHECKING:
    from fer_edge.core import Image
    from fer_edge.settings import CameraSettings
    from fer_edge.sources.picture import Picture

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_LEAST = 16
"""Pixels: a region of interest never becomes smaller than this on a side."""


@dataclass(frozen=True, slots=True)
class Orient:
    """Turn clockwise by ``rotation`` degrees, then mirror, then cut out ``roi``.

    ``roi`` is left, top, width, height as shares (0 to 1) of the turned picture. Coordinates of
    everything found later are pixels of the picture that comes out of here.
    """

    rotation: int = 0
    mirror: bool = False
    roi: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)

    @classmethod
    def of(cls, camera: CameraSettings) -> Orient:
        """As the configuration asks."""
        return cls(camera.rotation, camera.mirror, camera.roi)

    def __call__(self, image: Image) -> Image:
        """The picture as it is to be looked at; the very same array where nothing is asked."""
        if self.rotation:
            image = cv2.rotate(image, _TURNS[self.rotation])
        if self.mirror:
            image = cv2.flip(image, 1)
        if self.roi != (0.0, 0.0, 1.0, 1.0):
            image = self._cut(image)
        return image

    def frame(self, picture: Picture, at: float, number: int) -> Frame:
        """The frame of a picture taken at ``at``; its colours are turned and cut as its luma when they are asked for.

        The camera's own JPEG goes on only where nothing is turned or cut: it shows all that the camera saw.
        """
        packed = picture.colour
        colour = (lambda shrink: self(packed(shrink))) if packed else None
        return Frame(self(picture.image), at, number, colour, picture.jpeg if self == Orient() else None)

    def _cut(self, image: Image) -> Image:
        height, width = image.shape[:2]
        left, top, share_x, share_y = self.roi
        x = min(round(left * width), width - _LEAST)
        y = min(round(top * height), height - _LEAST)
        right = min(max(round((left + share_x) * width), x + _LEAST), width)
        bottom = min(max(round((top + share_y) * height), y + _LEAST), height)
        return np.ascontiguousarray(image[max(y, 0) : bottom, max(x, 0) : right])
