"""What a face detector and a cheap camera do to a face, drawn at random on uint8 pictures.

One affine warp does shift, scale, rotation, flip and the change of size together; light, blur,
low resolution, JPEG, noise and occlusion follow, each with its own chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from convert.arguments import number, option, share

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far pictures are varied: all off by default."""

    shift: float = option(0.0, share, "share of the side")
    scale: float = option(0.0, share, "share: 0.15 is 0.87 to 1.15 times")
    rotation: float = option(0.0, number(), "degrees")
    light: float = option(0.0, share, "gamma, contrast and brightness, 0 to 1")
    degrade: float = option(0.0, share, "chance of blur, coarse pixels, JPEG or noise")
    occlude: float = option(0.0, share, "chance of spectacles")
    erase: float = option(0.0, share, "chance of a lost rectangle")
    flip: bool = option(False, None, "mirror half of the pictures")


def vary(image: Image, to: Augmentation, size: int, rng: np.random.Generator) -> Image:
    """A random variation of ``image`` (height, width[, 3]) at ``size`` x ``size`` pixels."""
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
    """:func:`vary` for every picture of (N, height, width, channels); keeps the channels axis."""
    channels = images.shape[-1]
    out = np.empty((len(images), size, size, channels), np.uint8)
    for row, image in zip(out, images, strict=True):
        row[...] = vary(image, to, size, rng).reshape(size, size, channels)
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
    size = image.shape[0]
    match rng.integers(4):
        case 0:
            return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.2) * size / 48)
        case 1:
            small = int(size * rng.uniform(0.4, 0.8))
            coarse = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
            return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR)
        case 2:
            _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 80))])
            return cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        case _:
            noise = rng.normal(0, rng.uniform(3, 12), image.shape)
            return (image + noise).clip(0, 255).astype(np.uint8)


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
