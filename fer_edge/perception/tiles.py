"""Small faces in large still pictures: the detector looks at the whole, and at pieces of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fer_edge.core import Box, Face

if TYPE_CHECKING:
    from fer_edge.core import FaceFinder, Image

PARTS = (2, 4)
"""The pieces' sides: the picture's longer side by these. They overlap by half."""
LEAST = 160
"""Pixels of a piece's side under which looking closer shows nothing new."""
SURE = 0.9
"""The least score of a face seen in a piece alone: forty looks find forty times as many knobs and plates."""
SAME = 0.5
"""Overlap, over the smaller box, that makes two boxes one face."""


class Tiled:
    """A finder that looks closer: for stills, where time is no matter.

    The shipped detector sees faces from about a seventh of a picture's longer side up; so it sees
    them from a thirtieth up, for some forty passes instead of one. ``near`` finds those in pieces, ``finder`` itself
    where none is given; ``of`` and ``sure``: see :data:`PARTS` and :data:`SURE`.
    """

    def __init__(
        self, finder: FaceFinder, near: FaceFinder | None = None, of: Sequence[int] = PARTS, sure: float = SURE
    ) -> None:
        self._finder = finder
        self._near = near or finder
        self._of = of
        self._sure = sure

    def find(self, grey: Image, colour: Image | None = None) -> Sequence[Face]:
        """Every face, best first, in pixels of the picture."""
        found = list(self._finder.find(grey, colour))
        for left, top, side in pieces(grey.shape[1], grey.shape[0], self._of):
            part = (slice(top, top + side), slice(left, left + side))
            near = self._near.find(grey[part], None if colour is None else colour[part])
            found += [moved(face, left, top) for face in near if face.score >= self._sure]
        return once(found)


class Whole:
    """A finder for pictures that are a face cut out: the face is the whole of it."""

    def find(self, grey: Image, colour: Image | None = None) -> Sequence[Face]:
        """One face, as large as the picture."""
        return [Face(Box(0.0, 0.0, float(grey.shape[1]), float(grey.shape[0])), score=1.0)]


def pieces(width: int, height: int, of: Sequence[int] = PARTS) -> Iterator[tuple[int, int, int]]:
    """Left, top and side of every piece of a picture, in pixels; ``of``: the longer side by their sides."""
    for parts in of:
        side = max(width, height) // parts
        if side < LEAST:
            return
        for top in _starts(height, side):
            for left in _starts(width, side):
                yield left, top, side


def moved(face: Face, left: int, top: int) -> Face:
    """A face of a piece, in pixels of the picture the piece was cut from."""
    box = Box(face.box.x + left, face.box.y + top, face.box.width, face.box.height)
    return replace(face, box=box, points=tuple((x + left, y + top) for x, y in face.points))


def once(faces: Sequence[Face]) -> list[Face]:
    """Each face once, best first: of those that overlap by half of the smaller one, the surest."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(face.box.shared(other.box) < SAME * min(face.box.area, other.box.area) for other in kept):
            kept.append(face)
    return kept


def _starts(length: int, side: int) -> list[int]:
    """Where pieces begin along a side of the picture: half a piece apart, the last one at its end."""
    if length <= side:
        return [0]
    steps = -(-(length - side) * 2 // side)
    return [round(n * (length - side) / steps) for n in range(steps + 1)]
