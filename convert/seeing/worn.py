"""What faces wear, drawn over marked photographs: dark glasses, masks, hands."""

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


def mask(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The face with its lower half under a mask or a hand."""
    outline = np.vstack([points[3:14], points[[29]] + rng.normal(0, 2, (1, 2))])
    drawn = image.copy()
    cv2.fillConvexPoly(drawn, cv2.convexHull(outline.astype(np.int32)), int(rng.integers(0, 256)))
    for _ in range(int(rng.integers(0, 4))):
        a, b = outline[rng.integers(11)], outline[rng.integers(11)]
        cv2.line(drawn, tuple(int(v) for v in a), tuple(int(v) for v in b), int(rng.integers(0, 256)), 1)
    return cv2.GaussianBlur(drawn, (3, 3), 0)
