"""What faces wear and do, drawn from marked photographs: dark or mirroring glasses, masks, a yawn."""

from __future__ import annotations

import cv2
import numpy as np

from fer_edge.perception import shape


def sunglasses(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The face with dark, slightly mirroring glasses over its eyes."""
    drawn = image.copy()
    regions = shape.eye_regions(points)
    level = int(rng.integers(0, 70))
    width, height = rng.uniform(0.62, 0.8), rng.uniform(0.45, 0.65)
    for (x, y), side, angle in regions:
        axes = (max(2, int(side * width)), max(2, int(side * height)))
        cv2.ellipse(drawn, (round(x), round(y + 0.1 * side)), axes, angle, 0, 360, level, -1)
        if rng.random() < 0.4:
            spot = (round(x + rng.normal() * side / 4), round(y + rng.normal() * side / 5))
            glint = (max(1, axes[0] // 4), 1 + axes[1] // 6)
            cv2.ellipse(drawn, spot, glint, angle, 0, 360, int(rng.integers(90, 256)), -1)
    bridge = [tuple(round(v) for v in region[0]) for region in regions]
    cv2.line(drawn, bridge[0], bridge[1], level, max(1, int(regions[0][1] / 8)))
    return cv2.addWeighted(drawn, 0.93, image, 0.07, 0)


def glare(image: np.ndarray, points: np.ndarray, texture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The face with glasses that mirror a bright scene (``texture``, any picture) over its eyes."""
    lens = np.zeros(image.shape, np.float32)
    for (x, y), side, angle in shape.eye_regions(points):
        axes = (max(2, int(side * rng.uniform(0.5, 0.7))), max(2, int(side * rng.uniform(0.33, 0.5))))
        cv2.ellipse(lens, (round(x), round(y)), axes, angle, 0, 360, 1.0, -1)
    lens = cv2.GaussianBlur(lens, (0, 0), 0.8) * float(rng.uniform(0.65, 0.95))
    side = int(rng.uniform(0.2, 0.6) * min(texture.shape))
    left, top = (int(rng.integers(0, length - side)) for length in texture.shape[::-1])
    mirrored = cv2.resize(texture[top : top + side, left : left + side], image.shape[::-1]).astype(np.float32)
    mirrored = np.clip(mirrored * rng.uniform(0.6, 1.4) + rng.uniform(0, 90), 0, 255)
    return (image * (1 - lens) + mirrored * lens).astype(np.uint8)


def mask(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The face with its lower half under a mask or a hand."""
    outline = np.vstack([points[3:14], points[[29]] + rng.normal(0, 2, (1, 2))])
    drawn = image.copy()
    cv2.fillConvexPoly(drawn, cv2.convexHull(outline.astype(np.int32)), int(rng.integers(0, 256)))
    for _ in range(int(rng.integers(0, 4))):
        a, b = outline[rng.integers(11)], outline[rng.integers(11)]
        cv2.line(drawn, tuple(int(v) for v in a), tuple(int(v) for v in b), int(rng.integers(0, 256)), 1)
    return cv2.GaussianBlur(drawn, (3, 3), 0)


def can_yawn(points: np.ndarray) -> bool:
    """Whether :func:`yawn` can open this mouth wide: upright, lips already a little apart."""
    return abs(shape.tilt(points)) < 10 and 0.1 < shape.mouth_aspect_ratio(points) < 0.45


def yawn(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The face with its mouth pulled wide open, and its points there.

    The rows between the lips are stretched and what is below moves down, as a jaw drops. Marked
    photographs hold few dozen mouths as wide as a yawn's.
    """
    upper, lower = points[61:64, 1].mean(), points[65:68, 1].mean()
    gap = max(lower - upper, 1.0)
    width = float(np.hypot(*(points[54] - points[48])))
    wide = max(gap, float(rng.uniform(0.5, 0.95)) * width)
    rows = np.arange(image.shape[0], dtype=np.float32)
    inside = upper + (rows - upper) * gap / wide
    source = np.where(rows < upper, rows, np.where(rows < upper + wide, inside, rows - (wide - gap)))
    columns = np.arange(image.shape[1], dtype=np.float32)
    drawn = cv2.remap(
        image,
        np.broadcast_to(columns, image.shape).copy(),
        np.broadcast_to(source[:, None].astype(np.float32), image.shape).copy(),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    y = points[:, 1]
    stretched = np.where(y < lower, upper + (y - upper) * wide / gap, y + wide - gap)
    moved = points.copy()
    moved[:, 1] = np.where(y < upper, y, stretched)
    return (_dark_inside(drawn, moved, rng) if rng.random() < 0.75 else drawn), moved


def _dark_inside(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The open mouth's inside in shadow, but for a rim of teeth and lips."""
    inner = points[60:68].copy()
    middle = inner.mean(axis=0)
    inner = middle + (inner - middle) * rng.uniform(0.7, 0.95)
    inner[:4, 1] += rng.uniform(0, 0.25) * (inner[:, 1].max() - inner[:, 1].min())
    inside = np.zeros(image.shape, np.float32)
    cv2.fillPoly(inside, [inner.astype(np.int32)], float(rng.uniform(0.6, 0.95)))
    inside = cv2.GaussianBlur(inside, (0, 0), 1.0)
    level = (
        0.35 * float(np.median(image[int(middle[1]) :])) * rng.uniform(0.3, 1.3) if middle[1] < image.shape[0] else 0
    )
    return (image * (1 - inside) + level * inside).astype(np.uint8)
