"""Finds out what a path holds, reads the wanted split, and brings it to the wanted shape."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from convert.arguments import share, whole
from convert.data.csvfile import read_csv
from convert.data.dataset import Dataset, joined, stratified_split
from convert.data.folders import read_folders
from convert.data.npzfile import read_images, read_npz
from convert.errors import DataError, NoSplit, UsageError
from convert.labels import LABEL_SETS

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Want:
    """What a model takes: side in pixels (0: as it is), channels (1 grey, 3 RGB), classes in order (None: all).

    ``partial`` allows data that lack some of the classes; ``unnamed`` are the classes of data that only number them.
    """

    size: int = 48
    channels: int = 1
    classes: tuple[str, ...] | None = None
    partial: bool = False
    unnamed: tuple[str, ...] = LABEL_SETS[7]


def add_data_arguments(parser: Any) -> None:
    """The options of :func:`load_training`, for a parser or one of its groups."""
    add = parser.add_argument
    add("--data", type=Path, required=True, help="CSV, folder tree, .npz, or a folder of *_train.npz, *_val.npz")
    add("--val", type=Path, help="validation data, if it is a separate file")
    add("--val-fraction", type=share, help="hold out this share of the training data, stratified by class")
    add("--split-seed", type=whole(0), default=42, help="seed of that split")


def load(path: Path, split: str, want: Want) -> Dataset:
    """The pictures of ``split`` (train, val, test, all) at ``path``, checked and in the wanted shape.

    ``path`` is a Kaggle CSV, a folder tree, an .npz (with a ``split`` array, or whole), or a folder
    of ``*_train.npz``, ``*_val.npz``, ``*_test.npz``; the validation part of ``x_train.npz`` is
    ``x_val.npz`` where that stands beside it. Raises DataError naming file and row.
    """
    data = _read((split == "val" and _sibling(path)) or path, split, want)
    found = len(data)
    data = data.relabel(want.classes or data.classes, partial=want.partial)
    if len(data) < found:
        print(f"{data.source}: {found - len(data)} pictures of other classes are left out", file=sys.stderr)
    if len(data) == 0:
        raise DataError(f"{path}: no pictures in split {split}")
    return replace(data, images=reshaped(data.images, want))


def load_training(
    path: Path, want: Want, *, val: Path | None, fraction: float | None, seed: int
) -> tuple[Dataset, Dataset]:
    """Training and validation parts; every class must have pictures in both.

    The validation part is ``val`` where given, a seeded stratified ``fraction`` of the training
    part where given, the data's own otherwise. Training pictures that stand in the validation part
    too are left out.
    """
    if val is not None and fraction is not None:
        raise UsageError("--val and --val-fraction: give either a validation file or a share, not both")
    train = load(path, "train", want)
    if fraction is not None:
        train, held = stratified_split(train, fraction, seed)
    else:
        held = load(path if val is None else val, "val", want)
        if held.whole and held.source == train.source:
            other = "--val FILE" if val is None else "--val with another file"
            raise DataError(f"{path}: contains no validation part; use {other} or --val-fraction 0.1")
    train = _without(train, held)
    for name, part in (("train", train), ("val", held)):
        empty = [label for label, count in zip(part.classes, part.counts(), strict=True) if count == 0]
        if empty:
            lacking = ", ".join(empty)
            raise DataError(f"{part.source}: split {name} has no picture of {lacking}; add some, or choose --labels")
    return train, held


def _without(train: Dataset, held: Dataset) -> Dataset:
    """The training part less the pictures that stand, pixel for pixel, in the validation part.

    FER2013 itself has 351 of them, which flatter every figure measured on it.
    """
    fresh = _fresh(train.images, held, train.source)
    return train if fresh.all() else train.pick(fresh)


def _fresh(images: NDArray[np.uint8], held: Dataset, source: str) -> NDArray[np.bool_]:
    seen = {image.tobytes() for image in held.images}
    fresh = np.array([image.tobytes() not in seen for image in images], bool)
    if not fresh.all():
        left_out = int((~fresh).sum())
        print(
            f"{source}: {left_out} training pictures left out because they are also in the validation part",
            file=sys.stderr,
        )
    return fresh


def _sibling(path: Path) -> Path | None:
    """``x_val.npz`` beside ``x_train.npz``."""
    beside = path.with_name(path.name.replace("_train.npz", "_val.npz"))
    return beside if beside != path and beside.is_file() else None


def _read(path: Path, split: str, want: Want) -> Dataset:
    if path.is_dir() and split == "all":
        parts = []
        for each in SPLITS:
            with contextlib.suppress(NoSplit):
                parts.append(_read(path, each, want))
        fresh = [part for n, part in enumerate(parts) if part.source not in {other.source for other in parts[:n]}]
        return joined(fresh) if fresh else _read(path, "val", want)
    if path.is_dir():
        # Not those whose names begin with a dot: macOS leaves such files beside what it copies.
        files = sorted(path.glob(f"[!.]*_{split}.npz"))
        if len(files) > 1:
            names = ", ".join(file.name for file in files)
            raise DataError(f"{path}: several files for split {split} ({names}); give one of them")
        if not files and any(any(path.glob(f"[!.]*_{other}.npz")) for other in SPLITS):
            raise NoSplit(f"{path}: no *_{split}.npz in it")
        return read_npz(files[0], split, want.unnamed) if files else read_folders(path, split, want.size)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    match path.suffix.lower():
        case ".csv":
            return read_csv(path, split, want.unnamed)
        case ".npz":
            return read_npz(path, split, want.unnamed)
        case _:
            raise DataError(f"{path}: data is a .csv, an .npz or a folder")


def load_unlabelled(paths: Sequence[Path], want: Want, held: Dataset) -> NDArray[np.uint8]:
    """The ``images`` of these .npz files in the wanted shape, less those of the validation part.

    Whatever else the files hold is not looked at. Raises DataError.
    """
    parts = [reshaped(read_images(path), want) for path in paths]
    return np.concatenate([part[_fresh(part, held, str(path))] for part, path in zip(parts, paths, strict=True)])


def reshaped(images: NDArray[np.uint8], want: Want) -> NDArray[np.uint8]:
    """Pictures (N, H, W, C) resized, and grey turned into RGB or back, where the model wants another shape."""
    if images.shape[-1] == 1 and want.channels == 3:
        images = np.repeat(images, 3, axis=-1)
    elif images.shape[-1] == 3 and want.channels == 1:
        images = np.stack([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images])[..., None]
    if want.size and images.shape[1:3] != (want.size, want.size):
        side = (want.size, want.size)
        shrink = cv2.INTER_AREA if images.shape[1] > want.size else cv2.INTER_LINEAR
        resized = [cv2.resize(image, side, interpolation=shrink) for image in images]
        images = np.stack(resized).reshape(len(images), *side, want.channels)
    return images
