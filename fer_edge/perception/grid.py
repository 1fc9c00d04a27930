"""The tiny detector's output cells: where they lie and how a face is written into them.

A (size, size) picture has cells every 8 pixels for small faces and every 16 for large ones. A cell
gives a score and 14 numbers: centre, size and five points of a face, relative to the cell.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

STRIDES = (8, 16)
"""Pixels between cells of the two grids."""
BASES = (24.0, 64.0)
"""The face size in pixels that each grid writes as 1."""
NUMBERS = 14
"""Centre x, y; log width, height; five points x, y."""


@cache
def cells(size: int) -> tuple[Array, Array]:
    """Centres (n, 2) in pixels and base sizes (n,) of all cells, small grid first, row by row."""
    centres, bases = [], []
    for stride, base in zip(STRIDES, BASES, strict=True):
        line = (np.arange(size // stride) + 0.5) * stride
        x, y = np.meshgrid(line, line)
        centres.append(np.stack([x.ravel(), y.ravel()], axis=1))
        bases.append(np.full(x.size, base))
    return np.concatenate(centres).astype(np.float32), np.concatenate(bases).astype(np.float32)


def encode(boxes: Array, points: Array, centres: Array, bases: Array) -> Array:
    """(n, 14) numbers for n faces, (n, 4) boxes and (n, 5, 2) points, each in its own cell."""
    middle = (boxes[:, :2] + boxes[:, 2:] / 2 - centres) / bases[:, None]
    sides = np.log(np.maximum(boxes[:, 2:], 1) / bases[:, None])
    relative = (points - centres[:, None]) / bases[:, None, None]
    return np.concatenate([middle, sides, relative.reshape(-1, 10)], axis=1)


def decode(numbers: Array, centres: Array, bases: Array) -> tuple[Array, Array]:
    """Boxes (n, 4) x, y, width, height and points (n, 5, 2) in pixels: the inverse of :func:`encode`."""
    sides = np.exp(np.minimum(numbers[:, 2:4], 3.0)) * bases[:, None]
    corner = numbers[:, :2] * bases[:, None] + centres - sides / 2
    points = numbers[:, 4:].reshape(-1, 5, 2) * bases[:, None, None] + centres[:, None]
    return np.concatenate([corner, sides], axis=1), points
