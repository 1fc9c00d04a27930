"""A clip as other cameras would have seen it: what is true of the clip stays true."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from convert import augment

Alteration = Callable[[np.ndarray, int], np.ndarray | None]
"""Takes a frame (H, W, 3) uint8 and its number, gives the altered one; None: the frame was never taken."""

TILT_DEG = 8.0
SIDEWAYS, DOWNWARDS = 0.08, 0.05
"""Shift of the picture in shares of its width and height."""
DIMMEST = 0.25
"""Light left at the far side of a picture lit from one side."""
GRAIN = 10.0
"""Standard deviation of the noise in grey levels."""
BLUR = 2.0 / 640
"""Standard deviation of the blur in widths of the picture."""


def scaled(across: float, down: float) -> Alteration:
    """Fewer pixels."""
    return lambda picture, _: cv2.resize(picture, None, fx=across, fy=down, interpolation=cv2.INTER_AREA)


def tilted(angle: float) -> Alteration:
    """A camera mounted so many degrees askew."""

    def alter(picture: np.ndarray, _: int) -> np.ndarray:
        height, width = picture.shape[:2]
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1)
        return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)

    return alter


def moved(picture: np.ndarray, _: int) -> np.ndarray:
    """A camera aimed elsewhere."""
    height, width = picture.shape[:2]
    matrix = np.array([[1, 0, SIDEWAYS * width], [0, 1, DOWNWARDS * height]], np.float32)
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def lit_from_one_side(picture: np.ndarray, _: int) -> np.ndarray:
    """Ever less light towards the right."""
    return (picture * np.linspace(1, DIMMEST, picture.shape[1])[None, :, None]).astype(np.uint8)


def noisy(picture: np.ndarray, number: int) -> np.ndarray:
    """A grain of its own in every frame."""
    grain = np.random.default_rng(number).standard_normal(picture.shape, np.float32)
    return np.clip(picture + GRAIN * grain, 0, 255).astype(np.uint8)


def every(frames: int) -> Alteration:
    """A slower camera."""
    return lambda picture, number: picture if number % frames == 0 else None


ALTERED: dict[str, Alteration] = {
    "mirrored": lambda picture, _: cv2.flip(picture, 1),
    "small": scaled(0.6, 0.6),
    "tiny": scaled(0.4, 0.4),
    "narrow": scaled(0.85, 1.0),
    "dark": lambda picture, _: augment.gamma(picture, 1.8),
    "light": lambda picture, _: augment.gamma(picture, 0.6),
    "lit-from-one-side": lit_from_one_side,
    "noisy": noisy,
    "blurred": lambda picture, _: cv2.GaussianBlur(picture, (0, 0), BLUR * picture.shape[1]),
    "compressed": lambda picture, _: augment.jpeg(picture, 25),
    "tilted-left": tilted(TILT_DEG),
    "tilted-right": tilted(-TILT_DEG),
    "moved": moved,
    "half-rate": every(2),
    "third-rate": every(3),
}
"""By the name that ``judge --as`` takes."""
