"""Which face is the driver's: decided from boxes alone, before any costly network runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_edge.core import Box, Face

HOLD_S = 15.0
"""Another face takes over only after this long, seconds (openpilot's hysteresis for the seat)."""
SAME_IOU = 0.2
"""Overlap that makes two boxes the same person."""
NEAR = 2.0
"""Box sizes the driver may have moved while not seen, where nobody else was ever seen there."""


@dataclass(frozen=True, slots=True)
class _Other:
    """Somebody beside the driver: where and when last seen."""

    box: Box
    at: float


class DriverChoice:
    """Chooses the driver by seat and stays with that person.

    A face that was seen beside the driver is a passenger. The driver's place is taken by another
    only when the driver was not seen, or sat on the wrong side of the other, for ``hold_s``.
    """

    def __init__(self, seat: str, hold_s: float = HOLD_S) -> None:
        self._seat = seat
        self._hold_s = hold_s
        self._box: Box | None = None
        self._seen_at = 0.0
        self._rival_since: float | None = None
        self._others: list[_Other] = []

    def choose(self, faces: Sequence[Face], at: float) -> Face | None:
        """The driver's among the faces of one moment, or None where the driver is not among them."""
        self._others = [other for other in self._others if 0 <= at - other.at <= self._hold_s]
        preferred = self._by_seat(faces)
        if self._box is None or at - self._seen_at > self._hold_s or at < self._seen_at:
            return self._take(preferred, faces, at)
        held = self._held(faces)
        if held is None:
            return None
        if preferred is None or preferred is held:
            self._rival_since = None
        elif self._rival_since is None:
            self._rival_since = at
        elif at - self._rival_since >= self._hold_s:
            held = preferred
        return self._take(held, faces, at)

    def seen(self, box: Box, at: float) -> None:
        """The driver was followed to this box without a new choice."""
        self._box, self._seen_at = box, at

    def _take(self, face: Face | None, faces: Sequence[Face], at: float) -> Face | None:
        if face is None:
            return None
        if self._box is not None and face.box.iou(self._box) < SAME_IOU:
            self._rival_since = None
        self._box, self._seen_at = face.box, at
        beside = [_Other(other.box, at) for other in faces if other is not face]
        kept = [o for o in self._others if all(o.box.iou(b.box) < SAME_IOU for b in beside)]
        self._others = beside + [other for other in kept if other.box.iou(face.box) < SAME_IOU]
        return face

    def _held(self, faces: Sequence[Face]) -> Face | None:
        """The face that carries on where the driver was."""
        box = self._box
        if box is None or not faces:
            return None
        best = max(faces, key=lambda face: face.box.iou(box))
        if best.box.iou(box) >= SAME_IOU:
            return best
        free = [face for face in faces if all(face.box.iou(o.box) < SAME_IOU for o in self._others)]
        near = [face for face in free if _distance(face.box, box) <= NEAR]
        return min(near, key=lambda face: _distance(face.box, box), default=None)

    def _by_seat(self, faces: Sequence[Face]) -> Face | None:
        if not faces:
            return None
        # A small face far behind is no driver, whatever its side.
        largest = max(faces, key=lambda face: face.box.area)
        front = [face for face in faces if face.box.area >= 0.25 * largest.box.area]
        match self._seat:
            case "left":
                return min(front, key=lambda face: face.box.centre[0])
            case "right":
                return max(front, key=lambda face: face.box.centre[0])
            case _:
                return largest


def _distance(first: Box, second: Box) -> float:
    """Between two boxes' middles, in the larger one's size; infinite where their sizes differ too much."""
    sizes = sorted((max(first.area, 1.0) ** 0.5, max(second.area, 1.0) ** 0.5))
    if sizes[1] > 2 * sizes[0]:
        return float("inf")
    (x0, y0), (x1, y1) = first.centre, second.centre
    return float(((x0 - x1) ** 2 + (y0 - y1) ** 2) ** 0.5 / sizes[1])
