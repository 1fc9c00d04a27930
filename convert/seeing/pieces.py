"""Pieces of pictures cut at random around where they belong, as a tracker's wobble would cut them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convert.augment import Variation, cover, vary
from convert.data import Want, load
from convert.errors import DataError
from fer_edge.perception import warp
from fer_edge.perception.interpreter import Model
from fer_edge.perception.shape import Region

Target = tuple[float, ...]
Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]
"""Gives (pictures (n, H, W) uint8, targets (n, …) float32) for a batch of n."""
One = tuple[np.ndarray, Sequence[float] | np.ndarray]
"""A picture and its target."""


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
    region: Region
    target: Target


@dataclass(frozen=True)
class Group:
    """Pieces that make up a share of every batch."""

    share: float
    pieces: Sequence[Any]


def labelled(path: Path, split: str, classes: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Grey crops (N, H, W) uint8 of a split, and the number of each one's class: any data that train reads."""
    data = load(path, split, Want(0, 1, classes, unnamed=classes))
    return data.images[..., 0], data.labels


def in_middle(picture: np.ndarray, side: float, target: Target) -> Piece:
    """The piece of a side in pixels in the middle of a square picture."""
    middle = (picture.shape[0] - 1) / 2
    return Piece(picture, ((middle, middle), side, 0.0), target)


def region_in(images: np.ndarray, centre: tuple[float, float], side: float) -> Region:
    """A region given in sides of the crop, in pixels of these pictures."""
    size = images.shape[1]
    x, y = (v * size - 0.5 for v in centre)
    return (x, y), side * size, 0.0


def batched(one: Callable[[np.random.Generator], One]) -> Draw:
    """Draws a batch by drawing one after the other."""

    def draw(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        drawn = [one(rng) for _ in range(count)]
        return np.stack([picture for picture, _ in drawn]), np.array([target for _, target in drawn], np.float32)

    return draw


def sampler(
    groups: Sequence[Group],
    nothing: Callable[[np.random.Generator], Piece],
    size: int,
    how: Variation | None = None,
    *,
    wobble: Wobble | None = None,
    height: int | None = None,
    ready: Callable[[Any, np.random.Generator], Piece] = lambda piece, _: piece,
    mirrored: Callable[[Target], Target] = lambda target: target,
    spoiled: Callable[[np.ndarray, Target, np.random.Generator], tuple[np.ndarray, Target]] = lambda *known: known[:2],
) -> Draw:
    """Draws varied batches from the groups; what their shares leave over is ``nothing``.

    Pictures are (size, size), or the middle ``height`` rows of that. An empty group's share goes to the others.
    ``ready`` makes a piece of what a group holds, ``mirrored`` a target of the mirror image; ``spoiled`` takes
    something from a cut, before it is varied, and from what is known of it. Raises DataError where all are empty,
    ValueError where the shares are more than the whole: some would never be drawn.
    """
    how, wobble = how or Variation(), wobble or Wobble()
    whole = sum(group.share for group in groups)
    if whole > 1 + 1e-9:
        raise ValueError(f"the shares of a batch add up to {whole:.2f}")
    groups = [group for group in groups if group.share and len(group.pieces)]
    if not groups:
        raise DataError("nothing to learn from: no labelled crop, marked face or mask in the data")
    left = sum(group.share for group in groups)
    chances = np.cumsum([group.share * whole / left for group in groups])

    def one(rng: np.random.Generator) -> One:
        n = int(np.searchsorted(chances, rng.random()))
        if n < len(groups):
            pool = groups[n].pieces
            piece = ready(pool[int(rng.integers(len(pool)))], rng)
        else:
            piece = nothing(rng)
        shown, turned = cut(piece, size, wobble, rng)
        shown, target = spoiled(shown, mirrored(piece.target) if turned else piece.target, rng)
        return varied(warp.middle(shown, height), how, rng), target

    return batched(one)


def cut(piece: Piece, size: int, wobble: Wobble, rng: np.random.Generator) -> tuple[np.ndarray, bool]:
    """A (size, size) cut around a piece, and whether it is a mirror image, as half of them are."""
    (x, y), side, angle = piece.region
    side *= np.exp(rng.uniform(-1, 1) * np.log(wobble.scale))
    x, y = (v + rng.normal() * wobble.shift * side / 2 for v in (x, y))
    matrix = warp.upright((x, y), side, angle + rng.normal() * wobble.angle / 1.5, size)
    shown = warp.cut(piece.picture, matrix, size)
    turned = bool(rng.random() < 0.5)
    return np.ascontiguousarray(shown[:, ::-1]) if turned else shown, turned


def varied(shown: np.ndarray, how: Variation, rng: np.random.Generator) -> np.ndarray:
    """A cut in another light and so on, now and then with something before it, standardised."""
    shown = vary(shown, how, rng)
    if rng.random() < how.cover_share:
        shown = cover(shown, rng, how.cover_size)
    return warp.standardise(shown)


def plain(picture: np.ndarray, region: Region, size: int, height: int | None = None) -> np.ndarray:
    """The piece just as the product cuts it."""
    return warp.standardise(warp.middle(warp.cut(picture, warp.upright(*region, size), size), height))


def outputs(made: Model, known: Sequence[Piece]) -> np.ndarray:
    """(n, values) what a finished network says of pieces, cut as the product cuts them."""
    height, width = made.size
    return np.array([made.run(plain(piece.picture, piece.region, width, height))[0] for piece in known])
