"""Which face of this frame is which of the last: ids that stay with a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_edge.core import Box, Face

FORGET_S = 1.0
"""A face missing for longer than this is a new person when a face comes back, seconds."""
SAME_IOU = 0.25
"""Overlap from one frame to the next that makes it the same person."""


class Tracks:
    """Gives every face the id of the face it overlaps most, or a new one. Ids are never reused."""

    def __init__(self) -> None:
        self._boxes: dict[int, tuple[Box, float]] = {}
        self._next = 1

    def __contains__(self, track: int) -> bool:
        return track in self._boxes

    def follow(self, faces: Sequence[Face], at: float) -> list[Face]:
        """The faces of the frame at this time with ids, in the order given."""
        self._boxes = {t: (box, seen) for t, (box, seen) in self._boxes.items() if 0 <= at - seen <= FORGET_S}
        pairs = sorted(
            ((face.box.iou(box), n, track) for n, face in enumerate(faces) for track, (box, _) in self._boxes.items()),
            reverse=True,
        )
        taken: dict[int, int] = {}
        for overlap, n, track in pairs:
            if overlap >= SAME_IOU and n not in taken and track not in taken.values():
                taken[n] = track
        for n in range(len(faces)):
            if n not in taken:
                taken[n] = self._next
                self._next += 1
        followed = [replace(face, track=taken[n]) for n, face in enumerate(faces)]
        self._boxes.update({taken[n]: (face.box, at) for n, face in enumerate(faces)})
        return followed
