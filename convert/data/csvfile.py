"""Kaggle's ``fer2013.csv`` and ``icml_face_data.csv``: emotion, pixels, Usage, and where known subject.

As Kaggle wrote them or as a spreadsheet saved them again: with commas, semicolons or tabs, in UTF-8 or UTF-16.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from convert.data.dataset import Dataset
from convert.errors import DataError

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


NOTHING = np.zeros((0, 0, 1), np.uint8)
"""The picture of a row whose pixels were not asked for."""


def read_csv(path: Path, split: str, unnamed: Sequence[str]) -> Dataset:
    """The rows of ``split``; every row where the file has no Usage column. Emotions are numbers of ``unnamed``.

    Column names may come in any order and case, with blanks around them. FER+ votes are taken from
    ``fer2013new.csv`` where it stands beside the file. Raises DataError with the line of the first
    row that cannot be used.
    """
    rows = list(_pictures(path, split, len(unnamed)))
    chosen = [index for index, row in enumerate(rows) if row.split in {split, None} or split == "all"]
    if not chosen:
        raise DataError(f"{path}: no rows in split {split}")
    images = [rows[index].image for index in chosen]
    for index, image in zip(chosen, images, strict=True):
        if image.shape != images[0].shape:
            raise DataError(f"{path}:{rows[index].line}: {image.size} pixels, the rows before have {images[0].size}")
    votes = _read_votes(path.with_name("fer2013new.csv"), len(rows))
    return Dataset(
        np.stack(images),
        np.array([rows[index].label for index in chosen], np.int64),
        tuple(unnamed),
        str(path),
        None if votes is None else votes[chosen],
        np.array([rows[index].subject for index in chosen]) if rows[0].subject is not None else None,
        whole=rows[chosen[0]].split is None,
    )


class _Row(NamedTuple):
    """One picture: the line it ends on, its split (None: the file has no Usage), label, pixels.

    Reading the pixels is what takes the time: those of other splits are left unread, and empty.
    """

    line: int
    split: str | None
    label: int
    image: NDArray[np.uint8]
    subject: str | None


def _pictures(path: Path, wanted: str, classes: int) -> Iterator[_Row]:
    """Every row of the file, those of the split ``wanted`` with their pixels."""
    csv.field_size_limit(1 << 24)
    with _text(path) as file:
        reader = csv.reader(file, delimiter=_delimiter(path))
        columns = _columns(path, next(_rows(path, reader), []))
        needed = max(columns.values()) + 1
        for row in _rows(path, reader):
            where = f"{path}:{reader.line_num}"
            if len(row) < needed:
                raise DataError(f"{where}: {len(row)} columns, {needed} needed; is the file truncated?")
            split = _split(where, row[columns["usage"]]) if "usage" in columns else None
            label = _label(where, row[columns["emotion"]], classes)
            unread = split not in {wanted, None} and wanted != "all"
            image = NOTHING if unread else _pixels(where, row[columns["pixels"]])
            yield _Row(reader.line_num, split, label, image, row[columns["subject"]] if "subject" in columns else None)


def _text(path: Path) -> TextIO:
    try:
        return path.open(newline="", encoding=_encoding(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def _encoding(path: Path) -> str:
    """UTF-16 where the file says so with its first two bytes, as spreadsheets do; else UTF-8."""
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "utf-8-sig"


def _delimiter(path: Path) -> str:
    """What stands between the columns of the header: the most frequent of comma, semicolon and tab."""
    with path.open(encoding=_encoding(path), errors="replace") as file:
        header = file.readline(1 << 16)
    return max(",;\t", key=header.count)


def _rows(path: Path, reader: Any) -> Iterator[list[str]]:
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
    return {name: columns[name] for name in ("emotion", "pixels", "usage", "subject") if name in columns}


def _label(where: str, text: str, classes: int) -> int:
    try:
        label = int(text)
    except ValueError:
        raise DataError(f"{where}: emotion {text.strip()[:20]!r} is not a number 0 to {classes - 1}") from None
    if not 0 <= label < classes:
        raise DataError(f"{where}: emotion {label} is not 0 to {classes - 1}")
    return label


def _pixels(where: str, text: str) -> NDArray[np.uint8]:
    try:
        values = np.array(text.split(), np.float64)
    except ValueError:
        raise DataError(f"{where}: pixels hold something that is not a number") from None
    side = int(np.sqrt(len(values)) + 0.5)
    if side == 0 or side * side != len(values):
        raise DataError(f"{where}: {len(values)} pixels do not form a square; is the row truncated?")
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 255):
        raise DataError(f"{where}: a pixel is not a number 0 to 255")
    if (values != np.round(values)).any():
        raise DataError(f"{where}: a pixel is not a whole number; use levels 0 to 255, not fractions")
    return values.astype(np.uint8).reshape(side, side, 1)


def _split(where: str, text: str) -> str:
    plain = text.strip().lower().replace(" ", "")
    if plain not in USAGE:
        raise DataError(f"{where}: Usage {text.strip()[:20]!r} is not one of Training, PublicTest, PrivateTest")
    return USAGE[plain]


def _read_votes(path: Path, rows: int) -> NDArray[np.int64] | None:
    """FER+ votes in the order of the pictures' rows; None where the file is not there."""
    if not path.is_file():
        return None
    votes: list[list[int]] = []
    with _text(path) as file:
        reader = csv.reader(file, delimiter=_delimiter(path))
        next(_rows(path, reader), [])
        for row in _rows(path, reader):
            try:
                votes.append([int(cell) for cell in row[2:12]])
            except ValueError:
                votes.append([])
            if len(votes[-1]) != 10:
                raise DataError(f"{path}:{reader.line_num}: expected ten vote counts after name and usage")
    if len(votes) != rows:
        raise DataError(f"{path}: {len(votes)} rows of votes for {rows} pictures")
    return np.array(votes, np.int64).reshape(-1, 10)
