"""Which way the head points, from the points of the face.

The average solid face (``models/mean_face.json``, made by ``fer-edge-convert mean-face``)
is fitted to the points under a distant camera: one small matrix product, no iteration.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_edge.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_edge.core import Points

    Vector = Sequence[float]
    Fit = tuple[NDArray[np.intp], NDArray[np.float64]]

MEAN_FACE = Path(__file__).parent.parent / "models" / "mean_face.json"
"""The average face: 68 points (x to the picture's right, y down, z towards the camera)."""
WEIGHTS = {27: 1.0, 28: 1.0, 29: 1.0, 30: 1.0, 31: 1.0, 33: 1.0, 35: 1.0, 36: 1.5, 39: 1.5, 42: 1.5, 45: 1.5} | {
    17: 0.4, 21: 0.4, 22: 0.4, 26: 0.4, 48: 0.4, 51: 0.4, 54: 0.4
}  # fmt: skip
"""How much each point says of the head: bone most, brows and lips little, jaw (which slides) nothing."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees against the camera: yaw towards the person's own left, pitch up, roll towards the own right shoulder."""

    yaw: float
    pitch: float
    roll: float


def estimate(points: Points, shape: Fit | None = None) -> Pose | None:
    """The pose of (68, 2) points in pixels; None where they make no face.

    ``shape`` is another solid face's :func:`fit`, instead of the average one's.
    """
    chosen, inverse = shape or _average()
    columns = (inverse @ points[chosen]).T.tolist()
    first, second = columns[0][:3], columns[1][:3]
    long, short = math.hypot(*first), math.hypot(*second)
    if not (math.isfinite(long) and math.isfinite(short)) or min(long, short) < 0.3 * max(long, short, 1e-6):
        return None
    across, down = _square([v / long for v in first], [v / short for v in second])
    ahead = _cross(across, down)
    # The nose points along the third column of the rotation (across, down, ahead).
    nose = (across[2], down[2], ahead[2])
    flat = max(math.hypot(nose[0], nose[2]), 1e-9)
    # What is left of the turn once yaw and pitch are taken out is the tilt of the eyes' line.
    level = (nose[2] / flat, 0.0, -nose[0] / flat)
    eyes = (across[0], down[0], ahead[0])
    tilt = math.atan2(_dot(eyes, _cross(nose, level)), _dot(eyes, level))
    return Pose(
        yaw=math.degrees(math.atan2(nose[0], nose[2])),
        pitch=math.degrees(math.atan2(-nose[1], flat)),
        roll=-math.degrees(tilt),
    )


def _square(first: Vector, second: Vector) -> tuple[Vector, Vector]:
    """The nearest pair of unit vectors at right angles: the error is shared by both."""
    half = [a + b for a, b in zip(first, second, strict=True)]
    other = [a - b for a, b in zip(first, second, strict=True)]
    long, short = (math.sqrt(2) * max(math.hypot(*v), 1e-9) for v in (half, other))
    pairs = [(a / long, b / short) for a, b in zip(half, other, strict=True)]
    return [a + b for a, b in pairs], [a - b for a, b in pairs]


def _cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def fit(solid: NDArray[np.float64]) -> Fit:
    """For a solid face (68, 3): the points used, and the (4, n) matrix from them to camera rows and offset."""
    chosen = np.array(sorted(WEIGHTS), dtype=np.intp)
    weight = np.sqrt(np.array([WEIGHTS[int(n)] for n in chosen]))
    known = np.hstack([solid[chosen], np.ones((len(chosen), 1))])
    return chosen, np.linalg.pinv(known * weight[:, None]) * weight


@cache
def _average() -> Fit:
    try:
        return fit(np.array(json.loads(MEAN_FACE.read_text("utf-8"))["points"]))
    except (OSError, ValueError, KeyError) as fault:
        raise ModelError(f"{MEAN_FACE}: cannot be read ({fault}); reinstall fer-edge") from None
