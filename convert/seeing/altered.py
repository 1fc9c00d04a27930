"""A clip as other cameras, or in another drive, would have seen it: what is true of the clip stays true."""

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
ROUGH, ROUGH_DEG = 0.006, 0.8
"""Standard deviations of a rough road's shaking: shift in widths of the picture, and roll."""
JOLT = 0.04
"""How far a bump in the road throws the picture, in its heights."""
A_SECOND = 30
"""Frames of a second: how fast conditions change; in clips at other rates a little faster or slower."""


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
    return _lit(picture, np.linspace(1, DIMMEST, picture.shape[1])[None, :, None])


def noisy(picture: np.ndarray, number: int) -> np.ndarray:
    """A grain of its own in every frame."""
    grain = np.random.default_rng(number).standard_normal(picture.shape, np.float32)
    return np.clip(picture + GRAIN * grain, 0, 255).astype(np.uint8)


def shaken(picture: np.ndarray, number: int) -> np.ndarray:
    """A camera loose on a rough road."""
    height, width = picture.shape[:2]
    roll, across, down = np.random.default_rng(number).standard_normal(3)
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), float(ROUGH_DEG * roll), 1)
    matrix[:, 2] += ROUGH * width * np.array([across, down])
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def jolted(picture: np.ndarray, number: int) -> np.ndarray:
    """A bump every two seconds, which rings out."""
    height, width = picture.shape[:2]
    since_s = number / A_SECOND % 2
    down = JOLT * height * np.exp(-4 * since_s) * np.cos(25 * since_s)
    matrix = np.array([[1, 0, 0], [0, 1, down]], np.float32)
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def tunnel(picture: np.ndarray, number: int) -> np.ndarray:
    """Three seconds with three tenths of the light, three seconds of daylight, without a transition."""
    return _lit(picture, 0.3 if number // A_SECOND % 6 < 3 else 1.0)


def street_lamps(picture: np.ndarray, number: int) -> np.ndarray:
    """Night, and a lamp that passes every 0.8 s."""
    return _lit(picture, 0.35 + 0.65 * np.sin(1.2 * np.pi * number / A_SECOND) ** 4)


def avenue(picture: np.ndarray, number: int) -> np.ndarray:
    """Shadows of trees that run across the face."""
    across = np.linspace(0, 12, picture.shape[1])
    return _lit(picture, np.clip(0.75 + 0.45 * np.sin(across + 0.7 * number), 0.3, 1.2)[None, :, None])


def haze(picture: np.ndarray, _: int) -> np.ndarray:
    """Low sun on a dusty lens: less than half of the contrast."""
    return (0.45 * picture + 110).astype(np.uint8)


def infrared(picture: np.ndarray, number: int) -> np.ndarray:
    """Night with an infrared lamp beside the lens: grey, bright in the middle, with a grain."""
    height, width = picture.shape[:2]
    down, across = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) * np.exp(-((across / 0.9) ** 2) - (down / 1.2) ** 2)
    grain = np.random.default_rng(number).standard_normal(grey.shape, np.float32)
    return cv2.cvtColor(np.clip(40 + 0.8 * grey + 0.6 * GRAIN * grain, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)


def _lit(picture: np.ndarray, light: float | np.ndarray) -> np.ndarray:
    return np.clip(picture * light, 0, 255).astype(np.uint8)


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
    "shaken": shaken,
    "jolted": jolted,
    "tunnel": tunnel,
    "street-lamps": street_lamps,
    "avenue": avenue,
    "haze": haze,
    "infrared": infrared,
}
"""By the name that ``judge --as`` takes."""
