"""The shipped face detector: one pass of a tiny network over the whole picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.core import Box, Face
from fer_edge.errors import ModelError
from fer_edge.perception import grid
from fer_edge.perception.crop import halved
from fer_edge.perception.interpreter import Model, shipped

if TYPE_CHECKING:
    from fer_edge.core import Image
    from fer_edge.perception.grid import Array
    from fer_edge.settings.perception import TinyDetector

MOST = 64
"""Cells looked at, best first: more say nothing new."""
SHARING = 0.5
"""Cells from this share of a face's score, or of that of a sure face if that is lower, steady its box."""
SAME_FACE = 0.35
"""Overlap from which two cells mean the same face."""


class Tiny:
    """Finds faces from about a seventh of the picture's longer side, few down to a thirteenth, with five points."""

    def __init__(self, settings: TinyDetector, *, runtime: str = "auto", threads: int = 1) -> None:
        self.model = Model(settings.path or shipped("detector"), task="detector", runtime=runtime, threads=threads)
        size = self.model.size[0]
        self._centres, self._bases = grid.cells(size)
        count = len(self._centres)
        if sorted(self.model.output_sizes) != [count, count * grid.NUMBERS]:
            raise ModelError(
                f"{self.model.path}: gives {self.model.output_sizes} values; "
                f"a detector of {size} pixels gives {count} scores and {count * grid.NUMBERS} numbers"
            )
        self._score_first = self.model.output_sizes[0] == count
        self.least = settings.score
        self._square = np.zeros((size, size), np.uint8)

    def find(self, grey: Image, colour: Image | None = None) -> Sequence[Face]:
        """Every face, best first, in pixels of the picture."""
        return self.look(grey, self.least)

    def look(self, grey: Image, least: float) -> list[Face]:
        """The same, down to a score of ``least``."""
        scale, left, top = self._fit(grey)
        outputs = self.model.run(self._square)
        scores, numbers = outputs if self._score_first else outputs[::-1]
        scores = scores.ravel()
        if scores.max() < least:
            return []
        likely = np.flatnonzero(scores >= SHARING * least)
        likely = likely[np.argsort(-scores[likely])][:MOST]
        boxes, points = grid.decode(
            numbers.reshape(-1, grid.NUMBERS)[likely], self._centres[likely], self._bases[likely]
        )
        return [
            _face(box, five, score, scale, left, top)
            for box, five, score in merged(boxes, points, scores[likely], self.least, least)
        ]

    def _fit(self, grey: Image) -> tuple[float, int, int]:
        """The picture, whole and in proportion, into the middle of the square; bars stay black."""
        size = self._square.shape[0]
        height, width = grey.shape[:2]
        scale = size / max(height, width)
        rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
        top, left = (size - rows) // 2, (size - columns) // 2
        self._square[:top] = self._square[top + rows :] = 0
        self._square[:, :left] = self._square[:, left + columns :] = 0
        inside = self._square[top : top + rows, left : left + columns]
        near, _ = halved(grey, 1 / scale)
        method = cv2.INTER_AREA if near.shape[0] > rows else cv2.INTER_LINEAR
        inside[:] = cv2.resize(near, (columns, rows), interpolation=method)
        return scale, left, top


def merged(boxes: Array, points: Array, scores: Array, sure: float, least: float) -> list[tuple[Array, Array, float]]:
    """One face for every group of overlapping cells: their mean weighted by score, the best one's score.

    Cells come best first, as do the faces, which end at a score of ``least``; from ``sure`` on a face is sure.
    """
    overlap = _overlaps(boxes)
    left = np.ones(len(boxes), dtype=bool)
    faces = []
    for n in range(len(boxes)):
        if scores[n] < least:
            break
        if not left[n]:
            continue
        group = left & (overlap[n] >= SAME_FACE)
        left &= ~group
        group &= scores >= SHARING * min(scores[n], sure)
        weight = scores[group] ** 3
        weight = weight / weight.sum()
        faces.append((weight @ boxes[group], np.einsum("n,npc->pc", weight, points[group]), float(scores[n])))
    return faces


def _overlaps(boxes: Array) -> Array:
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    ends = boxes[:, :2] + boxes[:, 2:]
    shared: Array = np.clip(np.minimum(ends[:, None], ends[None]) - low, 0, None).prod(axis=2)
    areas = boxes[:, 2:].prod(axis=1)
    # Over the smaller box, so that a small box inside a large one is the same face.
    nested = shared / np.minimum(areas[:, None], areas[None])
    union = shared / (areas[:, None] + areas[None] - shared)
    result: Array = np.maximum(union, np.where(nested > 0.8, nested, 0.0))
    return result


def _face(box: Array, points: Array, score: float, scale: float, left: int, top: int) -> Face:
    x, y, width, height = (float(v) / scale for v in (box[0] - left, box[1] - top, box[2], box[3]))
    shift = np.array([left, top], np.float32)
    five = tuple((float(px), float(py)) for px, py in (points - shift) / scale - 0.5)
    return Face(Box(x, y, width, height), score=score, points=five)
