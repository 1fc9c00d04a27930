"""A hand in the face: before the mouth in a yawn, at an eye that is rubbed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.sources.sim.marks import STAGE, Floats

if TYPE_CHECKING:
    from fer_edge.core import Image

_SKIN = np.array((112, 140, 196), np.float32)
_SIZE, _TALL = 260, 460
"""Width and height of what a hand and its arm are drawn in, pixels."""
_MIDDLE = (120, 70)
"""What the hand covers is here."""

_FINGERS = (((62, 40), (150, 70)), ((50, 62), (152, 92)), ((54, 86), (150, 114)), ((66, 108), (146, 134)))
_KNUCKLES = ((100, 62), (124, 58), (146, 66))


class Gesture:
    """A flat hand or a fist, drawn once, laid where it is wanted."""

    def __init__(self, skin: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> None:
        tone = np.clip(_SKIN * np.asarray(skin, np.float32), 8, 250)
        self._flat, self._fist = _flat(tone), _fist(tone)

    def before_mouth(self, picture: Image, place: tuple[float, float], share: float) -> Image:
        """A flat hand comes up from below until ``share`` 1 of the way to the mouth at ``place``."""
        return _laid(picture, self._flat, (place[0], place[1] + (1 - share) * 240))

    def at_eye(self, picture: Image, place: tuple[float, float], share: float, turn: float) -> Image:
        """A fist comes up to the eye at ``place``; ``turn`` (radians) rubs it round."""
        x, y = place[0] + 4 * np.cos(turn), place[1] + 3 * np.sin(turn) + (1 - share) * 300
        return _laid(picture, self._fist, (x, y))


def _laid(picture: Image, hand: tuple[Floats, Floats], place: tuple[float, float]) -> Image:
    colour, alpha = hand
    left, top = round(place[0] - _MIDDLE[0]), round(place[1] - _MIDDLE[1])
    rows = slice(max(top, 0), min(top + _TALL, STAGE[1]))
    columns = slice(max(left, 0), min(left + _SIZE, STAGE[0]))
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return picture
    inside = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
    drawn = picture.copy()
    share = alpha[inside][..., None]
    drawn[rows, columns] = (picture[rows, columns] * (1 - share) + colour[inside] * share).astype(np.uint8)
    return drawn


def _shaded(alpha: Floats, lines: Floats, tone: Floats) -> tuple[Floats, Floats]:
    """Skin with light from above and dark lines between the fingers."""
    light = np.linspace(1.08, 0.6, _TALL, dtype=np.float32)[:, None]
    round_ = 0.72 + 0.28 * cv2.GaussianBlur(alpha, (0, 0), 7)
    shade = light * round_ * (1 - 0.45 * cv2.GaussianBlur(lines, (0, 0), 1.2))
    return np.clip(tone * shade[..., None], 0, 255), cv2.GaussianBlur(alpha, (0, 0), 1.0)


def _flat(tone: Floats) -> tuple[Floats, Floats]:
    alpha, lines = (np.zeros((_TALL, _SIZE), np.float32) for _ in range(2))
    palm = np.array([(140, 62), (180, 84), (206, 150), (246, 460), (150, 460), (118, 190), (128, 140)], np.int32)
    cv2.fillPoly(alpha, [palm], 1.0, cv2.LINE_AA)
    for number, (tip, root) in enumerate(_FINGERS):
        cv2.line(alpha, tip, root, 1.0, 26, cv2.LINE_AA)
        if number:
            cv2.line(lines, (tip[0] + 4, tip[1] - 12), (root[0], root[1] - 12), 1.0, 2, cv2.LINE_AA)
    cv2.line(alpha, (118, 150), (150, 196), 1.0, 30, cv2.LINE_AA)
    return _shaded(alpha, lines, tone)


def _fist(tone: Floats) -> tuple[Floats, Floats]:
    alpha, lines = (np.zeros((_TALL, _SIZE), np.float32) for _ in range(2))
    for middle in _KNUCKLES:
        cv2.circle(alpha, middle, 17, 1.0, cv2.FILLED, cv2.LINE_AA)
        cv2.ellipse(lines, middle, (16, 16), 0, 20, 160, 1.0, 2, cv2.LINE_AA)
    wrist = np.array([(86, 74), (164, 76), (170, 130), (206, 460), (110, 460), (92, 140)], np.int32)
    cv2.fillPoly(alpha, [wrist], 1.0, cv2.LINE_AA)
    return _shaded(alpha, lines, tone)
