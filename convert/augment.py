"""What light, lenses, sensors, compression and a face detector do to a picture, at random.

:func:`vary` is for the grey pictures of the networks that measure; :func:`vary_batch` for classes of small pictures,
grey or RGB. Everything takes and gives uint8 and draws from the generator it is handed, so a recipe's seed fixes every
picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from convert.arguments import number, option, share

Image = NDArray[np.uint8]

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


def vary(picture: Image, how: Variation, rng: np.random.Generator) -> Image:
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


def light(picture: Image, how: Variation, rng: np.random.Generator) -> Image:
    """Gamma, gain and offset in one table."""
    gamma = np.exp(rng.uniform(*np.log(how.gamma)))
    table = _LEVELS**gamma * rng.uniform(*how.gain) + rng.uniform(-0.1, 0.1)
    return cv2.LUT(picture, np.clip(table * 255, 0, 255).astype(np.uint8))


def ramp(picture: Image, rng: np.random.Generator) -> Image:
    """Light from one side: a linear change of brightness across the picture."""
    height, width = picture.shape
    across = rng.uniform(-1, 1) * np.linspace(-1, 1, width, dtype=np.float32)
    down = rng.uniform(-1, 1) * np.linspace(-1, 1, height, dtype=np.float32)
    gain = 1 + 0.6 * rng.random() * (across[None] + down[:, None])
    return cv2.multiply(picture, np.maximum(gain, 0.15), dtype=cv2.CV_8U)


def coarse(picture: Image, scale: float) -> Image:
    """As a camera with fewer pixels would have seen it."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (max(4, int(width * scale)), max(4, int(height * scale))), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def blur(picture: Image, most: float, rng: np.random.Generator) -> Image:
    """Out of focus, or moved while the shutter was open."""
    if rng.random() < 0.6:
        return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, most))
    length = int(rng.integers(3, 4 + int(2 * most)))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), rng.uniform(0, 180), 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return cv2.filter2D(picture, -1, kernel / max(kernel.sum(), 1e-3))


def noise(picture: Image, deviation: float, rng: np.random.Generator) -> Image:
    """Sensor noise of a standard deviation in grey levels."""
    start = int(rng.integers(_GRAIN.size - picture.size))
    grain = _GRAIN[start : start + picture.size].reshape(picture.shape)
    return np.clip(picture + grain * deviation, 0, 255).astype(np.uint8)


def gamma(picture: Image, value: float) -> Image:
    """Darker above 1, lighter below."""
    return np.asarray(cv2.LUT(picture, ((np.arange(256) / 255) ** value * 255).astype(np.uint8)), np.uint8)


def jpeg(picture: Image, quality: int) -> Image:
    """Packed and unpacked at a quality from 1 to 100."""
    packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_UNCHANGED), np.uint8)


def cover(picture: Image, rng: np.random.Generator, largest: float = 0.5) -> Image:
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


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far pictures are varied: all off by default."""

    shift: float = option(0.0, share, "most movement to any side, as a share of the side")
    scale: float = option(0.0, share, "most change of size: 0.15 is 0.87 to 1.15 times")
    rotation: float = option(0.0, number(), "most turn to either side, degrees")
    light: float = option(0.0, share, "strength of changes in gamma, contrast and brightness")
    degrade: float = option(0.0, share, "chance of blur, coarse pixels, JPEG or noise")
    occlude: float = option(0.0, share, "chance of spectacles")
    erase: float = option(0.0, share, "chance of an erased rectangle")
    flip: bool = option(False, None, "mirror half of the pictures")


def _varied(image: Image, to: Augmentation, size: int, rng: np.random.Generator) -> Image:
    """A random variation of ``image`` (height, width[, 3]) at ``size`` x ``size`` pixels.

    One affine warp does shift, scale, rotation, flip and the change of size together.
    """
    out = _warp(image, to, size, rng)
    if to.light:
        out = _relight(out, to.light, rng)
    if rng.random() < to.degrade:
        out = _degrade(out, rng)
    if rng.random() < to.occlude:
        _spectacles(out, rng)
    if rng.random() < to.erase:
        _erase(out, rng)
    return out


def vary_batch(images: Image, to: Augmentation, size: int, rng: np.random.Generator) -> Image:
    """Every picture of (N, height, width, channels) varied at ``size`` x ``size`` pixels; keeps the channels axis."""
    channels = images.shape[-1]
    out = np.empty((len(images), size, size, channels), np.uint8)
    for row, image in zip(out, images, strict=True):
        row[...] = _varied(image, to, size, rng).reshape(size, size, channels)
    return out


def _warp(image: Image, to: Augmentation, size: int, rng: np.random.Generator) -> Image:
    height, width = image.shape[:2]
    angle = np.deg2rad(rng.uniform(-to.rotation, to.rotation))
    zoom = np.exp(rng.uniform(-1, 1) * np.log1p(to.scale)) * size / max(height, width)
    mirror = -1.0 if to.flip and rng.random() < 0.5 else 1.0
    cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
    matrix = np.array([[mirror * cos, -sin, 0.0], [mirror * sin, cos, 0.0]])
    shift = rng.uniform(-to.shift, to.shift, 2) * size
    middle = matrix[:, :2] @ [(width - 1) / 2, (height - 1) / 2]
    matrix[:, 2] = (size - 1) / 2 + shift - middle
    border = (cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)[int(rng.random() < 0.25)]
    return cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)


def _relight(image: Image, strength: float, rng: np.random.Generator) -> Image:
    """Gamma, contrast and brightness through one table; now and then light from one side."""
    levels = np.linspace(0.0, 1.0, 256)
    curve = levels ** np.exp(rng.normal(0, 0.5 * strength))
    curve = 0.5 + (curve - 0.5) * np.exp(rng.normal(0, 0.5 * strength)) + rng.normal(0, 0.2 * strength)
    out = cv2.LUT(image, (curve.clip(0, 1) * 255).astype(np.uint8))
    if rng.random() < 0.3 * strength:
        side = np.linspace(1 - rng.uniform(0, 0.8), 1, image.shape[1], dtype=np.float32)
        side = side[::-1] if rng.random() < 0.5 else side
        shade = np.broadcast_to(side, image.shape[:2]) if rng.random() < 0.7 else side[:, None]
        out = (out * (shade if out.ndim == 2 else shade.reshape(*shade.shape[:2], -1))).astype(np.uint8)
    return out


def _degrade(image: Image, rng: np.random.Generator) -> Image:
    match rng.integers(4):
        case 0:
            return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.2) * image.shape[0] / 48)
        case 1:
            return coarse(image, rng.uniform(0.4, 0.8))
        case 2:
            return jpeg(image, int(rng.integers(20, 80)))
        case _:
            return noise(image, rng.uniform(3, 12), rng)


def _spectacles(image: Image, rng: np.random.Generator) -> None:
    """Two rims (now and then dark lenses) where the eyes of a centred face are."""
    size = image.shape[0]
    grey = int(rng.integers(0, 80))
    thick = cv2.FILLED if rng.random() < 0.3 else max(1, size // 32)
    colour = (grey,) * 3
    half = (int(size * rng.uniform(0.12, 0.17)), int(size * rng.uniform(0.08, 0.13)))
    y = int(size * rng.uniform(0.36, 0.44))
    left, right = int(size * 0.31), int(size * 0.69)
    for x in (left, right):
        cv2.ellipse(image, (x, y), half, 0, 0, 360, colour, thick)
    cv2.line(image, (left + half[0], y), (right - half[0], y), colour, max(1, size // 32))


def _erase(image: Image, rng: np.random.Generator) -> None:
    size = image.shape[0]
    height, width = (int(size * side) for side in rng.uniform(0.15, 0.45, 2))
    top, left = rng.integers(0, size - height), rng.integers(0, size - width)
    patch = image[top : top + height, left : left + width]
    patch[...] = rng.integers(0, 256, patch.shape) if rng.random() < 0.5 else rng.integers(0, 256)
