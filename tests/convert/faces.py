"""Pictures in place of faces: small, made in memory, and easy to learn."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from fer_edge.perception import pose, shape


def draw_faces(count: int, classes: int = 7, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """``count`` grey 48x48 pictures (N, 48, 48) and labels: class n has stripes in direction n of 7."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    y, x = np.mgrid[0:48, 0:48]
    images = np.empty((count, 48, 48), np.uint8)
    for image, label in zip(images, labels, strict=True):
        angle = np.pi * label / 7
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 0.9 + rng.uniform(0, 6.3))
        image[...] = (128 + rng.uniform(50, 90) * wave + rng.normal(0, 10, wave.shape)).clip(0, 255)
    return images, labels


def write_csv(path: Path, rows: list[tuple[int, np.ndarray, str]], header: str = "emotion,pixels,Usage") -> Path:
    """A CSV as Kaggle's: (emotion, picture, Usage) rows in the order of ``header``'s columns."""
    names = [name.strip().lower() for name in header.split(",")]
    lines = [header]
    for label, image, usage in rows:
        cells = {"emotion": str(label), "pixels": " ".join(map(str, image.ravel())), "usage": usage}
        lines.append(",".join(cells[name] for name in names))
    path.write_text("\n".join(lines) + "\n")
    return path


def save_tree(root: Path, split: str, names: dict[str, int], suffix: str = ".png") -> None:
    images, _ = draw_faces(40, seed=len(split))
    for name, count in names.items():
        (root / split / name).mkdir(parents=True)
        for index in range(count):
            cv2.imwrite(str(root / split / name / f"{index}{suffix}"), images[index])


def solid() -> np.ndarray:
    """The average face's 68 points (68, 2)."""
    return np.array(json.loads(pose.MEAN_FACE.read_text())["points"])[:, :2]


def draw_face(rng: np.random.Generator, size: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """A cartoon with the average face's points, somewhere in a noisy square."""
    points = solid() * rng.uniform(26, 30) + size / 2 + rng.normal(0, 2, 2)
    picture = rng.normal(90, 10, (size, size)).clip(0, 255).astype(np.uint8)
    cv2.fillConvexPoly(picture, cv2.convexHull(points[:27].astype(np.int32)), int(rng.integers(150, 220)))
    for part in (shape.RIGHT_EYE, shape.LEFT_EYE, shape.MOUTH):
        cv2.fillConvexPoly(picture, cv2.convexHull(points[part].astype(np.int32)), 30)
    return picture, points.astype(np.float32)
