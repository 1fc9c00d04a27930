"""Which face is the driver's: decided from boxes alone, before any costly network runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_edge.core import Box, Face

HOLD_S = 15.0
"""Another face takes over only after this long, seconds (openpilot's hysteresis for the seat)."""
ANOTHER_S = 60.0
"""Whoever is seen in the driver's place after so long, seconds, may be somebody else; until then it is the driver."""
PASSENGER_S = 600.0
"""A face once seen beside the driver's is taken for a passenger's for so long, seconds: who looks out of the
window is not seen for minutes."""
SAME_IOU = 0.2
"""Overlap that makes two boxes the same person."""
NEAR = 2.0
"""Box sizes the driver may have moved while not seen, and still be taken for the same person."""


@dataclass(frozen=True, slots=True)
class _Known:
    """Somebody's place: where and when last seen."""

    box: Box
    at: float

    def same(self, box: Box) -> bool:
        return box.iou(self.box) >= SAME_IOU


class DriverChoice:
    """Chooses the driver by seat and stays with that person.

    A face that was seen beside the driver is a passenger, and takes the driver's place only when the
    driver was not seen, or sat on the wrong side of the other, for :data:`HOLD_S`. A face that is no
    passenger's is the driver's, wherever it is and however large: the camera was moved, the driver
    leaned forward, the recording was cut. It gives the place back as soon as the driver is seen
    beside it; so does a passenger who leaned in front of the driver and was followed from there.

    :meth:`choose` proposes; what the caller has made sure of it says with :meth:`seen`.
    """

    def __init__(self, seat: str) -> None:
        self.person = 0
        """Counts the people who sat in the driver's place, from 1: a new one begins where the face can no
        longer be told to be the same person's."""
        self._seat = seat
        self._driver: _Known | None = None
        self._former: _Known | None = None
        """Where the driver was last told apart from somebody else, or before the face jumped."""
        self._rival_since: float | None = None
        self._passengers: list[_Known] = []

    def choose(self, faces: Sequence[Face], at: float) -> Face | None:
        """The driver's among the faces of one moment, or None where the driver is not among them."""
        self._passengers = [one for one in self._moved(faces, at) if 0 <= at - one.at <= PASSENGER_S]
        preferred = self._by_seat(faces)
        driver = self._driver
        if driver is None or not 0 <= at - driver.at <= HOLD_S:
            return preferred
        held = self._held(faces, driver, at)
        if held is None or preferred is None or preferred is held:
            self._rival_since = None
        elif self._rival_since is None:
            self._rival_since = at
        elif at - self._rival_since >= HOLD_S and self._is_passengers(preferred.box):
            return preferred
        return held

    def seen(self, box: Box, at: float, others: Iterable[Face] = ()) -> None:
        """The driver is in this box, and these are the faces beside it."""
        before, self._driver = self._driver, _Known(box, at)
        if before is None or not 0 <= at - before.at <= ANOTHER_S:
            self._begin(None)
        elif self._is_passengers(box) and (at - before.at > HOLD_S or not before.same(box)):
            self._begin(None)  # a passenger takes the place for good: it is not given back
        elif _distance(box, before.box) > NEAR:
            self._begin(before)
        elif self._former and self._former.same(box) and not self._former.same(before.box):
            self._begin(None)  # given back
        beside = [_Known(other.box, at) for other in others if other.box.iou(box) < SAME_IOU]
        kept = [one for one in self._passengers if one.box.iou(box) < SAME_IOU]
        self._passengers = beside + [one for one in kept if not any(one.box.iou(b.box) >= SAME_IOU for b in beside)]
        if beside:
            self._former = self._driver

    def cut(self) -> None:
        """The picture shows another scene: nothing is known of who sits where in it."""
        self._driver = self._former = None
        self._passengers = []

    def _is_passengers(self, box: Box) -> bool:
        return any(one.same(box) for one in self._passengers)

    def _begin(self, former: _Known | None) -> None:
        self.person += 1
        self._former = former
        self._rival_since = None

    def _moved(self, faces: Sequence[Face], at: float) -> list[_Known]:
        """The passengers where they are now: a face that overlaps a passenger's last place is that passenger."""
        driver = self._driver
        moved = []
        for one in self._passengers:
            seen = [face for face in faces if one.same(face.box) and not (driver and driver.same(face.box))]
            face = max(seen, key=lambda face: face.box.iou(one.box), default=None)
            moved.append(_Known(face.box, at) if face else one)
        return moved

    def _held(self, faces: Sequence[Face], driver: _Known, at: float) -> Face | None:
        """The face that carries on where the driver was, or any that is no passenger's."""
        if not faces:
            return None
        former = self._former
        if former and at - former.at <= HOLD_S and len(faces) > 1 and not former.same(driver.box):
            back = max(faces, key=lambda face: face.box.iou(former.box))
            if former.same(back.box):
                return back
        best = max(faces, key=lambda face: face.box.iou(driver.box))
        if driver.same(best.box):
            return best
        free = [face for face in faces if not self._is_passengers(face.box)]
        near = [face for face in free if _distance(face.box, driver.box) <= NEAR]
        return min(near, key=lambda face: _distance(face.box, driver.box), default=self._by_seat(free))

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
