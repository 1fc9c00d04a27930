"""Pictures of people and drivers marked by looking at them: the tables in ``convert/marks``.

A row is a picture's file, the middle between the eyes in its pixels, a word for what is there, and who says so: ``eye``
(somebody looked), ``name`` (the picture's own name), ``network`` (an earlier network was sure).
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from convert.errors import DataError
from convert.files import read_json
from convert.seeing.stills import Stills
from fer_edge.perception import shape

FOLDER = Path(__file__).parent.parent / "marks"
NEAR = 0.5
"""A face found is the marked one if its eyes' middle is no further away than this, in distances between the eyes."""


@dataclass(frozen=True)
class Mark:
    """One marked face: the picture's file, where its eyes' middle is, pixels, and what is there."""

    file: str
    x: float
    y: float
    word: str
    by: str


def read(table: Path, column: str, words: Collection[str]) -> list[Mark]:
    """The rows of a table whose ``column`` holds one of ``words``. Raises DataError with the line of a wrong one."""
    found = []
    with table.open(encoding="utf-8", newline="") as rows:
        for line, row in enumerate(csv.DictReader(rows), 2):
            try:
                mark = Mark(row["file"], float(row["x"]), float(row["y"]), row[column], row["by"])
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(f"{table}, line {line}: needs file, x, y (pixels), {column} and by") from error
            if mark.word not in words:
                raise DataError(
                    f"{table}, line {line}: {column} is {mark.word!r}; it must be one of {', '.join(words)}"
                )
            found.append(mark)
    return found


def faces(scenes: Path, split: str, marks: Collection[Mark]) -> Iterator[tuple[Mark, np.ndarray, np.ndarray]]:
    """Each marked face of ``split`` that the product finds: the mark, its grey picture and its 68 points.

    ``scenes`` is a folder of scenes (``faces`` and ``faces.json``). Raises DataError where there is none.
    """
    splits = {name: entry["split"] for name, entry in read_json(scenes / "faces.json").items()}
    stills = Stills()
    for mark in marks:
        if splits.get(mark.file) != split:
            continue
        image = cv2.imread(str(scenes / "faces" / mark.file), cv2.IMREAD_GRAYSCALE)
        if image is None:
            continue
        points = next((points for points in stills.points(image) if is_of(mark, points)), None)
        if points is not None:
            yield mark, image, points


def is_of(mark: Mark, points: np.ndarray) -> bool:
    """Whether the face with these 68 points is the marked one."""
    right, left = points[shape.RIGHT_EYE].mean(axis=0), points[shape.LEFT_EYE].mean(axis=0)
    x, y = (right + left) / 2
    return float(np.hypot(x - mark.x, y - mark.y)) <= NEAR * float(np.hypot(*(left - right)))
