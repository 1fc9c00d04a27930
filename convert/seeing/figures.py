"""How good a finished .tflite is, measured with the product's own code around it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from convert.data.folders import find_pictures, read_grey
from convert.seeing import faces68, pieces, scenes, turned
from convert.seeing.pieces import Piece
from fer_edge.perception import pose, shape
from fer_edge.perception.closer import PARTS, SURE
from fer_edge.perception.confirmed import Confirmed
from fer_edge.perception.detector import Tiny
from fer_edge.perception.follower import first_reading
from fer_edge.perception.interpreter import Model
from fer_edge.perception.landmarks import Landmarks
from fer_edge.perception.tiles import Tiled
from fer_edge.settings.perception import TinyDetector

if TYPE_CHECKING:
    from fer_edge.core import FaceFinder

SAME_FACE = 0.5
"""Overlap that makes a found face the marked one."""
TURNED_COPIES = {"helen": 2.0, "afw": 2.0, "ytf": 0.1}
"""Turned copies of a face on which angles are measured, by source; one of a source not named."""
YAWS, PITCHES = (0, 15, 30, 45, 60), (-40, -20, -10, 0, 10, 20, 40)
"""Edges of the groups in which angles are told, degrees."""
NETWORK_SIDE = 128
"""Sizes of faces are told in pixels of a picture brought to this longer side."""
SIZES = (0, 8, 10, 14, 20, 28, 40, 128)
"""Edges of the groups in which recall is told, pixels of :data:`NETWORK_SIDE`."""
CAMERA_SIDE = 640
"""Longer side, in pixels, to which scenes are brought before pieces of them are looked at."""
SMALLEST = 0.06
"""Marked faces under this share of the picture's longer side are neither missed nor wrong (7.7 pixels of 128)."""


def yes_or_no(model: Path, labelled: Sequence[Piece], labels: tuple[str, str], visible: int) -> dict[str, Any]:
    """Accuracy, confusion and per-class figures of the first output at 0.5, and how many pieces it can judge.

    ``visible`` is the output that says whether it can.
    """
    outputs = pieces.outputs(Model(model), labelled)
    truth = np.array([p.target[0] > 0.5 for p in labelled])
    said = outputs[:, 0] > 0.5
    confusion = [[int((~truth & ~said).sum()), int((~truth & said).sum())]]
    confusion.append([int((truth & ~said).sum()), int((truth & said).sum())])
    return {
        "n": len(truth),
        "accuracy": round(float((truth == said).mean()), 4),
        "labels": list(labels),
        "confusion": confusion,
        "recall": {
            name: round(float((said == which)[truth == which].mean()), 4) if (truth == which).any() else None
            for name, which in zip(labels, (False, True), strict=True)
        },
        "visible": round(float((outputs[:, visible] > 0.5).mean()), 4),
    }


def landmarks(model: Path, faces: faces68.MarkedFaces) -> dict[str, Any]:
    """Mean distance of the points over the distance of the outer eye corners (NME).

    Once from a loose crop, as after a detection, and once more from the points found, as when
    a face is followed. ``aside`` is how far marks lie to the right of the points and below them on the mean, in the
    same unit: mirrored pictures cannot teach that. ``nme_centred`` is the error without it.
    """
    reader = Landmarks(model)
    off = np.zeros((2, len(faces), *faces.points.shape[1:]))
    scores = np.zeros(len(faces))
    for n, (image, points) in enumerate(zip(faces.images, faces.points, strict=True)):
        low, high = points.min(axis=0), points.max(axis=0)
        region = (tuple((low + high) / 2), float((high - low).max()) * shape.FACE_SIDE, 0.0)
        between = float(np.hypot(*(points[36] - points[45])))
        for turn in range(2):
            found = reader.read(np.ascontiguousarray(image), region)
            off[turn, n] = (points - found.points) / between
            scores[n], region = found.score, shape.face_region(found.points)
    errors = np.hypot(*np.moveaxis(off, -1, 0)).mean(axis=-1)
    sources = {str(name): faces.source == name for name in np.unique(faces.source)}
    aside = {name: off[1, own].mean(axis=(0, 1)) for name, own in sources.items()}
    centred = {
        name: float(np.hypot(*np.moveaxis(off[1, own] - aside[name], -1, 0)).mean()) for name, own in sources.items()
    }
    return {
        "n": len(faces),
        "nme": round(float(errors[1].mean()), 4),
        "nme_first_look": round(float(errors[0].mean()), 4),
        "nme_by_source": {name: round(float(errors[1, own].mean()), 4) for name, own in sources.items()},
        "nme_centred": {name: round(value, 4) for name, value in centred.items()},
        "aside": {name: np.round(value, 4).tolist() for name, value in aside.items()},
        "failures_over_0.1": round(float((errors[1] > 0.1).mean()), 4),
        "seen_as_face": round(float((scores > 0.5).mean()), 4),
        "turned": _turned(reader, faces),
    }


def _turned(reader: Landmarks, faces: faces68.MarkedFaces) -> dict[str, Any]:
    """Yaw and pitch read from faces turned by drawing beside those their points give, degrees, mean by size of turn."""
    made = turned.many(faces, TURNED_COPIES, seed=0)
    angles = []
    for face in made:
        region = shape.face_region(face.points)
        for _ in range(2):
            found = reader.read(face.image, region)
            region = shape.face_region(found.points)
        known, read = pose.estimate(face.points), pose.estimate(found.points)
        if known and read:
            side = 1.0 if known.yaw >= 0 else -1.0
            angles.append((side * known.yaw, side * read.yaw, known.pitch, read.pitch))
    table = np.array(angles).reshape(-1, 4)
    return {"yaw": _by_turn(table[:, 0], table[:, 1], YAWS), "pitch": _by_turn(table[:, 2], table[:, 3], PITCHES)}


def _by_turn(known: np.ndarray, read: np.ndarray, edges: Sequence[int]) -> dict[str, Any]:
    rows = {}
    for low, high in itertools.pairwise(edges):
        within = (known >= low) & (known < high)
        if within.any():
            rows[f"{low} to {high}"] = {
                "n": int(within.sum()),
                "known": round(float(known[within].mean()), 1),
                "read": round(float(read[within].mean()), 1),
                "off": round(float(np.abs(read - known)[within].mean()), 1),
            }
    return rows


def detector(
    model: Path,
    folder: Path,
    boxes: Path | None,
    split: str,
    score: float,
    confirm: Path | None = None,
    closer: bool = False,
) -> dict[str, Any]:
    """Recall and precision at an overlap of 0.5, and false faces per picture.

    With ``confirm``, a landmark model, a face counts where that sees it, too, and one of which the detector is unsure
    where that is certain, as when the product begins to follow one. With ``closer`` the pieces of the picture count,
    too, at which the product looks one after another where it sees nobody in the whole; scenes are enlarged to what a
    camera gives.
    """
    tiny = Tiny(TinyDetector(path=str(model), score=score))
    landmarks = Landmarks(confirm) if confirm else None
    finder: FaceFinder = Confirmed(tiny, landmarks) if landmarks else tiny
    if closer:
        finder = (
            Tiled(finder, Confirmed(tiny, landmarks, SURE), PARTS, 0.0) if landmarks else Tiled(tiny, tiny, PARTS, SURE)
        )
    right = wanted = missed = false = pictures = 0
    sizes, seen = [], []
    shown = _pictures(folder, boxes, split)
    for scene in map(_enlarged, shown) if closer else shown:
        pictures += 1
        least = SMALLEST * max(scene.picture.shape)
        found = finder.find(scene.picture, None)
        if landmarks:
            found = [face for face in found if first_reading(landmarks, scene.picture, face)]
        got = np.array([[f.box.x, f.box.y, f.box.width, f.box.height] for f in found], np.float32).reshape(-1, 4)
        overlap = scenes.iou(got, scene.boxes) if len(scene.boxes) else np.zeros((len(got), 0))
        matched = overlap.max(axis=1, initial=0) >= SAME_FACE
        roots = np.sqrt(scene.boxes[:, 2:].prod(axis=1))
        counted = roots >= least
        hit = overlap.max(axis=0, initial=0) >= SAME_FACE if len(got) else np.zeros(len(scene.boxes), bool)
        allowed = _inside(got, scene.ignore)
        sizes += (roots[counted] / max(scene.picture.shape) * NETWORK_SIDE).tolist()
        seen += hit[counted].tolist()
        wanted, missed = wanted + int(counted.sum()), missed + int((counted & ~hit).sum())
        right += int(matched.sum())
        false += int((~matched & ~allowed).sum())
    return {
        "n": pictures,
        "faces": wanted,
        "recall": round(1 - missed / wanted, 4) if wanted else None,
        "recall_by_size": _by_size(np.array(sizes), np.array(seen, bool)),
        "precision": round(right / (right + false), 4) if right + false else None,
        "false_faces_per_image": round(false / max(pictures, 1), 5),
    }


def _enlarged(scene: scenes.Scene) -> scenes.Scene:
    scale = max(1.0, CAMERA_SIDE / max(scene.picture.shape))
    picture = cv2.resize(scene.picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return replace(scene, picture=picture, boxes=scene.boxes * scale, ignore=scene.ignore * scale)


def _by_size(sizes: np.ndarray, seen: np.ndarray) -> dict[str, str]:
    """Faces found of those of each size, as 'k of n'."""
    rows = {}
    for low, high in itertools.pairwise(SIZES):
        within = (sizes >= low) & (sizes < high)
        if within.any():
            rows[f"{low} to {high}"] = f"{int(seen[within].sum())} of {int(within.sum())}"
    return rows


def _pictures(folder: Path, boxes: Path | None, split: str) -> Sequence[scenes.Scene]:
    if boxes is not None:
        return scenes.load(folder, boxes, split)
    empty, points = np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32)
    return [scenes.Scene(read_grey(path), empty, points, empty) for path in find_pictures([folder])]


def _inside(found: np.ndarray, ignore: np.ndarray) -> np.ndarray:
    """Whether the middle of each found box lies in an ignored place."""
    middles = found[:, :2] + found[:, 2:] / 2
    low, high = ignore[:, :2], ignore[:, :2] + ignore[:, 2:]
    return ((middles[:, None] > low) & (middles[:, None] < high)).all(axis=2).any(axis=1)
