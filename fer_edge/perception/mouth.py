"""Whether the mouth is wide open: a small network on its picture, joined with the gap of the lips."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.core import Box
from fer_edge.errors import ModelError
from fer_edge.perception import shape, warp
from fer_edge.perception.interpreter import Model, shipped

if TYPE_CHECKING:
    from fer_edge.core import Image, Points
    from fer_edge.perception.pose import Pose
    from fer_edge.perception.shape import Region

MOST_YAW = 67.0
"""Head turns beyond this show no mouth, degrees."""
MOST_CUT_OFF = 0.25
"""Share of a mouth's square that may lie outside of the picture: a face too near has its mouth below the edge, and
its points are then drawn together inside, wide apart."""
LEAST_SIDE = 10.0
"""A mouth's square under this many pixels holds no lips."""
VISIBLE = 0.35
"""The network's own probability that there is a mouth to judge."""
WIDE_RATIO, RATIO_SPREAD = 0.42, 0.05
"""Gap over width at which the lips alone say wide open as likely as not, and how sharply it turns."""
WIDE_LEVEL, SHARPNESS = 0.9, 1.5
"""The network's output that means wide open as likely as not, and how sharply it turns. A mouth held open in
talk or song reaches 0.93, a yawn 0.96 and more."""
SHAPE_SHARE, SHAPE_LEAST, SHAPE_MOST = 0.15, -2.0, 4.0
"""How much the gap of the lips adds to the picture of the mouth, and its limits: in a head turned far
the points of a wide mouth come out too close, so they may not outvote the picture."""


class MouthReader:
    """Judges the mouth of a face whose points are known."""

    def __init__(self, path: Path | None = None, *, runtime: str = "auto", threads: int = 1) -> None:
        self.model = Model(path or shipped("mouth"), task="mouth", runtime=runtime, threads=threads)
        if self.model.output_sizes != [2]:
            raise ModelError(f"{self.model.path}: gives {self.model.output_sizes} values; a mouth needs 2")

    def read(self, grey: Image, points: Points, pose: Pose) -> float | None:
        """Probability that the mouth is wide open; None where it is covered or turned away."""
        region = shape.mouth_region(points)
        if abs(pose.yaw) > MOST_YAW or region[1] < LEAST_SIDE or _cut_off(region, grey) > MOST_CUT_OFF:
            return None
        size = self.model.size[0]
        piece = warp.cut(grey, warp.upright(*region, size), size)
        wide, visible = (float(v) for v in self.model.run(warp.standardise(piece))[0])
        if visible < VISIBLE:
            return None
        by_shape = (shape.mouth_aspect_ratio(points) - WIDE_RATIO) / RATIO_SPREAD
        by_picture = SHARPNESS * (_logit(wide) - _logit(WIDE_LEVEL))
        joined = by_picture + SHAPE_SHARE * max(SHAPE_LEAST, min(SHAPE_MOST, by_shape))
        return 1 / (1 + math.exp(-joined))


def _cut_off(region: Region, grey: Image) -> float:
    """The share of a square that lies outside of the picture, its turn left out of account."""
    (x, y), side, _ = region
    height, width = grey.shape[:2]
    inside = Box(x - side / 2, y - side / 2, side, side).shared(Box(0, 0, width, height))
    return 1 - inside / side**2


def _logit(probability: float) -> float:
    held = min(0.99, max(0.01, probability))
    return math.log(held / (1 - held))
