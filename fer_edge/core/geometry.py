"""Pictures, and places in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the source frame: left, top, width, height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Square pixels, 0 for an empty box."""
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def centre(self) -> tuple[float, float]:
        """The middle as (x, y) in pixels."""
        return self.x + self.width / 2, self.y + self.height / 2

    def shared(self, other: Box) -> float:
        """What lies in both boxes, square pixels."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(width, 0.0) * max(height, 0.0)

    def iou(self, other: Box) -> float:
        """Intersection over union with another box, 0 to 1."""
        shared = self.shared(other)
        return shared / (self.area + other.area - shared) if shared else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture and the moment it was taken.

    ``image`` is uint8, (height, width, 3) BGR or (height, width) luma. ``at`` is in seconds of the
    source's own monotonic clock and is the only time the rules ever see. ``number`` counts what
    the source delivered, from 0. Where ``image`` is the luma of a picture that came packed, with
    colours, ``colour`` unpacks those, (height, width, 3) BGR, given how many times smaller they may
    be; ``jpeg`` gives the very same picture as it came, None where a browser may see another one.
    """

    image: Image
    at: float
    number: int
    colour: Callable[[int], Image] | None = None
    jpeg: Callable[[], bytes | None] | None = None

    def in_colour(self, shrink: int = 1) -> Image:
        """The picture with its colours where it has any, else its luma; it may be up to ``shrink`` times smaller."""
        return self.colour(shrink) if self.colour else self.image


@dataclass(frozen=True, slots=True)
class Face:
    """A face found in a frame.

    ``points`` are the person's right eye, left eye, nose tip, right and left mouth corner in
    pixels of the frame, or empty where the finder gives none. ``track`` is the id that follows
    one person from frame to frame.
    """

    box: Box
    score: float
    points: tuple[tuple[float, float], ...] = ()
    track: int | None = None
