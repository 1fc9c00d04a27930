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
"""Score at which the detector is sure of a face where nothing says that one is: at 0.8 a round black disc passed."""
PARTS = (2,)
"""The pieces' sides when there is no known place: half of the picture's longer side."""


class Closer:
    """Looks at one part of a picture at a time, so that it costs one detection and not one for every piece.

    ``near`` finds faces around a known place, ``anywhere`` sure ones (:data:`SURE`), since nothing says where.
    """

    def __init__(self, near: FaceFinder, anywhere: FaceFinder) -> None:
        self._near = near
        self._anywhere = anywhere
        self._turn = 0

    def around(self, grey: Image, box: Box) -> Sequence[Face]:
        """The faces around a small face's place, best first; none where the face there is not small."""
        height, width = grey.shape
        face = max(box.area, 1.0) ** 0.5
        if face > SMALL * max(width, height):
            return []
        side = min(round(AROUND * face), width, height)
        left, top = (
            min(max(round(middle - side / 2), 0), most - side)
            for middle, most in zip(box.centre, (width, height), strict=True)
        )
        part = grey[top : top + side, left : left + side]
        return [moved(face, left, top) for face in self._near.find(part, None)]

    def anywhere(self, grey: Image) -> Sequence[Face]:
        """The faces of the next piece of the picture, best first."""
        parts = list(pieces(grey.shape[1], grey.shape[0], PARTS))
        if not parts:
            return []
        self._turn = (self._turn + 1) % len(parts)
        left, top, side = parts[self._turn]
        part = grey[top : top + side, left : left + side]
        return [moved(face, left, top) for face in self._anywhere.find(part, None)]
