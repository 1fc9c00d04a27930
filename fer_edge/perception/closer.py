"""A second look at a part of the picture, enlarged, where the driver's face is too small for one look at the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fer_edge.perception.tiles import moved, pieces

if TYPE_CHECKING:
    from fer_edge.core import Box, Face, FaceFinder, Image

AROUND = 4.0
"""Side of the part looked at around a known place, in sides of the face."""
SMALL = 0.19
"""A face is small up to this share of the picture's longer side (24 of 128 pixels): larger ones one look finds."""
SURE = 0.88
"""The least score of a face found where nothing says that one is: at 0.8 a round black disc passed, too."""
PARTS = (2,)
"""The pieces' sides when there is no known place: half of the picture's longer side."""


class Closer:
    """Looks at one part of a picture at a time, so that it costs one detection and not one for every piece."""

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self._turn = 0

    def around(self, grey: Image, colour: Image | None, box: Box) -> Sequence[Face]:
        """The faces around a small face's place, best first; none where the face there is not small."""
        height, width = grey.shape[:2]
        face = max(box.area, 1.0) ** 0.5
        if face > SMALL * max(width, height):
            return []
        side = min(round(AROUND * face), width, height)
        left, top = (
            min(max(round(middle - side / 2), 0), most - side)
            for middle, most in zip(box.centre, (width, height), strict=True)
        )
        return self._look(grey, colour, left, top, side)

    def anywhere(self, grey: Image, colour: Image | None) -> Sequence[Face]:
        """The faces of the next piece of the picture, best first: those that are sure, since nothing says where."""
        parts = list(pieces(grey.shape[1], grey.shape[0], PARTS))
        if not parts:
            return []
        self._turn = (self._turn + 1) % len(parts)
        return [face for face in self._look(grey, colour, *parts[self._turn]) if face.score >= SURE]

    def _look(self, grey: Image, colour: Image | None, left: int, top: int, side: int) -> Sequence[Face]:
        part = (slice(top, top + side), slice(left, left + side))
        found = self._finder.find(grey[part], None if colour is None else colour[part])
        return [moved(face, left, top) for face in found]
