"""Mouths: a set of crops with labels, and the mouths of marked faces with their aspect ratio."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convert.seeing import covers, faces68, pieces, worn
from convert.seeing.pieces import Group, Piece
from fer_edge.perception import shape
from fer_edge.perception.landmarks import box_of

OUTPUTS = ("wide_open", "visible")
NOT_WIDE, WIDE = 0.33, 0.5
"""Mouth aspect ratios up to which a marked mouth is not wide open (speech, smiles), and from which it is."""
REGION = ((0.5, 0.5), 0.96)
"""Centre and side, in sides of the crop, that frame a mouth of the set like :func:`shape.mouth_region`."""
NOT_A_MOUTH = (0.0, 0.0, 0.0, 1.0)
HIDDEN = 0.65
"""Share of the lips behind a hand or a cup from which there is no mouth to judge."""
TRIES = 12
"""Things drawn before a face until one hides its mouth."""
SHARES = {"labelled": 0.46, "speech": 0.28, "wide": 0.14}
"""Of every batch: the labelled set, marked mouths that talk, smile or rest, wide ones; the rest is no mouth."""


def labelled(path: Path, split: str) -> list[Piece]:
    """Mouths with labels: 1 wide_open, 0 not."""
    images, labels = pieces.labelled(path, split, ("not", OUTPUTS[0]))
    region = pieces.region_in(images, *REGION)
    return [Piece(image, region, (float(label), 1.0, 1.0, 1.0)) for image, label in zip(images, labels, strict=True)]


def marked(faces: faces68.MarkedFaces) -> list[Piece]:
    """The mouth of every face that is surely wide open, or surely not."""
    found = []
    for image, points in zip(faces.images, faces.points, strict=True):
        ratio = shape.mouth_aspect_ratio(points)
        if ratio < NOT_WIDE or ratio > WIDE:
            found.append(Piece(image, shape.mouth_region(points), (float(ratio > WIDE), 1.0, 1.0, 1.0)))
    return found


def yawning(faces: faces68.MarkedFaces) -> list[Piece]:
    """Marked mouths that are a little open, pulled wide."""
    rng = np.random.default_rng(68)
    found = []
    for image, points in zip(faces.images, faces.points, strict=True):
        if worn.can_yawn(points):
            drawn, moved = worn.yawn(image, points, rng)
            found.append(Piece(drawn, shape.mouth_region(moved), (1.0, 1.0, 1.0, 1.0)))
    return found


def sampler(path: Path, faces: faces68.MarkedFaces, size: int) -> pieces.Draw:
    """Draws batches from the labelled set, the marked mouths, and pieces that are no mouth."""
    mouths = marked(faces)
    groups = [
        Group(SHARES["labelled"], labelled(path, "train")),
        Group(SHARES["speech"], [mouth for mouth in mouths if not mouth.target[0]]),
        Group(SHARES["wide"], [mouth for mouth in mouths if mouth.target[0]] + yawning(faces)),
    ]
    return pieces.sampler(groups, lambda rng: no_mouth(faces, rng), size)


def no_mouth(faces: faces68.MarkedFaces, rng: np.random.Generator) -> Piece:
    """Where no mouth can be seen: elsewhere on the face, beside it, or under a mask or hand."""
    i = int(rng.integers(len(faces)))
    image, points = faces.images[i], faces.points[i]
    (x, y), side, angle = shape.mouth_region(points)
    kind = rng.random()
    if kind < 0.25:
        image = worn.mask(image, points, rng)
    elif kind < 0.65:
        return behind(image, points, rng)
    elif rng.random() < 0.5:
        x, y = (float(v) for v in points[int(rng.choice([1, 3, 13, 15, 19, 24, 28, 37, 40, 43, 46]))])
    else:
        away, turn = rng.uniform(1.3, 2.5) * side, rng.uniform(0, 2 * np.pi)
        x, y = x + away * np.cos(turn), y + away * np.sin(turn)
    return Piece(image, ((x, y), side, angle), NOT_A_MOUTH)


def behind(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> Piece:
    """A mouth, now and then a yawning one, that a hand, a cup, bread or a scarf hides.

    Where none of what was drawn came to lie over the lips, it is a mask.
    """
    if worn.can_yawn(points) and rng.random() < 0.4:
        image, points = worn.yawn(image, points, rng)
    box, region = box_of(points), shape.mouth_region(points)
    low, high = (
        np.clip(np.round(edge(points[48:60], axis=0)).astype(int), 0, image.shape[0] - 1) for edge in (np.min, np.max)
    )
    lips = np.s_[low[1] : high[1] + 1, low[0] : high[0] + 1]
    for _ in range(TRIES):
        sides = np.array([box.x, box.y, box.width, box.height])
        drawn = covers.covered(image, sides, rng, angle=shape.tilt(points))
        if (drawn[lips] != image[lips]).mean() > HIDDEN:
            return Piece(drawn, region, NOT_A_MOUTH)
    return Piece(worn.mask(image, points, rng), region, NOT_A_MOUTH)
