"""``.npz`` files: ``images`` (N, H, W[, C]) uint8, ``labels`` (N,), optional ``split``, ``subject``, votes, classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.data.dataset import Dataset
from convert.errors import DataError
from convert.files import read_arrays
from convert.labels import canonical


def read_npz(path: Path, split: str, unnamed: Sequence[str]) -> Dataset:
    """The pictures of ``split``; the whole file where it has no ``split`` array, or for ``all``.

    Classes are the file's ``classes`` array where it has one, else ``unnamed``.
    """
    arrays = read_arrays(path, "images", "labels")
    images, labels = _checked_images(path, arrays["images"]), arrays["labels"]
    for name in ("labels", "split", "subject"):
        if name in arrays and arrays[name].shape != (len(images),):
            raise DataError(f"{path}: {len(images)} images but {name} of shape {arrays[name].shape}")
    votes = arrays.get("ferplus_votes")
    if votes is not None and (votes.shape != (len(images), 10) or votes.dtype.kind not in "iufb"):
        raise DataError(f"{path}: ferplus_votes is {votes.dtype} {votes.shape}, not numbers ({len(images)}, 10)")
    names = arrays.get("classes")
    if names is not None and names.ndim != 1:
        raise DataError(f"{path}: classes is of shape {names.shape}, not a list of names")
    classes = tuple(unnamed) if names is None else tuple(canonical(str(name)) for name in names)
    data = Dataset(
        images,
        _checked_labels(path, labels, len(classes)),
        classes,
        str(path),
        None if votes is None else votes.astype(np.int64),
        arrays["subject"].astype(str) if "subject" in arrays else None,
        whole="split" not in arrays,
    )
    if data.whole or split == "all":
        return data
    members = np.array([split_name(value) for value in arrays["split"]])
    if split not in members:
        raise DataError(f"{path}: no pictures in split {split} (it has {', '.join(sorted(set(members)))})")
    return data.pick(members == split)


def read_images(path: Path) -> NDArray[np.uint8]:
    """All ``images`` of a file, (N, height, width, 1 or 3); labels and splits are not looked at."""
    return _checked_images(path, read_arrays(path, "images")["images"])


def split_name(value: object) -> str:
    """``train``, ``val`` or ``test`` for what a file calls them."""
    name = value.decode() if isinstance(value, bytes) else str(value)
    return {"validation": "val", "valid": "val", "training": "train"}.get(name.lower(), name.lower())


def _checked_images(path: Path, images: NDArray[np.generic]) -> NDArray[np.uint8]:
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or 0 in images.shape:
        raise DataError(f"{path}: images have shape {images.shape}, not (N, height, width[, 1 or 3])")
    if images.dtype == np.uint8:
        return np.asarray(images, np.uint8)
    if not np.issubdtype(images.dtype, np.number) or np.issubdtype(images.dtype, np.complexfloating):
        raise DataError(f"{path}: images are {images.dtype}, not numbers 0 to 255")
    flat = images.reshape(len(images), -1).astype(np.float64)
    bad = ~np.isfinite(flat).all(axis=1)
    if bad.any():
        raise DataError(f"{path}: images[{int(bad.argmax())}] holds a value that is not a number")
    bad = (flat.min(axis=1) < 0) | (flat.max(axis=1) > 255)
    if bad.any():
        raise DataError(f"{path}: images[{int(bad.argmax())}] has values outside 0 to 255")
    scale = 255.0 if flat.size and flat.max() <= 1.0 and images.dtype.kind == "f" else 1.0
    return (images.astype(np.float64) * scale).round().astype(np.uint8)


def _checked_labels(path: Path, labels: NDArray[np.generic], count: int) -> NDArray[np.int64]:
    if labels.dtype.kind not in "iufb":
        raise DataError(f"{path}: labels are {labels.dtype}, not class numbers 0 to {count - 1}")
    values = labels.astype(np.float64)
    bad = ~np.isfinite(values) | (values != np.round(values)) | (values < 0) | (values >= count)
    if bad.any():
        row = int(bad.argmax())
        raise DataError(f"{path}: labels[{row}] is {labels[row]}, not a class number 0 to {count - 1}")
    return values.astype(np.int64)
