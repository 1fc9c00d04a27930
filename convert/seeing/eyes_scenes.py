"""Eyes in pictures of people and drivers, marked by looking at them: ``convert/marks/eyes.csv``.

A row is a picture, the middle between the eyes in its pixels, what the eyes are, and who says so: ``eye`` (somebody
looked), ``name`` (the picture's own name), ``network`` (an earlier network was sure that they are open).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from convert.errors import DataError
from convert.seeing import eyes_data, lids
from convert.seeing.pieces import Piece, in_middle
from fer_edge.perception import shape, warp

MARKS = Path(__file__).parent.parent / "marks" / "eyes.csv"
NEAR = 0.5
"""A face found is the marked one if its eyes' middle is no further away than this, in distances between the eyes."""
OPEN_EYES = (0, 0, 0, 1)
TARGETS = {
    "shut": eyes_data.target(eyes_data.SHUT, 0.0, told=0.0),
    "lowered": eyes_data.target(eyes_data.LOWERED, told=1.0),
    "down": eyes_data.target(eyes_data.LOW),
    "nearly shut": eyes_data.target(eyes_data.NEARLY_SHUT),
    "narrowed": eyes_data.target(eyes_data.NARROWED),
    "not shut": eyes_data.target(eyes_data.NOT_SHUT),
    "open": eyes_data.target(OPEN_EYES),
    "none": eyes_data.NO_EYE,
}
"""What the marks mean. ``down``: lids that are down over eyes that cannot be told, asleep or not."""
TIMES = {"shut": 2, "lowered": 3, "narrowed": 2, "none": 3}
"""How often an eye stands among those to learn from, if not once: the rare ones are what matters."""


@dataclass(frozen=True)
class Mark:
    """One marked face: the picture's file, where its eyes' middle is, pixels, and what they are."""

    file: str
    x: float
    y: float
    eyes: str
    by: str


def marks(path: Path = MARKS) -> list[Mark]:
    """The rows of a table of marks. Raises DataError with the line of one that is wrong."""
    found = []
    with path.open(encoding="utf-8", newline="") as rows:
        for line, row in enumerate(csv.DictReader(rows), 2):
            try:
                mark = Mark(row["file"], float(row["x"]), float(row["y"]), row["eyes"], row["by"])
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(f"{path}, line {line}: needs file, x, y (pixels), eyes and by") from error
            if mark.eyes not in TARGETS:
                raise DataError(f"{path}, line {line}: eyes is {mark.eyes!r}; it must be one of {', '.join(TARGETS)}")
            found.append(mark)
    return found


def load(scenes: Path, split: str, path: Path = MARKS) -> list[tuple[Piece, Mark]]:
    """Both eyes of every marked face of ``split`` in a folder of scenes (``faces`` and ``faces.json``)."""
    listed = scenes / "faces.json"
    if not listed.is_file():
        raise DataError(f"{listed}: no such file; it lists the scenes and their split")
    splits = {name: entry["split"] for name, entry in json.loads(listed.read_text(encoding="utf-8")).items()}
    chosen = [mark for mark in marks(path) if splits.get(mark.file) == split]
    return [(eye, mark) for mark, eye in _eyes(scenes / "faces", chosen)]


def to_learn_from(scenes: Path) -> list[Piece]:
    """The training part's eyes, the rare kinds several times."""
    return [eye for eye, mark in load(scenes, "train") for _ in range(TIMES.get(mark.eyes, 1))]


def _eyes(folder: Path, chosen: list[Mark]) -> Iterator[tuple[Mark, Piece]]:
    from fer_edge.perception.faces import make_finder
    from fer_edge.perception.follower import first_reading
    from fer_edge.perception.landmarks import Landmarks
    from fer_edge.settings import Settings

    finder, landmarks = make_finder(Settings().perception), Landmarks()
    for mark in chosen:
        image = cv2.imread(str(folder / mark.file), cv2.IMREAD_GRAYSCALE)
        if image is None:
            continue
        for face in finder.find(image, None):
            reading = first_reading(landmarks, image, face)
            if reading is not None and _is_it(mark, reading.points):
                for region in shape.eye_regions(reading.points):
                    yield mark, _known(image, region, mark)
                break


def _is_it(mark: Mark, points: np.ndarray) -> bool:
    right, left = points[shape.RIGHT_EYE].mean(axis=0), points[shape.LEFT_EYE].mean(axis=0)
    x, y = (right + left) / 2
    return float(np.hypot(x - mark.x, y - mark.y)) <= NEAR * float(np.hypot(*(left - right)))


def _known(image: np.ndarray, region: shape.Region, mark: Mark) -> Piece:
    centre, side, angle = region
    patch = warp.cut(image, warp.upright(centre, side * 1.5, angle, lids.PATCH), lids.PATCH)
    return in_middle(patch, lids.PATCH / 1.5, TARGETS[mark.eyes])
