"""Pictures and labels from .npz files, checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convert.data.npzfile import split_name
from convert.errors import DataError
from convert.files import read_arrays


def arrays(path: Path, *names: str) -> dict[str, np.ndarray]:
    """The arrays of an .npz, at least those named. Raises DataError where they are not there."""
    found = read_arrays(path)
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(f"{path}: has no array {', '.join(missing)}; it must hold {', '.join(names)}")
    return found


def images_and_labels(path: Path, split: str, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """uint8 (N, H, W) pictures and their labels; of one split where the file has them."""
    found = arrays(path, "images", "labels")
    images, labels = found["images"], found["labels"]
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise DataError(f"{path}: images must be uint8 (N, H, W); got {images.dtype} {images.shape}")
    if images.ndim == 4:
        images = images[..., 0] if images.shape[3] == 1 else images.mean(axis=3).astype(np.uint8)
    if labels.shape != (len(images),):
        raise DataError(f"{path}: labels are {labels.shape}, not one for each of {len(images)} images")
    wrong = ~np.isin(labels, range(classes))
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(f"{path}: labels[{row}] is {labels[row]}, not 0 to {classes - 1}")
    if "split" in found and split != "all":
        if found["split"].shape != labels.shape:
            raise DataError(f"{path}: split is {found['split'].shape}, not one for each of {len(images)} images")
        chosen = np.array([split_name(value) == split for value in found["split"]])
        images, labels = images[chosen], labels[chosen]
    if not len(images):
        raise DataError(f"{path}: no pictures of split {split}")
    return images, labels


def region_in(images: np.ndarray, centre: tuple[float, float], side: float) -> tuple:
    """A region given in sides of the crop, in pixels of these pictures."""
    size = images.shape[1]
    x, y = (v * size - 0.5 for v in centre)
    return (x, y), side * size, 0.0
