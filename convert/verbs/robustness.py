"""``robustness``: every signal under bad light, lenses, sensors and things worn.

Each change is made to whole pictures, before anything is cut from them. Rows of the table are
changes; columns are what the shipped models still say.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from convert import augment
from convert.seeing import covers, faces68, figures, scenes, worn
from convert.seeing.stills import Stills, sides
from fer_edge.perception import pose, shape
from fer_edge.perception.eyes import EyeReader, Eyes
from fer_edge.perception.landmarks import Landmarks
from fer_edge.perception.mouth import MouthReader

Change = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Takes a picture and the points of the face in it (or of its box), gives the changed picture."""

LARGE = 20.0
"""Faces from this size on, in pixels of 128, are also told apart: a driver's face is larger."""
ROUGH = np.random.default_rng(20)


def half_covered(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The half of the face on the picture's left under a grey board."""
    low, high = points.min(axis=0), points.max(axis=0)
    hidden = picture.copy()
    tall = high[1] - low[1]
    top, bottom = int(max(0, low[1] - 0.5 * tall)), int(high[1] + 0.2 * tall)
    hidden[top:bottom, int(max(0, low[0] - 0.2 * tall)) : int((low[0] + high[0]) / 2)] = 110
    return hidden


def dark_glasses(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Sunglasses over the eyes of marked faces; elsewhere nothing."""
    return worn.sunglasses(picture, points, np.random.default_rng(5)) if len(points) == 68 else picture


def thing_before(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A board, hand, phone, bread, mask, scarf or cap drawn before the face, as training draws them."""
    return covers.covered(picture, _box(points), ROUGH)


def one_side_lit(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The face lit from one side, the other in the dark."""
    return covers.one_side_lit(picture, _box(points), ROUGH)


def _box(points: np.ndarray) -> np.ndarray:
    if len(points) != 68:
        return np.concatenate([points[0], points[1] - points[0]])
    return sides(points)


CHANGES: dict[str, Change] = {
    "unchanged (grey)": lambda picture, _: picture,
    "gamma 0.3 (washed out)": lambda picture, _: augment.gamma(picture, 0.3),
    "gamma 2.5 (dark)": lambda picture, _: augment.gamma(picture, 2.5),
    "noise, deviation 20": lambda picture, _: augment.noise(picture, 20, ROUGH),
    "blur, deviation 1.5": lambda picture, _: cv2.GaussianBlur(picture, (0, 0), 1.5),
    "JPEG quality 20": lambda picture, _: augment.jpeg(picture, 20),
    "half of the face covered": half_covered,
    "hand, phone, bread, mask, cap or board drawn in": thing_before,
    "lit from one side": one_side_lit,
    "sunglasses drawn in": dark_glasses,
}
TURNS = (-30.0, 30.0)


def turned(picture: np.ndarray, points: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Picture and points turned about the picture's middle."""
    height, width = picture.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1)
    there = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return there, points @ matrix[:, :2].T + matrix[:, 2]


class Bench:
    """The shipped models over marked faces and scenes."""

    def __init__(self, faces: faces68.MarkedFaces, shown: Sequence[scenes.Scene]) -> None:
        self._faces, self._scenes = faces, shown
        self._landmarks, self._eyes, self._mouth = Landmarks(), EyeReader(), MouthReader()
        self._stills = Stills()

    def faces(self, change: Change, angle: float) -> dict[str, float]:
        """NME, head error against the marks' own pose, eyes and mouths judged and right."""
        errors, heads = [], []
        eyes: list[bool | None] = []
        mouths: list[bool | None] = []
        for image, marked in zip(self._faces.images, self._faces.points, strict=True):
            picture, points = turned(change(image, marked), marked, angle)
            reading = self._landmarks.read(picture, _loosely(points))
            reading = self._landmarks.read(picture, shape.face_region(reading.points))
            errors.append(np.hypot(*(reading.points - points).T).mean() / np.hypot(*(points[36] - points[45])))
            head, truth = pose.estimate(reading.points), pose.estimate(points.astype(np.float32))
            if head is None or truth is None or reading.score < 0.5:
                eyes.append(None)
                continue
            heads.append(abs(head.yaw - truth.yaw))
            eyes.append(_right(_shut_said(self._eyes.read(picture, reading.points, head)), _shut(points)))
            mouths.append(_right(self._mouth.read(picture, reading.points, head), _wide(points)))
        return {
            "NME %": 100 * float(np.mean(errors)),
            "yaw off, degrees": float(np.mean(heads)),
            **_judged("eyes", eyes),
            **_judged("mouth", mouths),
        }

    def detector(self, change: Change, angle: float) -> dict[str, float]:
        """Shares of all and of large faces found at an overlap of 0.5 (0.4 where turned: boxes stay upright).

        The landmark network has its say, as in the product.
        """
        large, hit = [], []
        for scene in self._scenes:
            for box in scene.boxes:
                size = figures.NETWORK_SIDE * np.sqrt(box[2] * box[3]) / max(scene.picture.shape)
                if size < figures.SMALLEST * figures.NETWORK_SIDE:
                    continue
                corners = np.array([box[:2], box[:2] + box[2:]])
                picture, middle = turned(change(scene.picture, corners), corners.mean(axis=0, keepdims=True), angle)
                there = np.concatenate([middle[0] - box[2:] / 2, box[2:]])[None]
                found = [(f.box.x, f.box.y, f.box.width, f.box.height) for f, _ in self._stills.faces(picture)]
                overlap = scenes.iou(there, np.array(found).reshape(-1, 4)).max(initial=0)
                large.append(size >= LARGE)
                hit.append(overlap >= (0.4 if angle else 0.5))
        sizeable = np.array(hit)[np.array(large, bool)]
        return {"faces found %": 100 * float(np.mean(hit)), f"from {LARGE:.0f} px %": 100 * float(np.mean(sizeable))}


def _loosely(points: np.ndarray) -> shape.Region:
    low, high = points.min(axis=0), points.max(axis=0)
    return tuple((low + high) / 2), float((high - low).max()) * shape.FACE_SIDE, 0.0


def _shut_said(eyes: Eyes) -> float | None:
    """Probability that the eyes are shut; None where neither can be judged."""
    return None if eyes.states is None else eyes.states[0]


def _shut(points: np.ndarray) -> bool | None:
    """Whether both eyes are marked shut, or open; None in between."""
    ratio = max(shape.eye_aspect_ratio(points[part]) for part in (shape.RIGHT_EYE, shape.LEFT_EYE))
    return True if ratio < 0.1 else False if ratio > 0.2 else None


def _wide(points: np.ndarray) -> bool | None:
    ratio = shape.mouth_aspect_ratio(points)
    return True if ratio > 0.5 else False if ratio < 0.33 else None


def _right(said: float | None, truth: bool | None) -> bool | None:
    """Whether it was told right; None where it was not told or is not known."""
    return None if said is None or truth is None else (said >= 0.5) == truth


def _judged(name: str, told: Sequence[bool | None]) -> dict[str, float]:
    known = [right for right in told if right is not None]
    wrong = 100 * float(np.mean([not right for right in known])) if known else 0.0
    return {f"{name} judged %": 100 * len(known) / max(len(told), 1), f"{name} wrong %": wrong}


def add_arguments(parser: argparse.ArgumentParser, _task: None) -> None:
    """The options of ``robustness``."""
    parser.add_argument("--faces", type=Path, required=True, help="folder of annotated faces")
    parser.add_argument("--scenes", type=Path, required=True, help="folder of scenes")
    parser.add_argument("--boxes", type=Path, required=True, help="JSON of the scenes' boxes")


def run(args: argparse.Namespace, _task: None) -> int:
    """Print the table as Markdown."""
    faces = faces68.subset(faces68.load(args.faces, "val"), ("helen", "afw", "user"))
    bench = Bench(faces, scenes.load(args.scenes, args.boxes, "val"))
    turns = {f"rotated {angle:+.0f} degrees": (lambda picture, _: picture, angle) for angle in TURNS}
    rows = {
        name: bench.detector(*how) | bench.faces(*how)
        for name, how in ({name: (change, 0.0) for name, change in CHANGES.items()} | turns).items()
    }
    columns = list(next(iter(rows.values())))
    print("| | " + " | ".join(columns) + " |\n|---" + "|---" * len(columns) + "|")
    for name, row in rows.items():
        print(f"| {name} | " + " | ".join(f"{row[column]:.1f}" for column in columns) + " |")
    return 0
