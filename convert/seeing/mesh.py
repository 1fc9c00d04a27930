"""MediaPipe's face mesh: 478 points of a face, and how shut its eyes are, out of a ``face_landmarker.task``."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from convert.errors import ModelError
from convert.tflite import interpreter
from fer_edge.perception import shape, warp

SIDE = 256
"""Side of the mesh's picture in pixels."""
POINTS, SKIN = 478, 468
"""Points of the mesh; those after the first 468 are the irises'."""
CORNERS = (33, 263)
"""Outer corners of the person's right and left eye."""
LIDS = ((159, 145, 33, 133), (386, 374, 362, 263))
"""Upper lid, lower lid and the corners of the right and left eye."""
BLINKS = (10, 9)
"""eyeBlinkRight and eyeBlinkLeft among the 52 blendshapes."""
ASKED = (
    *(0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80),
    *(81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153),
    *(154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249),
    *(251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314),
    *(317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382),
    *(384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, *range(468, 478)),
)
"""The points that the blendshape network takes."""
HOPE = 0.1
"""Probability of a face from which a second, closer look is worth it."""


@dataclass(frozen=True)
class Answer:
    """The mesh's points in the picture and in its mirror image, each (478, 2) in its own pixels, and of the right and
    left eye closure and gap in eye widths."""

    points: np.ndarray
    mirrored: np.ndarray
    closures: np.ndarray
    gaps: np.ndarray
    sure: float


class _Look(NamedTuple):
    """What is said of one picture."""

    points: np.ndarray
    closures: np.ndarray
    gaps: np.ndarray
    sure: float


class Mesh:
    """The two networks of a ``face_landmarker.task``. Raises ModelError where they are not in it."""

    def __init__(self, task: Path) -> None:
        try:
            with zipfile.ZipFile(task) as parts:
                found = [parts.read(f"face_{name}.tflite") for name in ("landmarks_detector", "blendshapes")]
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            why = getattr(error, "strerror", None) or error
            raise ModelError(f"{task}: not MediaPipe's face landmarker ({why})") from None
        self._mesh, self._blends = map(interpreter, found)
        outputs = {tuple(given["shape"]): given["index"] for given in self._mesh.get_output_details()}
        asked = [made.get_input_details()[0] for made in (self._mesh, self._blends)]
        try:
            self._points, self._score = outputs[1, 1, 1, 3 * POINTS], outputs[1, 1, 1, 1]
        except KeyError:
            raise ModelError(f"{task}: another face landmarker: its mesh gives {list(outputs)}") from None
        if [tuple(one["shape"]) for one in asked] != [(1, SIDE, SIDE, 3), (1, len(ASKED), 2)]:
            raise ModelError(f"{task}: another face landmarker: it takes {[one['shape'].tolist() for one in asked]}")
        self._picture, self._shape = (one["index"] for one in asked)
        self._blend = self._blends.get_output_details()[0]["index"]

    def __call__(self, grey: np.ndarray, region: shape.Region) -> Answer:
        """The face in a region of a picture: what is said of it and of its mirror image, the lower certainty."""
        (x, y), side, angle = region
        own = self._once(grey, region)
        other = self._once(np.ascontiguousarray(grey[:, ::-1]), ((grey.shape[1] - 1 - x, y), side, -angle))
        return Answer(
            own.points,
            other.points,
            (own.closures + other.closures[::-1]) / 2,
            (own.gaps + other.gaps[::-1]) / 2,
            min(own.sure, other.sure),
        )

    def _once(self, grey: np.ndarray, region: shape.Region) -> _Look:
        points, sure = self._look(grey, region)
        if sure >= HOPE:
            points, sure = self._look(grey, _closer(points))
        self._blends.set_tensor(self._shape, points[None, list(ASKED)])
        self._blends.invoke()
        closures = self._blends.get_tensor(self._blend).ravel()[list(BLINKS)]
        gaps = [_apart(points, up, low) / max(_apart(points, *corners), 1e-6) for up, low, *corners in LIDS]
        return _Look(points, closures, np.array(gaps), sure)

    def _look(self, grey: np.ndarray, region: shape.Region) -> tuple[np.ndarray, float]:
        """The points (478, 2) float32 in the picture, and how sure it is that there is a face."""
        matrix = warp.upright(*region, SIDE)
        crop = cv2.warpAffine(grey, matrix, (SIDE, SIDE))
        self._mesh.set_tensor(self._picture, np.repeat(crop[None, ..., None], 3, axis=3).astype(np.float32) / 255)
        self._mesh.invoke()
        found = self._mesh.get_tensor(self._points).reshape(POINTS, 3)[:, :2]
        back = cv2.invertAffineTransform(matrix)
        score = float(self._mesh.get_tensor(self._score).item())
        return (found @ back[:, :2].T + back[:, 2]).astype(np.float32), 1 / (1 + np.exp(-score))


def _apart(points: np.ndarray, first: int, second: int) -> float:
    return float(np.hypot(*(points[first] - points[second])))


def _closer(points: np.ndarray) -> shape.Region:
    """The square in which MediaPipe looks for a face whose points are known."""
    across, down = points[CORNERS[1]] - points[CORNERS[0]]
    angle = float(np.arctan2(down, across))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    along = points[:SKIN] @ turn
    low, high = along.min(axis=0), along.max(axis=0)
    x, y = turn @ (low + high) / 2
    return (float(x), float(y)), 1.5 * float((high - low).max()), float(np.degrees(angle))
