"""Photographs of faces with the 68 points of the 300-W markup."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from convert.errors import DataError
from convert.seeing import npz


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
    with images and points, which is one split whole.
    """
    if path.is_file():
        arrays = npz.arrays(path, "images", "points")
        count = len(arrays["images"])
        return MarkedFaces(arrays["images"], arrays["points"].astype(np.float32), np.full(count, "user"))
    arrays = npz.arrays(path / "points.npz", "files", "points", "source", "subject")
    held = np.array([zlib.crc32(str(name).encode()) % 10 == 0 for name in arrays["subject"]])
    chosen = np.flatnonzero({"train": ~held, "val": held, "all": np.ones_like(held)}[split])
    if not len(chosen):
        raise DataError(f"{path}: no faces of split {split}")
    images = [_read(path / str(arrays["files"][i])) for i in chosen]
    return MarkedFaces(np.stack(images), arrays["points"][chosen], arrays["source"][chosen])


def _read(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise DataError(f"{path}: cannot be read as a picture")
    return picture


def subset(faces: MarkedFaces, sources: tuple[str, ...]) -> MarkedFaces:
    """Only the faces from these sources."""
    return faces.where(np.isin(faces.source, sources))
