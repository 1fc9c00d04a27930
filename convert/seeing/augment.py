"""What light, lenses, sensors and compression do to a grey picture, at random.

Every function takes and gives (height, width) uint8 and draws from the generator it is handed,
so a recipe's seed fixes every picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

_LEVELS = np.arange(256, dtype=np.float32) / 255
_GRAIN = np.random.default_rng(0).standard_normal(1 << 19, dtype=np.float32)
"""Noise drawn once: every picture takes its own stretch of it, a tenth of the cost of new noise."""


@dataclass(frozen=True)
class Variation:
    """How far pictures are varied; each ``*_share`` is the share of pictures it happens to."""

    plain_share: float = 0.25
    gamma: tuple[float, float] = (0.4, 2.4)
    gain: tuple[float, float] = (0.6, 1.4)
    ramp_share: float = 0.3
    blur_share: float = 0.35
    blur: float = 1.6
    coarse_share: float = 0.25
    coarsest: float = 0.4
    noise_share: float = 0.4
    noise: float = 9.0
    jpeg_share: float = 0.15
    cover_share: float = 0.15
    cover_size: float = 0.35


def vary(picture: np.ndarray, how: Variation, rng: np.random.Generator) -> np.ndarray:
    """One picture under another light, lens, sensor and compression, or now and then as it is."""
    if rng.random() < how.plain_share:
        return picture
    picture = light(picture, how, rng)
    if rng.random() < how.ramp_share:
        picture = ramp(picture, rng)
    if rng.random() < how.coarse_share:
        picture = coarse(picture, rng.uniform(how.coarsest, 1.0))
    if rng.random() < how.blur_share:
        picture = blur(picture, how.blur, rng)
    if rng.random() < how.noise_share:
        picture = noise(picture, rng.uniform(1, how.noise), rng)
    if rng.random() < how.jpeg_share:
        picture = jpeg(picture, int(rng.integers(15, 70)))
    return picture


def light(picture: np.ndarray, how: Variation, rng: np.random.Generator) -> np.ndarray:
    """Gamma, gain and offset in one table."""
    gamma = np.exp(rng.uniform(*np.log(how.gamma)))
    table = _LEVELS**gamma * rng.uniform(*how.gain) + rng.uniform(-0.1, 0.1)
    return cv2.LUT(picture, np.clip(table * 255, 0, 255).astype(np.uint8))


def ramp(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light from one side: a linear change of brightness across the picture."""
    height, width = picture.shape
    across = rng.uniform(-1, 1) * np.linspace(-1, 1, width, dtype=np.float32)
    down = rng.uniform(-1, 1) * np.linspace(-1, 1, height, dtype=np.float32)
    gain = 1 + 0.6 * rng.random() * (across[None] + down[:, None])
    return cv2.multiply(picture, np.maximum(gain, 0.15), dtype=cv2.CV_8U)


def coarse(picture: np.ndarray, scale: float) -> np.ndarray:
    """As a camera with fewer pixels would have seen it."""
    height, width = picture.shape
    small = cv2.resize(picture, (max(4, int(width * scale)), max(4, int(height * scale))), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def blur(picture: np.ndarray, most: float, rng: np.random.Generator) -> np.ndarray:
    """Out of focus, or moved while the shutter was open."""
    if rng.random() < 0.6:
        return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, most))
    length = int(rng.integers(3, 4 + int(2 * most)))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), rng.uniform(0, 180), 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return cv2.filter2D(picture, -1, kernel / max(kernel.sum(), 1e-3))


def noise(picture: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Sensor noise of a standard deviation in grey levels."""
    start = int(rng.integers(_GRAIN.size - picture.size))
    grain = _GRAIN[start : start + picture.size].reshape(picture.shape)
    return np.clip(picture + grain * deviation, 0, 255).astype(np.uint8)


def jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    """Packed and unpacked at a quality from 1 to 100."""
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


def cover(picture: np.ndarray, rng: np.random.Generator, largest: float = 0.5) -> np.ndarray:
    """A hand, a phone, a shadow: one part of the picture painted over with a level or noise."""
    height, width = picture.shape
    w, h = (int(rng.uniform(0.15, largest) * side) + 1 for side in (width, height))
    x, y = int(rng.integers(-w // 2, width - w // 2)), int(rng.integers(-h // 2, height - h // 2))
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
    if x1 <= x0 or y1 <= y0:
        return picture
    painted = picture.copy()
    if rng.random() < 0.5:
        middle, axes = ((x0 + x1) // 2, (y0 + y1) // 2), (max(1, (x1 - x0) // 2), max(1, (y1 - y0) // 2))
        cv2.ellipse(painted, middle, axes, float(rng.uniform(0, 180)), 0, 360, int(rng.integers(0, 256)), -1)
    else:
        painted[y0:y1, x0:x1] = rng.normal(rng.uniform(0, 255), 20, (y1 - y0, x1 - x0)).clip(0, 255)
    return painted
