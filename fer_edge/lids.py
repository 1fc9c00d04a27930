"""Where eyelids stand: a lid follows the eye, a squint and a laugh narrow it from below, sleep shuts it.

Heights are shares of the eye's opening at rest: 0 where the upper lid then is, 1 where the lower one is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

LidState = Literal["open", "lowered", "narrowed", "shut"]

FOLLOWS = 1.15
"""How far the upper lid goes down for the sine of a look down. The cornea is 10.5 mm from the eye's middle and an open
eye about 10 mm high, so a look 30 degrees down takes the iris half of the opening down, and the lid a little more."""
_UP = 0.3
"""The same for a look up: the upper lid rises less."""
_LOWER = 0.45
"""The lower lid goes along by so much."""
_SQUINT_ABOVE, _SQUINT_BELOW = 0.26, 0.42
"""A full squint or laugh: the brow presses from above, the cheek from below, and more."""
SHUT_OPENING, SHUT_KEPT = 0.06, 0.12
"""Openings below this are shut: no iris shows; and so are eyes that are kept open by less than this."""
BENT_DEG = 32.0
"""A head bent by so much doubles what a lowered lid hides."""
LOWERED_DEG = 12.0
"""A look down from so far lowers the lids visibly: a seventh of their opening."""
NARROWED = 0.3
"""Squint from which the lids are called narrowed."""


@dataclass(frozen=True, slots=True)
class Lids:
    """The edges of the upper and the lower lid, shares of the opening at rest; what is between is open."""

    upper: float
    lower: float

    @property
    def opening(self) -> float:
        """0 shut to 1 as at rest; above 1 in a look up."""
        return max(self.lower - self.upper, 0.0)


def lids(openness: float, gaze_pitch: float = 0.0, squint: float = 0.0, follows: float = 1.0) -> Lids:
    """The lids of an eye that is kept open by ``openness`` (0 to 1) and looks up by ``gaze_pitch`` degrees.

    ``follows`` is how much more or less than usual this person's upper lid goes along.
    """
    sine = math.sin(math.radians(gaze_pitch))
    down, up = max(-sine, 0.0), max(sine, 0.0)
    upper = FOLLOWS * follows * down - _UP * up + _SQUINT_ABOVE * squint
    lower = 1 + _LOWER * down - _LOWER / 3 * up - _SQUINT_BELOW * squint
    upper = min(upper, lower - 0.05)
    return Lids(upper + (1 - openness) * (lower - upper), lower)


def follows_as_seen(follows: float, head_pitch: float) -> float:
    """How far the upper lid seems to follow where the camera sees the head bent down by ``-head_pitch`` degrees.

    From above, a lowered lid hides more of the eye: in clips of drivers a look down over an unbent head leaves a slit
    with the iris in it, and none at 20 degrees and more.
    """
    return follows * (1 + max(-head_pitch, 0.0) / BENT_DEG)


def lid_state(openness: float, gaze_pitch: float, squint: float, follows: float = 1.0) -> LidState:
    """What one would say of such an eye: shut by sleep or a blink, lowered by a look down, narrowed, or open."""
    if openness <= SHUT_KEPT or lids(openness, gaze_pitch, squint, follows).opening < SHUT_OPENING:
        return "shut"
    if gaze_pitch <= -LOWERED_DEG:
        return "lowered"
    return "narrowed" if squint >= NARROWED else "open"
