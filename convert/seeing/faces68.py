"""Photographs of faces with the 68 points of the 300-W markup."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convert.data.folders import read_grey
from convert.errors import DataError, UsageError
from convert.files import read_arrays


@dataclass(frozen=True)
class MarkedFaces:
    """Grey crops (N, H, W) uint8 with points (N, 68, 2) in their pixels; ``source`` names each one's origin."""

    images: np.ndarray
    points: np.ndarray
    source: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def where(self, chosen: np.ndarray) -> MarkedFaces:
        """The faces that a mask or index chooses."""
        return MarkedFaces(self.images[chosen], self.points[chosen], self.source[chosen])


def load(path: Path, split: str) -> MarkedFaces:
    """Faces of a split ``train``, ``val`` or ``all``.

    ``path`` is a folder with points.npz (files, points, source, subject) and the pictures it
    names, where a subject is in val by the checksum of its name (one in ten), or a single .npz
    with images and points (and where they are known, sources), which is one split whole.
    """
    if path.is_file():
        arrays = read_arrays(path, "images", "points")
        count = len(arrays["images"])
        _check(path, arrays["points"], count)
        source = arrays.get("source", np.full(count, "user"))
        return MarkedFaces(arrays["images"], arrays["points"].astype(np.float32), source)
    if split not in ("train", "val", "all"):
        raise UsageError(f"--split {split}: marked faces are divided into train and val only")
    arrays = read_arrays(path / "points.npz", "files", "points", "source", "subject")
    _check(path / "points.npz", arrays["points"], len(arrays["files"]))
    held = np.array([zlib.crc32(str(name).encode()) % 10 == 0 for name in arrays["subject"]])
    chosen = np.flatnonzero({"train": ~held, "val": held, "all": np.ones_like(held)}[split])
    if not len(chosen):
        raise DataError(f"{path}: no faces of split {split}")
    images = [read_grey(path / str(arrays["files"][i])) for i in chosen]
    for i, image in zip(chosen, images, strict=True):
        if image.shape != images[0].shape:
            raise DataError(f"{path / str(arrays['files'][i])}: {image.shape}, the pictures before {images[0].shape}")
    return MarkedFaces(np.stack(images), arrays["points"][chosen], arrays["source"][chosen])


def _check(path: Path, points: np.ndarray, count: int) -> None:
    if points.shape != (count, 68, 2):
        raise DataError(f"{path}: points are {points.shape}, not 68 for each of {count} faces: ({count}, 68, 2)")
    wrong = ~np.isfinite(points).all(axis=(1, 2))
    if wrong.any():
        raise DataError(f"{path}: points[{int(wrong.argmax())}] holds a value that is not a number")


def subset(faces: MarkedFaces, sources: tuple[str, ...]) -> MarkedFaces:
    """Only the faces from these sources."""
    return faces.where(np.isin(faces.source, sources))
