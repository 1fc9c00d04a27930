"""Mouths: a set of crops with labels, those of marked faces with their aspect ratio, and those marked by looking."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convert.seeing import covers, faces68, marks, pieces, worn
from convert.seeing.marks import Mark
from convert.seeing.pieces import Group, Piece
from convert.seeing.stills import sides
from fer_edge.perception import shape
from fer_edge.perception.mouth import MouthReader
from fer_edge.perception.pose import Pose

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
AHEAD = Pose(0.0, 0.0, 0.0)
"""Mouths of scenes are judged however far the head is turned."""
TABLE = marks.FOLDER / "mouths.csv"
WORDS = {"not": (0.0, 1.0, 1.0, 1.0), "wide": (1.0, 1.0, 1.0, 1.0), "hidden": NOT_A_MOUTH}
"""What a mark says: talking, smiling or at rest; wide open, in a yawn or a laugh; behind a hand, food or a mask."""
SHARES = {"labelled": 0.34, "speech": 0.18, "wide": 0.1, "not": 0.12, "wide in scenes": 0.09, "hidden": 0.05}
"""Of every batch: the labelled set, the marked faces' mouths, those of scenes by their marks; the rest is no mouth."""


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


def scenes(folder: Path, split: str, table: Path = TABLE) -> list[tuple[Piece, Mark]]:
    """The mouth of every marked face of ``split`` in a folder of scenes (``faces`` and ``faces.json``)."""
    return [
        (Piece(image, shape.mouth_region(points), WORDS[mark.word]), mark)
        for mark, image, points in marks.faces(folder, split, marks.read(table, "mouth", WORDS))
    ]


def sampler(path: Path, faces: faces68.MarkedFaces, folder: Path | None, size: int) -> pieces.Draw:
    """Draws batches from the labelled set, the marked mouths, those of scenes, and pieces that are no mouth."""
    mouths, seen = marked(faces), scenes(folder, "train") if folder else []
    by_word = {word: [mouth for mouth, mark in seen if mark.word == word] for word in WORDS}
    groups = [
        Group(SHARES["labelled"], labelled(path, "train")),
        Group(SHARES["speech"], [mouth for mouth in mouths if not mouth.target[0]]),
        Group(SHARES["wide"], [mouth for mouth in mouths if mouth.target[0]] + yawning(faces)),
        Group(SHARES["not"], by_word["not"]),
        Group(SHARES["wide in scenes"], by_word["wide"]),
        Group(SHARES["hidden"], by_word["hidden"]),
    ]
    return pieces.sampler(groups, lambda rng: no_mouth(faces, rng), size)


def told(model: Path, folder: Path, split: str, table: Path = TABLE) -> dict[str, dict[str, int]]:
    """By mark: how many mouths of scenes the product's reader calls wide open, not, and unknown."""
    reader, said = MouthReader(model), {word: {"n": 0, "wide": 0, "not": 0, "unknown": 0} for word in WORDS}
    for mark, image, points in marks.faces(folder, split, marks.read(table, "mouth", WORDS)):
        wide = reader.read(image, points, AHEAD)
        said[mark.word]["n"] += 1
        said[mark.word]["unknown" if wide is None else "wide" if wide > 0.5 else "not"] += 1
    return said


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
    box, region = sides(points), shape.mouth_region(points)
    low, high = (
        np.clip(np.round(edge(points[48:60], axis=0)).astype(int), 0, image.shape[0] - 1) for edge in (np.min, np.max)
    )
    lips = np.s_[low[1] : high[1] + 1, low[0] : high[0] + 1]
    for _ in range(TRIES):
        drawn = covers.covered(image, box, rng, angle=shape.tilt(points))
        if (drawn[lips] != image[lips]).mean() > HIDDEN:
            return Piece(drawn, region, NOT_A_MOUTH)
    return Piece(worn.mask(image, points, rng), region, NOT_A_MOUTH)
