"""Pictures in place of faces: small, made in memory, and easy to learn."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


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
