"""How open each eye is: a small network on the eye's picture, joined with the shape of its lids."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from fer_edge.errors import ModelError
from fer_edge.perception import shape, warp
from fer_edge.perception.interpreter import Model, shipped

if TYPE_CHECKING:
    from fer_edge.core import Image, Points
    from fer_edge.perception.pose import Pose
    from fer_edge.perception.shape import Region

FAR_YAW, NEAR_YAW = 25.0, 40.0
"""Head turns in degrees beyond which the eye on the far side, and the near one, cannot be judged."""
UP, DOWN = 33.0, 40.0
"""Head up and down beyond which no eye can be judged, degrees: seen from below, the points slide up onto the lids."""
LEAST_SIDE = 10.0
"""An eye's square under this many pixels holds no lid."""
LEAST_DEVIATION = 4.0
"""Grey levels of spread under which the square is darkness, glare or blur."""
LEAST_LEVEL, MOST_LEVEL = 10.0, 245.0
"""Mean grey level outside of which nothing can be told."""
VISIBLE = 0.5
"""The network's own probability that there is an eye to judge."""
SHUT_RATIO, RATIO_SPREAD = 0.165, 0.025
"""Eye aspect ratio at which shape alone says closed as likely as open, and how sharply it turns."""
OPEN_RATIO, CLOSED_RATIO = 0.30, 0.09
"""Aspect ratios of openness 1 and 0."""
SHAPE_SHARE = 0.3
"""How much the shape of the lids counts beside the picture of the eye."""
SURER_SHARE = 0.7
"""How much the more open of two eyes counts: one eye squinted is not a closure."""


@dataclass(frozen=True, slots=True)
class Eye:
    """One eye: probability that it is closed (lids 80 % shut or more), openness 0 to 1."""

    closed: float
    openness: float


@dataclass(frozen=True, slots=True)
class Eyes:
    """The person's own right and left eye, None where it cannot be judged."""

    right: Eye | None = None
    left: Eye | None = None

    @property
    def closed(self) -> float | None:
        """Probability that the visible eyes are closed; None where neither can be judged."""
        seen = sorted(eye.closed for eye in (self.right, self.left) if eye is not None)
        if not seen:
            return None
        return SURER_SHARE * seen[0] + (1 - SURER_SHARE) * seen[-1]


class EyeReader:
    """Judges the eyes of a face whose points are known."""

    def __init__(self, path: Path | None = None, *, runtime: str = "auto", threads: int = 1) -> None:
        self.model = Model(path or shipped("eyes"), runtime=runtime, threads=threads)
        if self.model.output_sizes != [3]:
            raise ModelError(f"{self.model.path}: gives {self.model.output_sizes} values; eyes need 3")

    def read(self, grey: Image, points: Points, pose: Pose) -> Eyes:
        """Both eyes of the face with these points, in a (height, width) uint8 picture."""
        if not -DOWN <= pose.pitch <= UP:
            return Eyes()
        right, left = shape.eye_regions(points)
        # Turned to the own left (positive yaw) hides the left eye first.
        return Eyes(
            right=self._judge(grey, right, points[shape.RIGHT_EYE]) if _in_view(-pose.yaw) else None,
            left=self._judge(grey, left, points[shape.LEFT_EYE]) if _in_view(pose.yaw) else None,
        )

    def _judge(self, grey: Image, region: Region, lids: Points) -> Eye | None:
        if region[1] < LEAST_SIDE:
            return None
        size = self.model.size[0]
        piece = warp.cut(grey, warp.upright(*region, size), size)
        level, deviation = (float(v[0, 0]) for v in cv2.meanStdDev(piece))
        if deviation < LEAST_DEVIATION or not LEAST_LEVEL <= level <= MOST_LEVEL:
            return None
        closed, openness, visible = (float(v) for v in self.model.run(warp.standardise(piece))[0])
        if visible < VISIBLE:
            return None
        ratio = shape.eye_aspect_ratio(lids)
        by_shape = (SHUT_RATIO - ratio) / RATIO_SPREAD
        joined = (1 - SHAPE_SHARE) * _logit(closed) + SHAPE_SHARE * by_shape
        opened = min(1.0, max(0.0, (ratio - CLOSED_RATIO) / (OPEN_RATIO - CLOSED_RATIO)))
        return Eye(closed=1 / (1 + math.exp(-joined)), openness=0.5 * (openness + opened))


def _in_view(turned_away: float) -> bool:
    """Whether an eye is in view when the head is turned so far to its side, degrees."""
    return -NEAR_YAW <= turned_away <= FAR_YAW


def _logit(probability: float) -> float:
    held = min(0.995, max(0.005, probability))
    return math.log(held / (1 - held))
