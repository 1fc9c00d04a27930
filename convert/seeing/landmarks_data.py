"""Crops for the landmark network: marked faces, faces with five taught points, and places without a face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convert.augment import Variation, cover, vary
from convert.seeing import covers, faces68, turned, worn
from convert.seeing.pieces import Draw, One, batched, plain
from convert.seeing.scenes import Scene
from convert.seeing.stills import sides
from fer_edge.perception import shape, warp
from fer_edge.perception.detector import Tiny
from fer_edge.perception.landmarks import BOX_DOWN, BOX_SIDE, UNITS, region_of
from fer_edge.settings.perception import TinyDetector

POINTS = 68
TARGETS = 2 * POINTS + 10 + 1 + 3
"""68 points, five taught points, whether it is a face, and the weight of each of the three."""
SHARES = {"marked": 0.66, "taught": 0.17}
"""Of every batch: faces with 68 points and with 5; the rest shows no face."""
RARE = 4.0
"""How much more often a marked face with shut eyes or a wide mouth is drawn."""
GLASSES_SHARE, YAWN_SHARE = 0.04, 0.2
"""How often dark glasses are drawn on a marked face, and a mouth that allows it is pulled wide open."""
LIT_SHARE, COVERED_SHARE = 0.12, 0.3
"""How often light comes from one side of a face only, and something stands before it; both also where none is."""
TURNED_SHARE = 0.35
"""How often a marked face is turned to the side, up or down."""
TURNED_COPIES = {"helen": 4.0, "afw": 4.0, "ytf": 0.4, "scenes": 0.4, "fer2013": 0.04}
"""Copies made of a face, by source (one of a source not named): of a person ytf has ten frames alike."""
WEIGHTS = {"ytf": 0.2, "scenes": 0.35, "fer2013": 0.06}
"""How often a face of a source is drawn beside a marked photograph: ytf has ten frames alike of a person, and what
a teacher told is less exact, in the small pictures of FER2013 most of all."""
VARIATION = Variation(cover_share=0.2)
AS_IT_IS = Variation(plain_share=1.0, cover_share=0.0)
DOUBTFUL = 0.15
"""The least score at which a detector's mistake is worth learning from."""
MISTAKEN_SHARE = 0.5
"""Of the crops without a face: what a detector took for one."""
Mistaken = tuple[np.ndarray, shape.Region]
"""A picture and where no face is in it."""


@dataclass(frozen=True)
class Spread:
    """How far a crop strays from the face: degrees, shares of its side, a factor of size."""

    angle: float
    shift: float
    scale: float


STEADY, STRAYED = Spread(6.0, 0.03, 1.10), Spread(22.0, 0.09, 1.30)
"""A face being tracked, and a face just detected."""


def box_region(box: np.ndarray, angle: float = 0.0) -> shape.Region:
    """The landmark crop for a detector's box, as the product takes it."""
    x, y, width, height = (float(v) for v in box)
    return (x + width / 2, y + BOX_DOWN * height), BOX_SIDE * max(width, height), angle


def sampler(
    faces: faces68.MarkedFaces,
    scenes: Sequence[Scene],
    empty: Sequence[Scene],
    size: int,
    seed: int = 1,
    mistaken: Sequence[Mistaken] = (),
    calm: float = 0.0,
) -> Draw:
    """Draws batches of (pictures, targets). ``mistaken`` is what :func:`taken_for_faces` gave.

    ``calm`` is the share of marked faces shown as they are, hardly strayed and in their own light:
    for a last stage, since such faces are what a tracked driver's mostly look like.
    """
    aside = turned.many(faces, TURNED_COPIES, seed)
    regions = [shape.face_region(points) for points in faces.points]
    chances = _chances(faces)
    patterns = [scene.picture for scene in empty]
    taught = [
        (scene.picture, box, points)
        for scene in scenes
        for box, points in zip(scene.boxes, scene.points, strict=True)
        if max(box[2:]) >= 36 and np.isfinite(points).all()
    ]

    def face(rng: np.random.Generator) -> One:
        i = int(np.searchsorted(chances, rng.random()))
        image, points, region = faces.images[i], faces.points[i], regions[i]
        if aside and rng.random() < TURNED_SHARE:
            return turned_face(rng)
        kind = rng.random()
        if kind < GLASSES_SHARE:
            image = worn.sunglasses(image, points, rng)
        elif kind < GLASSES_SHARE + YAWN_SHARE and worn.can_yawn(points):
            image, points = worn.yawn(image, points, rng)
            region = shape.face_region(points)
        image = _beset(image, points, patterns, rng)
        if rng.random() < calm:
            piece, known = _cut(image, region, points, size, STEADY, rng, AS_IT_IS)
        else:
            piece, known = _cut(image, region, points, size, _spread(rng), rng)
        return piece, _target(full=known)

    def turned_face(rng: np.random.Generator) -> One:
        shown = aside[int(rng.integers(len(aside)))]
        told = np.where(shown.hidden[:, None], np.nan, shown.points)
        image = _beset(shown.image, shown.points, patterns, rng)
        piece, known = _cut(image, shape.face_region(shown.points), told, size, _spread(rng), rng)
        return piece, _target(full=known)

    def taught_face(rng: np.random.Generator) -> One:
        image, box, points = taught[int(rng.integers(len(taught)))]
        angle = float(np.degrees(np.arctan2(*(points[1] - points[0])[::-1])))
        angle = angle if abs(angle) < 60 else 0.0
        image, region = (
            covers.beset(image, box, rng, (LIT_SHARE, COVERED_SHARE), patterns, angle),
            box_region(box, angle),
        )
        piece, known = _cut(image, region, points, size, STRAYED, rng)
        return piece, _target(weak=known)

    def one(rng: np.random.Generator) -> One:
        kind = rng.random()
        if kind < SHARES["marked"] or (not taught and kind < SHARES["marked"] + SHARES["taught"]):
            return face(rng)
        if kind < SHARES["marked"] + SHARES["taught"]:
            return taught_face(rng)
        return no_face(faces, regions, empty, size, rng, mistaken), _target()

    return batched(one)


def unvaried(faces: faces68.MarkedFaces, size: int, count: int, seed: int) -> np.ndarray:
    """Crops (count, size, size) as a good camera gives them.

    Ranges taken from varied crops are stretched by the worst of them: on Helen and AFW faces the
    error of the points was 6.2 % with those, 6.0 % with these, as in float.
    """
    chosen = np.random.default_rng(seed).permutation(len(faces))[:count]
    regions = [shape.face_region(faces.points[i]) for i in chosen]
    return np.stack([plain(faces.images[i], region, size) for i, region in zip(chosen, regions, strict=True)])


def _chances(faces: faces68.MarkedFaces) -> np.ndarray:
    """Cumulative chance of each face to be drawn."""
    weight = np.array([WEIGHTS.get(str(source), 1.0) for source in faces.source])
    for i, points in enumerate(faces.points):
        ratio = min(shape.eye_aspect_ratio(points[part]) for part in (shape.RIGHT_EYE, shape.LEFT_EYE))
        rare = ratio < 0.1 or shape.mouth_aspect_ratio(points) > 0.4
        weight[i] *= RARE if rare and faces.source[i] != "ytf" else 1.0
    total = np.cumsum(weight)
    return total / total[-1]


def _beset(
    image: np.ndarray, points: np.ndarray, patterns: Sequence[np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    return covers.beset(image, sides(points), rng, (LIT_SHARE, COVERED_SHARE), patterns, shape.tilt(points))


def _spread(rng: np.random.Generator) -> Spread:
    return STEADY if rng.random() < 0.5 else STRAYED


def _cut(
    image: np.ndarray,
    region: shape.Region,
    points: np.ndarray,
    size: int,
    spread: Spread,
    rng: np.random.Generator,
    variation: Variation = VARIATION,
) -> tuple[np.ndarray, np.ndarray]:
    """A varied crop and the points in its pixels, mirrored half of the time."""
    (x, y), side, angle = region
    side *= np.exp(rng.uniform(-1, 1) * np.log(spread.scale))
    x, y = x + rng.normal() * spread.shift * side, y + rng.normal() * spread.shift * side
    matrix = warp.upright((x, y), side, angle + float(np.clip(rng.normal(), -2, 2)) * spread.angle, size)
    piece = warp.cut(image, matrix, size)
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    if rng.random() < 0.5:
        piece = np.ascontiguousarray(piece[:, ::-1])
        moved[:, 0] = size - 1 - moved[:, 0]
        moved = moved[shape.MIRRORED] if len(moved) == POINTS else moved[[1, 0, 2, 4, 3]]
    piece = vary(piece, variation, rng)
    if rng.random() < variation.cover_share:
        piece = cover(piece, rng, 0.4)
    return warp.standardise(piece), (moved + 0.5) / size * UNITS - UNITS / 2


def _target(full: np.ndarray | None = None, weak: np.ndarray | None = None) -> np.ndarray:
    target = np.zeros(TARGETS, np.float32)
    target[-1] = 1.0
    if full is not None:
        target[: 2 * POINTS], target[-3] = full.ravel(), 1.0
    if weak is not None:
        target[2 * POINTS : 2 * POINTS + 10], target[-2] = weak.ravel(), 1.0
    if full is not None or weak is not None:
        target[-4] = 1.0
    return target


def taken_for_faces(detector: Path, empty: Sequence[Scene]) -> list[Mistaken]:
    """Where a detector sees faces in scenes that have none, and the crops the product would look at there."""
    finder = Tiny(TinyDetector(path=str(detector), score=DOUBTFUL))
    return [(scene.picture, region_of(face)) for scene in empty for face in finder.find(scene.picture)]


def no_face(
    faces: faces68.MarkedFaces,
    regions: Sequence[shape.Region],
    empty: Sequence[Scene],
    size: int,
    rng: np.random.Generator,
    mistaken: Sequence[Mistaken] = (),
) -> np.ndarray:
    """A crop from a scene without faces, or one so far off a face that tracking it has failed."""
    if mistaken and rng.random() < MISTAKEN_SHARE:
        picture, region = mistaken[int(rng.integers(len(mistaken)))]
        return _cut(picture, region, np.zeros((5, 2)), size, STRAYED, rng)[0]
    if empty and rng.random() < 0.6:
        picture = empty[int(rng.integers(len(empty)))].picture
        side = rng.uniform(0.15, 0.9) * min(picture.shape)
        centre = (rng.uniform(0, picture.shape[1]), rng.uniform(0, picture.shape[0]))
    else:
        i = int(rng.integers(len(faces)))
        picture, ((x, y), side, _) = faces.images[i], regions[i]
        if rng.random() < 0.5:
            turn, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.55, 0.9) * side
            centre = (x + away * np.cos(turn), y + away * np.sin(turn))
        else:
            side *= rng.uniform(0.2, 0.42)
            centre = (x + rng.normal() * 0.2 * side, y + rng.normal() * 0.2 * side)
    corner = np.array([*centre, 0, 0]) + side * np.array([-0.32, -0.4, 0.64, 0.8])
    picture = covers.beset(picture, corner, rng, (LIT_SHARE, COVERED_SHARE), [scene.picture for scene in empty])
    piece = warp.cut(picture, warp.upright(centre, side, rng.normal() * 20, size), size)
    return warp.standardise(vary(piece, VARIATION, rng))
