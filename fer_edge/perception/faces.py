"""Face finders that come from OpenCV: the Haar cascade of old, and YuNet by path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.core import Box, Face
from fer_edge.errors import ModelError

if TYPE_CHECKING:
    from fer_edge.core import FaceFinder, Image
    from fer_edge.settings.perception import HaarDetector, PerceptionSettings, YuNetDetector


def make_finder(settings: PerceptionSettings) -> FaceFinder:
    """The face finder that the configuration names."""
    detector = settings.detector
    match detector.kind:
        case "tiny":
            from fer_edge.perception.detector import Tiny

            return Tiny(detector, runtime=settings.runtime, threads=settings.threads)
        case "haar":
            return Haar(detector, settings.min_face)
        case "yunet":
            return YuNet(detector)


class Haar:
    """OpenCV's boosted cascade (Viola and Jones 2001): frontal faces, no points.

    The score is the cascade's last-stage weight w as w / (w + 4), which orders faces but is no
    probability.
    """

    def __init__(self, settings: HaarDetector, min_face: int = 32) -> None:
        path = settings.cascade or str(Path(cv2.__path__[0]) / "data" / "haarcascade_frontalface_default.xml")
        _check_readable(path, "perception.detector.cascade")
        try:
            self._cascade = cv2.CascadeClassifier(path)
        except (cv2.error, SystemError):
            raise ModelError(f"{path}: not a Haar cascade; correct perception.detector.cascade") from None
        if self._cascade.empty():
            raise ModelError(f"{path}: not a Haar cascade; correct perception.detector.cascade")
        self._settings = settings
        self._min_face = min_face

    def find(self, grey: Image, colour: Image | None = None) -> Sequence[Face]:
        """Every face, best first, in pixels of the picture."""
        small, scale = _narrowed(grey, self._settings.width)
        least = max(20, int(self._min_face * scale))
        boxes, _, weights = self._cascade.detectMultiScale3(
            small,
            scaleFactor=self._settings.scale_factor,
            minNeighbors=self._settings.min_neighbours,
            minSize=(least, least),
            outputRejectLevels=True,
        )
        faces = [
            Face(
                Box(*(float(v) / scale for v in box)),
                score=float(max(weight, 0.0) / (max(weight, 0.0) + 4.0)),
            )
            for box, weight in zip(np.reshape(boxes, (-1, 4)), np.ravel(weights), strict=False)
        ]
        return sorted(faces, key=lambda face: -face.score)


class YuNet:
    """YuNet of the OpenCV Zoo (Wu, Peng and Yu 2023), from the user's ONNX file, whose path stands at ``given_by``."""

    def __init__(self, settings: YuNetDetector, given_by: str = "perception.detector.path") -> None:
        _check_readable(settings.path, given_by)
        try:
            self._net = cv2.FaceDetectorYN.create(settings.path, "", (320, 240), settings.score)
        except cv2.error:
            raise ModelError(f"{settings.path}: not a YuNet ONNX model; correct {given_by}") from None
        self._settings = settings

    def find(self, grey: Image, colour: Image | None = None) -> Sequence[Face]:
        """Every face with its five points, best first, in pixels of the picture."""
        picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR) if colour is None else colour
        small, scale = _narrowed(picture, self._settings.width)
        self._net.setInputSize((small.shape[1], small.shape[0]))
        _, rows = self._net.detect(small)
        if rows is None:
            return []
        rows = np.concatenate([rows[:, :14] / scale, rows[:, 14:]], axis=1)
        faces = [
            Face(
                Box(*(float(v) for v in row[:4])),
                score=float(row[14]),
                points=tuple((float(x), float(y)) for x, y in row[4:14].reshape(5, 2)),
            )
            for row in rows
        ]
        return sorted(faces, key=lambda face: -face.score)


def _check_readable(path: str, setting: str) -> None:
    """OpenCV itself does not say why it could not read a file."""
    try:
        Path(path).open("rb").close()
    except (OSError, ValueError) as fault:
        why = getattr(fault, "strerror", None) or fault
        raise ModelError(f"{path}: cannot be read ({why}); correct {setting}") from None


def _narrowed(picture: Image, width: int) -> tuple[Image, float]:
    """The picture at most ``width`` pixels wide, and the scale that took it there."""
    if picture.shape[1] <= width:
        return picture, 1.0
    scale = width / picture.shape[1]
    height = max(1, round(picture.shape[0] * scale))
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), scale
