"""Eyes: two sets of crops with labels, and the eyes of marked faces with their aspect ratio."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from convert.seeing import faces68, npz, pieces, worn
from convert.seeing.pieces import Group, Piece
from fer_edge.perception import shape

OUTPUTS = ("closed", "openness", "visible")
SHUT_RATIO, WIDE_RATIO = 0.09, 0.30
"""Eye aspect ratios of the markup at which openness is 0 and 1."""
SURELY_SHUT, SURELY_OPEN = 0.095, 0.175
"""Between these ratios a marked eye teaches openness only, not open or closed."""
CLOSE_REGION = ((0.5, 0.5), 22 / 24)
WIDE_REGION = ((0.5, 0.557), 76 / 96)
"""Centre and side, in sides of the crop, that frame an eye of the two sets like :func:`shape.eye_regions`."""
NOT_AN_EYE = (0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
SHARES = {"close": 0.42, "wide": 0.17, "shut": 0.1, "open": 0.14}
"""Of every batch: eyes of close crops, of wide crops, marked shut and marked others; the rest is no eye."""


def labelled(path: Path, split: str) -> list[Piece]:
    """The eyes of an .npz with images and labels (1 open, 0 closed)."""
    images, labels = npz.images_and_labels(path, split, classes=2)
    centre, side = CLOSE_REGION if images.shape[1] < 64 else WIDE_REGION
    region = npz.region_in(images, centre, side)
    return [
        Piece(image, region, (float(label == 0), 0.0, 1.0, 1.0, 0.0, 1.0))
        for image, label in zip(images, labels, strict=True)
    ]


def marked(faces: faces68.MarkedFaces) -> list[Piece]:
    """Both eyes of every face but those of video frames (ytf), too coarse to tell open from closed."""
    faces = faces.where(faces.source != "ytf")
    found = []
    for image, points in zip(faces.images, faces.points, strict=True):
        for part, region in zip((shape.RIGHT_EYE, shape.LEFT_EYE), shape.eye_regions(points), strict=True):
            ratio = shape.eye_aspect_ratio(points[part])
            sure = ratio < SURELY_SHUT or ratio > SURELY_OPEN
            openness = float(np.clip((ratio - SHUT_RATIO) / (WIDE_RATIO - SHUT_RATIO), 0, 1))
            target = (float(ratio < SURELY_SHUT), openness, 1.0, float(sure), 1.0, 1.0)
            found.append(Piece(image, region, target))
    return found


def sampler(sets: list[Path], faces: faces68.MarkedFaces, size: int) -> Callable:
    """Draws batches from the labelled sets, the marked eyes, and pieces that are no eye."""
    eyes = marked(faces)
    groups = [Group((SHARES["close"] + SHARES["wide"]) / len(sets), labelled(path, "train")) for path in sets]
    if len(sets) == 2:
        groups = [Group(SHARES[n], g.pieces) for n, g in zip(("close", "wide"), groups, strict=True)]
    shut = [eye for eye in eyes if eye.target[0] and eye.target[3]]
    groups += [Group(SHARES["shut"], shut), Group(SHARES["open"], [eye for eye in eyes if not eye.target[0]])]
    return pieces.sampler(groups, lambda rng: no_eye(faces, rng), size)


def no_eye(faces: faces68.MarkedFaces, rng: np.random.Generator) -> Piece:
    """Where no eye can be seen: cheek, mouth, hair, background, or dark or mirroring glasses over the eye."""
    i = int(rng.integers(len(faces)))
    image, points = faces.images[i], faces.points[i]
    (x, y), side, angle = shape.eye_regions(points)[int(rng.integers(2))]
    kind = rng.random()
    if kind < 0.3:
        image = worn.sunglasses(image, points, rng)
    elif kind < 0.6:
        image = worn.glare(image, points, faces.images[int(rng.integers(len(faces)))], rng)
    elif rng.random() < 0.5:
        x, y = (float(v) for v in points[int(rng.choice([2, 4, 8, 12, 14, 31, 35, 48, 51, 54, 57]))])
        side *= rng.uniform(0.8, 2)
    else:
        away, turn = rng.uniform(1.3, 2.5) * side, rng.uniform(-np.pi, 0)
        x, y = x + away * np.cos(turn), y + away * np.sin(turn)
    return Piece(image, ((x, y), side, angle), NOT_AN_EYE)
