"""Eyes as the network is shown them: lids and irises drawn where chance puts them, crops varied, and no eyes at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from convert.augment import Variation, coarse
from convert.seeing import faces68, lids, pieces, worn
from convert.seeing.eyes_data import (
    HALF,
    LOW,
    LOWERED,
    NARROWED,
    NEARLY_SHUT,
    NO_EYE,
    SHUT,
    SURELY_SEEN,
    Target,
    as_it_is,
    as_seen,
    degrees,
    of_patch,
    target,
)
from convert.seeing.lids import Eye
from convert.seeing.pieces import Group, Piece
from fer_edge.perception import shape, warp

SHARES = {
    "close": 0.2,
    "wide": 0.1,
    "marked": 0.16,
    "masks": 0.09,
    "low": 0.05,
    "video": 0.02,
    "scenes": 0.2,
    "glasses": 0.03,
    "drawn": 0.07,
}
"""Of every batch; what is left is no eye."""
SHARP = Variation(blur_share=0.15, blur=0.7, coarse_share=0.0, noise=7.0, cover_share=0.075, cover_size=0.3)
"""Less blur than elsewhere: an iris under a low lid is one or two pixels high."""
COARSE_SHARE, COARSEST = 0.4, 0.4
"""Share of crops that are made coarser, and the least that is left of their pixels' number along a side."""


def sampler(
    groups: dict[str, Sequence[Piece | Eye]], nothing: Callable[[np.random.Generator], Piece], size: int
) -> pieces.Draw:
    """Draws varied batches ((n, size, size) uint8, (n, 14) float32); an empty group's share goes to the others."""
    shares = [Group(SHARES[name], eyes) for name, eyes in groups.items()]
    return pieces.sampler(shares, nothing, size, SHARP, ready=_ready, mirrored=_mirrored, spoiled=_spoiled)


def _ready(chosen: Piece | Eye, rng: np.random.Generator) -> Piece:
    if isinstance(chosen, Piece):
        return chosen
    eye, values = redrawn(chosen, rng)
    return of_patch(eye.picture, values)


def _mirrored(values: Target) -> Target:
    return (*values[:7], -values[7], *values[8:])


def _spoiled(piece: np.ndarray, values: Target, rng: np.random.Generator) -> tuple[np.ndarray, Target]:
    """The crop made coarser now and then, and what can then be told."""
    if rng.random() >= COARSE_SHARE:
        return piece, values
    left = float(rng.uniform(COARSEST, 1.0))
    return coarse(piece, left), as_seen(values, left)


def redrawn(eye: Eye, rng: np.random.Generator) -> tuple[Eye, Target]:
    """The eye with its lids and iris where chance puts them, and what is then true of it."""
    drawable = eye.openness > 0.4 and bool(np.isfinite(eye.upper).any())
    if not drawable:
        return eye, as_it_is(eye)
    if eye.iris is not None and rng.random() < 0.5:
        eye = lids.move_iris(eye, float(rng.uniform(-0.16, 0.16)), float(rng.uniform(-0.05, 0.06)))
    kind, lash = rng.random(), float(rng.uniform(0, 0.5)) * float(rng.random() < 0.7)
    if kind < 0.32:
        return eye, as_it_is(eye)
    if kind < 0.52:
        above = float(rng.uniform(0.75, 1.0))
        rest = float(rng.uniform(0.0, 0.05))
        return lids.close(eye, above - rest, 1 - above, lash), target(SHUT, 0.0, told=0.0)
    left = float(rng.uniform(0.13, 0.5)) / eye.openness
    if kind < 0.78:
        eye = lids.move_iris(eye, 0.0, float(rng.uniform(0.02, 0.16)))
        below = float(rng.uniform(0, 0.1))
        eye = lids.close(eye, max(1 - left - below, 0.0), below, lash)
        if eye.openness < SURELY_SEEN:
            return eye, target(LOW, eye.openness)
        return eye, target(
            LOWERED, eye.openness, degrees(eye.iris), gaze_weight=0.5, told=None if eye.iris is None else 1.0
        )
    if kind < 0.94:
        below = float(rng.uniform(0.35, 0.7)) * (1 - left)
        eye = lids.close(eye, max(1 - left - below, 0.0), below, lash)
        if eye.openness < SURELY_SEEN:
            return eye, target(NEARLY_SHUT, eye.openness)
        return eye, target(NARROWED, eye.openness, degrees(eye.iris), gaze_weight=0.5)
    eye = lids.close(eye, max(1 - float(rng.uniform(0.5, 0.7)) / eye.openness, 0.0), 0.0, lash)
    return eye, target(HALF, eye.openness, degrees(eye.iris))


def no_eye(faces: faces68.MarkedFaces) -> Callable[[np.random.Generator], Piece]:
    """Where no eye can be seen: cheek, mouth, hair, background, or dark or mirroring glasses over the eye."""

    def draw(rng: np.random.Generator) -> Piece:
        i = int(rng.integers(len(faces)))
        image, points = faces.images[i], faces.points[i]
        (x, y), side, angle = shape.eye_regions(points)[int(rng.integers(2))]
        kind = rng.random()
        if kind < 0.35:
            image = worn.sunglasses(image, points, rng)
        elif kind < 0.55:
            image = worn.glare(image, points, faces.images[int(rng.integers(len(faces)))], rng)
        elif rng.random() < 0.5:
            x, y = (float(v) for v in points[int(rng.choice([2, 4, 8, 12, 14, 31, 35, 48, 51, 54, 57]))])
            side *= rng.uniform(0.8, 2)
        else:
            away, turn = rng.uniform(1.3, 2.5) * side, rng.uniform(-np.pi, 0)
            x, y = x + away * np.cos(turn), y + away * np.sin(turn)
        patch = warp.cut(image, warp.upright((x, y), side * 1.5, angle, lids.PATCH), lids.PATCH)
        return of_patch(patch, NO_EYE)

    return draw
