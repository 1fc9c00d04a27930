"""Pieces of pictures cut at random around where they belong, as a tracker's wobble would cut them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from convert.errors import DataError
from convert.seeing.augment import Variation, cover, vary
from fer_edge.perception import warp


@dataclass(frozen=True)
class Wobble:
    """How far a cut strays: rotation in degrees, shift in sides, scale as a factor either way."""

    angle: float = 12.0
    shift: float = 0.08
    scale: float = 1.25


@dataclass(frozen=True)
class Piece:
    """Where something lies in a picture, and what is known of it: values, then the weight of each."""

    picture: np.ndarray
    region: tuple
    target: tuple[float, ...]


@dataclass(frozen=True)
class Group:
    """Pieces that make up a share of every batch."""

    share: float
    pieces: Sequence[Piece]


def sampler(groups: Sequence[Group], nothing: Callable[[np.random.Generator], Piece], size: int) -> Callable:
    """Draws varied batches from the groups; what their shares leave over is ``nothing``.

    An empty group's share goes to the others. Raises DataError where all are empty.
    """
    how, wobble = Variation(), Wobble()
    whole = sum(group.share for group in groups)
    groups = [group for group in groups if group.pieces]
    if not groups:
        raise DataError("nothing to learn from: no labelled crop and no usable marked face in the data")
    left = sum(group.share for group in groups)
    chances = np.cumsum([group.share * whole / left for group in groups])

    def one(rng: np.random.Generator) -> tuple[np.ndarray, tuple[float, ...]]:
        n = int(np.searchsorted(chances, rng.random()))
        chosen = groups[n].pieces if n < len(groups) else [nothing(rng)]
        piece = chosen[int(rng.integers(len(chosen)))]
        return cut(piece.picture, piece.region, size, wobble, how, rng), piece.target

    def draw(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        drawn = [one(rng) for _ in range(count)]
        return np.stack([d[0] for d in drawn]), np.array([d[1] for d in drawn], np.float32)

    return draw


def cut(
    picture: np.ndarray,
    region: tuple,
    size: int,
    wobble: Wobble,
    how: Variation,
    rng: np.random.Generator,
) -> np.ndarray:
    """One varied, standardised (size, size) piece, mirrored half of the time."""
    (x, y), side, angle = region
    side *= np.exp(rng.uniform(-1, 1) * np.log(wobble.scale))
    x, y = (v + rng.normal() * wobble.shift * side / 2 for v in (x, y))
    matrix = warp.upright((x, y), side, angle + rng.normal() * wobble.angle / 1.5, size)
    piece = warp.cut(picture, matrix, size)
    if rng.random() < 0.5:
        piece = np.ascontiguousarray(piece[:, ::-1])
    piece = vary(piece, how, rng)
    if rng.random() < how.cover_share:
        piece = cover(piece, rng, 0.35)
    return warp.standardise(piece)


def plain(picture: np.ndarray, region: tuple, size: int) -> np.ndarray:
    """The piece just as the product cuts it."""
    return warp.standardise(warp.cut(picture, warp.upright(*region, size), size))
