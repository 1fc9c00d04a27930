"""Kaggle's ``fer2013.csv`` and ``icml_face_data.csv``: emotion, pixels, Usage."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.data.dataset import Dataset
from convert.errors import DataError
from convert.labels import LABEL_SETS

USAGE = {
    "training": "train",
    "train": "train",
    "publictest": "val",
    "validation": "val",
    "val": "val",
    "privatetest": "test",
    "test": "test",
}
"""What a row's Usage says, without blanks and case, and the split it stands for."""


def read_csv(path: Path, split: str) -> Dataset:
    """The rows of ``split``; every row where the file has no Usage column.

    Column names may come in any order and case, with blanks around them. Raises DataError with the
    line of the first row that cannot be used.
    """
    csv.field_size_limit(min(sys.maxsize, 1 << 24))
    images: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    lines: list[int] = []
    with _text(path) as file:
        reader = csv.reader(file)
        columns = _columns(path, next(reader, []))
        for row in _rows(path, reader):
            where = f"{path}:{reader.line_num}"
            if len(row) <= max(columns.values()):
                raise DataError(
                    f"{where}: {len(row)} columns, {max(columns.values()) + 1} needed; is the file truncated?"
                )
            label = _label(where, row[columns["emotion"]])
            image = _pixels(where, row[columns["pixels"]])
            if "usage" in columns and _split(where, row[columns["usage"]]) != split:
                continue
            if images and image.shape != images[0].shape:
                raise DataError(f"{where}: {image.size} pixels, the rows before have {images[0].size}")
            images.append(image)
            labels.append(label)
            lines.append(reader.line_num)
    if not images:
        raise DataError(f"{path}: no rows in split {split}")
    origins = [f"{path.name}:{line}" for line in lines]
    return Dataset(np.stack(images), np.array(labels, np.int64), LABEL_SETS[7], str(path), None, origins)


def _text(path: Path):  # type: ignore[no-untyped-def]
    try:
        return path.open(newline="", encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def _rows(path: Path, reader):  # type: ignore[no-untyped-def]
    """The reader's rows, blank lines left out, its own faults with file and line."""
    try:
        yield from (row for row in reader if row)
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path}:{reader.line_num + 1}: not CSV text ({error})") from None


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    columns = {name.strip().lower(): index for index, name in enumerate(header)}
    missing = [name for name in ("emotion", "pixels") if name not in columns]
    if missing:
        have = ", ".join(name.strip() for name in header)[:80]
        raise DataError(f"{path}:1: no column {' and '.join(missing)} (the header is {have or 'empty'})")
    return {name: columns[name] for name in ("emotion", "pixels", "usage") if name in columns}


def _label(where: str, text: str) -> int:
    try:
        label = int(text)
    except ValueError:
        raise DataError(f"{where}: emotion {text.strip()[:20]!r} is not a number 0 to 6") from None
    if not 0 <= label < 7:
        raise DataError(f"{where}: emotion {label} is not 0 to 6")
    return label


def _pixels(where: str, text: str) -> NDArray[np.uint8]:
    try:
        values = np.array(text.split(), np.float64)
    except ValueError:
        raise DataError(f"{where}: pixels hold something that is not a number") from None
    side = int(np.sqrt(len(values)) + 0.5)
    if side == 0 or side * side != len(values):
        raise DataError(f"{where}: {len(values)} pixels make no square; is the row truncated?")
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 255):
        raise DataError(f"{where}: a pixel is not a number 0 to 255")
    return values.astype(np.uint8).reshape(side, side, 1)


def _split(where: str, text: str) -> str:
    plain = text.strip().lower().replace(" ", "")
    if plain not in USAGE:
        raise DataError(f"{where}: Usage {text.strip()[:20]!r} is none of Training, PublicTest, PrivateTest")
    return USAGE[plain]
