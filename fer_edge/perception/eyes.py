"""What each eye does: shut, lowered, narrowed or open, how wide, and where it looks, from its picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2

from fer_edge.errors import ModelError
from fer_edge.perception import shape, warp
from fer_edge.perception.eye_pair import EyePair, Lid
from fer_edge.perception.interpreter import Model, shipped

if TYPE_CHECKING:
    from fer_edge.core import Image, Points
    from fer_edge.perception.pose import Pose
    from fer_edge.perception.shape import Region

FAR_YAW, NEAR_YAW = 29.0, 58.0
"""Head turns in degrees beyond which the eye on the far side, and the near one, cannot be judged."""
UP, DOWN = 40.0, 45.0
"""Head up and down beyond which no eye can be judged, degrees: seen from below, the points slide up onto the lids."""
LEAST_SIDE = 10.0
"""An eye's square under this many pixels holds no lid."""
LEAST_DEVIATION = 4.0
"""Grey levels of spread under which the square is darkness, glare or blur."""
LEAST_LEVEL, MOST_LEVEL = 10.0, 245.0
"""Mean grey level outside of which nothing can be told."""
VISIBLE = 0.5
"""The network's own probability that there is an eye to judge."""
TOLD = 0.5
"""The network's own probability that the iris can be told, from which its gaze is believed."""
GAZE_DEG = 45.0
"""Degrees that the network's gaze, -1 to 1, is in units of."""
SURER_SHARE = 0.7
"""How much the less shut of two eyes counts: one eye squinted is not a closure."""
LEAST = 0.002
"""int8 rounds probabilities to 0 and 1; of neither is the network that sure."""
OPEN = 0.5
"""Probability of an open eye under which both eyes are looked at together, too: lids are seldom down."""
VALUES = 9
"""Outputs of the network: shut, lowered, narrowed, open, openness, visible, told, gaze to the own left, gaze up."""


@dataclass(frozen=True, slots=True)
class Eye:
    """One eye: probabilities that it is shut, lowered (looking down) or narrowed (squint, laugh), openness 0 to 1.

    ``gaze`` is degrees against the face, to the person's own left and up; None where the iris cannot be told.
    """

    shut: float
    lowered: float
    narrowed: float
    openness: float
    gaze: tuple[float, float] | None = None

    @property
    def down(self) -> float:
        """Probability that its lids are anything but open."""
        return self.shut + self.lowered + self.narrowed


@dataclass(frozen=True, slots=True)
class Eyes:
    """The person's own right and left eye, None where it cannot be judged."""

    right: Eye | None = None
    left: Eye | None = None

    @property
    def seen(self) -> list[Eye]:
        """The eyes that can be judged, the less shut one first."""
        return sorted((eye for eye in (self.right, self.left) if eye is not None), key=lambda eye: eye.shut)

    @property
    def states(self) -> tuple[float, float, float] | None:
        """Probabilities that the eyes are shut, lowered, narrowed; None where neither can be judged."""
        seen = self.seen
        if not seen:
            return None
        first, last = seen[0], seen[-1]
        return (
            SURER_SHARE * first.shut + (1 - SURER_SHARE) * last.shut,
            SURER_SHARE * first.lowered + (1 - SURER_SHARE) * last.lowered,
            SURER_SHARE * first.narrowed + (1 - SURER_SHARE) * last.narrowed,
        )

    @property
    def gaze(self) -> tuple[float, float] | None:
        """Where the eyes look, degrees against the face; None where no iris can be told."""
        told = [eye.gaze for eye in (self.right, self.left) if eye is not None and eye.gaze is not None]
        if not told:
            return None
        return sum(yaw for yaw, _ in told) / len(told), sum(pitch for _, pitch in told) / len(told)


class EyeReader:
    """Judges the eyes of a face whose points are known: each by itself, both together where one is not open."""

    def __init__(self, *, pair: EyePair | None = None, runtime: str = "auto", threads: int = 1) -> None:
        self.model = Model(shipped("eyes"), task="eyes", runtime=runtime, threads=threads)
        if self.model.output_sizes != [VALUES]:
            raise ModelError(f"{self.model.path}: gives {self.model.output_sizes} values; eyes need {VALUES}")
        self.pair = pair or EyePair(runtime=runtime, threads=threads)

    def read(self, grey: Image, points: Points, pose: Pose) -> Eyes:
        """Both eyes of the face with these points, in a (height, width) uint8 picture."""
        if not -DOWN <= pose.pitch <= UP:
            return Eyes()
        regions = shape.eye_regions(points)
        # Turned to the own left (positive yaw) hides the left eye first.
        right = self._judge(grey, regions[0]) if _in_view(-pose.yaw) else None
        left = self._judge(grey, regions[1]) if _in_view(pose.yaw) else None
        if any(eye.down > 1 - OPEN for eye in (right, left) if eye is not None):
            # One eye's lid and lashes look alike in sleep and in a look down; the pair tells them apart.
            rights, lefts = self.pair.read(grey, points)
            right, left = right and weighed(right, rights), left and weighed(left, lefts)
        return Eyes(right, left)

    def _judge(self, grey: Image, region: Region) -> Eye | None:
        if region[1] < LEAST_SIDE:
            return None
        size = self.model.size[0]
        piece = warp.cut(grey, warp.upright(*region, size), size)
        level, deviation = (float(v[0, 0]) for v in cv2.meanStdDev(piece))
        if deviation < LEAST_DEVIATION or not LEAST_LEVEL <= level <= MOST_LEVEL:
            return None
        # int8 rounds probabilities to a little above 1.
        values = [min(value, 1.0) for value in self.model.run(warp.standardise(piece))[0].tolist()]
        shut, lowered, narrowed, _, openness, visible, told, yaw, pitch = values
        if visible < VISIBLE:
            return None
        gaze = (GAZE_DEG * yaw, GAZE_DEG * pitch) if told >= TOLD else None
        return Eye(shut, lowered, narrowed, openness, gaze)


def weighed(eye: Eye, lid: Lid) -> Eye:
    """The eye with what the pair says of it; states other than shut share what is left as they did.

    Of two openings the smaller counts: bent heads hide lids from either network, and sleep must not pass for a look.
    """
    if eye.down <= 1 - OPEN:
        return eye
    left = max(1 - eye.shut, LEAST)
    odds = max(eye.shut, LEAST) / left * math.exp(lid.for_shut)
    shut = odds / (1 + odds)
    others = (1 - shut) / left
    return Eye(
        shut,
        min(others * eye.lowered, 1.0),
        min(others * eye.narrowed, 1.0),
        min(eye.openness, lid.openness),
        eye.gaze if shut < 0.5 else None,
    )


def _in_view(turned_away: float) -> bool:
    """Whether an eye is in view when the head is turned so far to its side, degrees."""
    return -NEAR_YAW <= turned_away <= FAR_YAW
