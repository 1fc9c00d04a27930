"""Folder trees ``train|validation|test/<class>/*.jpg|png``: FER2013 and AffectNet-like sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from convert.data.dataset import Dataset
from convert.errors import DataError, NoSplit
from convert.labels import LABEL_SETS, canonical

NAMES = {"train": ("train", "training"), "val": ("validation", "val", "valid"), "test": ("test",)}
PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


def read_folders(path: Path, split: str, size: int) -> Dataset:
    """Every picture of ``split``; of all where the tree has class folders only.

    Class folders may be in any case and say ``anger`` for ``angry``; folders in them are of one person each.
    Pictures of different sizes are brought to ``size`` x ``size`` pixels, or where that is 0 to the first one's.
    Raises DataError naming the file.
    """
    folder = _split_folder(path, split)
    found: dict[str, Path] = {}
    for child in _visible(folder, Path.is_dir):
        other = found.setdefault(canonical(child.name), child)
        if other != child:
            raise DataError(f"{folder}: {other.name} and {child.name} are both {canonical(child.name)}; join them")
    if not found:
        raise DataError(f"{folder}: no class folders in it")
    classes = _order(tuple(found))
    images: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    people: list[str] = []
    for label, name in enumerate(classes):
        persons = _visible(found[name], Path.is_dir)
        for place in [found[name], *persons]:
            for file in _visible(place, Path.is_file):
                picture = read_picture(file)
                images.append(_sized(picture, size or (images[0] if images else picture).shape[0]))
                labels.append(label)
                people.append(place.name if place in persons else "")
    if not images:
        raise DataError(f"{folder}: no pictures in it")
    channels = max(image.shape[-1] for image in images)
    whole = np.stack([np.repeat(i, channels // i.shape[-1], axis=-1) for i in images])
    subjects = np.array(people) if all(people) else None
    return Dataset(whole, np.array(labels, np.int64), classes, str(folder), subjects=subjects, whole=folder == path)


def _visible(folder: Path, kind: Callable[[Path], bool]) -> list[Path]:
    return sorted(child for child in folder.iterdir() if kind(child) and child.name[0] != ".")


def _split_folder(path: Path, split: str) -> Path:
    folders = {child.name.lower(): child for child in path.iterdir() if child.is_dir()}
    for name in NAMES[split]:
        if name in folders:
            return folders[name]
    if any(name in folders for names in NAMES.values() for name in names):
        raise NoSplit(f"{path}: no folder {' or '.join(NAMES[split])} in it (train splits one off: --val-fraction 0.1)")
    return path


def _order(found: tuple[str, ...]) -> tuple[str, ...]:
    """The order of the label set with these names, else alphabetical."""
    for labels in LABEL_SETS.values():
        if set(labels) == set(found):
            return labels
    return tuple(sorted(found))


def find_pictures(paths: Iterable[Path]) -> list[Path]:
    """The picture files among these and in these folders, sorted. Raises DataError where a path has none."""
    found: set[Path] = set()
    for path in paths:
        inside = path.rglob("*") if path.is_dir() else [path] if path.is_file() else []
        some = {file for file in inside if file.suffix.lower() in PICTURES and file.name[0] != "."}
        if not some:
            raise DataError(f"{path}: no pictures ({', '.join(sorted(PICTURES))}) there")
        found |= some
    return sorted(found)


def read_picture(file: Path) -> NDArray[np.uint8]:
    """The picture in a file, (height, width, 1 or 3) in RGB order, upright. Raises DataError."""
    if file.suffix.lower() not in PICTURES:
        raise DataError(f"{file}: not a picture (.jpg or .png is expected)")
    # Unlike IMREAD_UNCHANGED these turn a photograph upright as its EXIF says.
    image = _decoded(file, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    if image.dtype == np.uint16:
        image = (image // 257).astype(np.uint8)
    if image.dtype != np.uint8:
        raise DataError(f"{file}: its pixels are {image.dtype}, not 8 or 16 bits")
    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return image.reshape(*image.shape[:2], -1)


def read_grey(file: Path) -> NDArray[np.uint8]:
    """The picture in a file as grey levels (height, width), upright. Raises DataError."""
    return _decoded(file, cv2.IMREAD_GRAYSCALE)


def _decoded(file: Path, how: int) -> NDArray[Any]:
    try:
        content = np.fromfile(file, np.uint8)
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from None
    image = cv2.imdecode(content, how) if len(content) else None
    if image is None:
        raise DataError(f"{file}: cannot be read as a picture; is it damaged?")
    return image


def _sized(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    if image.shape[:2] == (size, size):
        return image
    shrinks = max(image.shape[:2]) > size
    small = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return small.reshape(size, size, -1)
