"""Scenes with faces in them, scenes without, and what a teacher network says of the faces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convert.data.folders import read_grey
from convert.errors import DataError
from convert.files import read_json

UNKNOWN = np.full((5, 2), np.nan, np.float32)
"""Points of a face of which only the box is known."""
SURE_SCORE = 0.8
"""A face that only the teacher found counts from this score; under it nothing is learned there."""


@dataclass(frozen=True)
class Scene:
    """A grey picture (H, W) uint8 and its faces.

    ``boxes`` (n, 4) are x, y, width, height in pixels, ``points`` (n, 5, 2) the right and left
    eye, nose tip, right and left mouth corner (NaN where unknown), ``ignore`` (m, 4) places where
    a face may or may not be.
    """

    picture: np.ndarray
    boxes: np.ndarray
    points: np.ndarray
    ignore: np.ndarray


def load(folder: Path, boxes: Path, split: str, taught: Path | None = None) -> list[Scene]:
    """Scenes of a folder by a JSON of {file: {boxes, ignore, split}}; ``split`` may be ``all``.

    ``taught`` is what the verb ``teach`` wrote: it gives points and missing faces.
    """
    listed, teacher = read_json(boxes), read_json(taught) if taught else {}
    scenes = []
    for name, entry in listed.items():
        if not isinstance(entry, dict):
            raise DataError(f"{boxes}: {name}: a mapping with boxes and split is expected")
        if split in ("all", entry.get("split", split)):
            faces, ignore = (_places(boxes, name, entry, kind) for kind in ("boxes", "ignore"))
            scenes.append(_scene(folder / name, faces, ignore, teacher.get(name, [])))
    if not scenes:
        raise DataError(f"{boxes}: no pictures of split {split}")
    return scenes


def _places(path: Path, name: str, entry: dict[str, Any], kind: str) -> np.ndarray:
    try:
        found = np.array(entry.get(kind) or np.zeros((0, 4)), np.float32)
    except (TypeError, ValueError):
        found = np.zeros(0, np.float32)
    if found.ndim != 2 or found.shape[1] != 4 or not np.isfinite(found).all():
        raise DataError(f"{path}: {name}: {kind} must be a list of [x, y, width, height]")
    return found


def _scene(path: Path, boxes: np.ndarray, ignore: np.ndarray, taught: list[dict[str, Any]]) -> Scene:
    picture = read_grey(path)
    points = np.repeat(UNKNOWN[None], len(boxes), axis=0)
    for found in taught:
        box, score = np.array(found["box"], np.float32), found["score"]
        overlap = iou(box[None], boxes)[0] if len(boxes) else np.zeros(0)
        if overlap.size and overlap.max() > 0.5:
            points[int(overlap.argmax())] = found["points"]
        elif overlap.size == 0 or overlap.max() < 0.2:
            if score >= SURE_SCORE:
                boxes = np.vstack([boxes, box])
                points = np.concatenate([points, np.array(found["points"], np.float32)[None]])
            else:
                ignore = np.vstack([ignore, box])
    return Scene(picture, boxes, points, ignore)


def iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection over union of (n, 4) and (m, 4) boxes x, y, width, height, as (n, m)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum((first[:, :2] + first[:, 2:])[:, None], (second[:, :2] + second[:, 2:])[None])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = first[:, 2:].prod(axis=1)[:, None] + second[:, 2:].prod(axis=1)[None]
    return shared / np.maximum(areas - shared, 1e-9)
