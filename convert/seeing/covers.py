"""What stands before a face or lights one side of it, drawn: hands, phones, bread, boards, masks, scarves, caps.

Everything is drawn in the box that a detector gives a face, so scenes and marked faces learn from the same
drawings. The same things are drawn where no face is, or they would themselves be taken for one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

Shape = Callable[[np.random.Generator], list[np.ndarray]]
"""Draws the outlines of a thing, each (n, 2) in units of the face's box: 0, 0 its top left, 1, 1 its bottom right."""
PATTERNED = 0.35
"""How often a thing shows a piece of some picture where one is given, and not one shade."""


def covered(
    picture: np.ndarray,
    box: np.ndarray,
    rng: np.random.Generator,
    patterns: Sequence[np.ndarray] = (),
    angle: float = 0,
) -> np.ndarray:
    """The picture with one thing before the face in ``box`` (x, y, width, height, pixels), at most about half hidden.

    ``angle`` is how far the face is turned in the picture, degrees, clockwise as seen. ``patterns`` are grey
    pictures of anything, of which a piece may become the thing's surface.
    """
    draw = THINGS[int(np.searchsorted(_CHANCES, rng.random()))]
    outlines = [_placed(outline, box, angle) for outline in draw(rng)]
    around = np.concatenate(outlines)
    height, width = picture.shape
    low = np.clip(np.floor(around.min(axis=0)).astype(int) - 2, 0, (width - 1, height - 1))
    high = np.clip(np.ceil(around.max(axis=0)).astype(int) + 3, low + 1, (width, height))
    shown = picture[low[1] : high[1], low[0] : high[0]]
    cover = np.zeros(shown.shape, np.uint8)
    drawn = picture.copy()
    level = _level(picture, box, rng)
    surface = _surface(shown.shape, level, rng, patterns)
    for outline in outlines:
        cv2.fillPoly(cover, [np.round((outline - low) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    if len(outlines) > 1 and rng.random() < 0.8:  # fingers are told apart by the shadows between them
        shade = max(1, round(0.025 * float(box[2])))
        for outline in outlines:
            places = np.round((outline - low) * 16).astype(np.int32)
            cv2.polylines(surface, [places], True, int(level * rng.uniform(0.4, 0.8)), shade, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(cover, (0, 0), float(rng.uniform(0.3, 0.3 + 0.02 * box[2]))).astype(np.float32) / 255
    drawn[low[1] : high[1], low[0] : high[0]] = shown + soft * (surface.astype(np.float32) - shown)
    return drawn


def beset(
    picture: np.ndarray,
    box: np.ndarray,
    rng: np.random.Generator,
    shares: tuple[float, float],
    patterns: Sequence[np.ndarray] = (),
    angle: float = 0,
) -> np.ndarray:
    """The picture with light from one side of the face in ``box``, something before it, or as it is, by ``shares``."""
    if rng.random() < shares[0]:
        picture = one_side_lit(picture, box, rng)
    return covered(picture, box, rng, patterns, angle) if rng.random() < shares[1] else picture


def one_side_lit(picture: np.ndarray, box: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture with light from one side of the face in ``box``: its other side sinks into the dark."""
    height, width = picture.shape
    turn, side = rng.uniform(0, 2 * np.pi), float(max(box[2], box[3]))
    middle = box[:2] + box[2:] * rng.uniform(0.3, 0.7, 2)
    across = (np.arange(width, dtype=np.float32) - middle[0]) * np.cos(turn)
    down = (np.arange(height, dtype=np.float32) - middle[1]) * np.sin(turn)
    way = (across[None] + down[:, None]) / (side * rng.uniform(0.06, 0.35))
    dark, bright = np.exp(rng.uniform(np.log(0.04), np.log(0.5))), rng.uniform(0.6, 1.7)
    gain = dark + (bright - dark) / (1 + np.exp(np.clip(-way, -30, 30)))
    return cv2.multiply(picture, gain.astype(np.float32), dtype=cv2.CV_8U)


def _placed(outline: np.ndarray, box: np.ndarray, angle: float) -> np.ndarray:
    return _rotated((outline - 0.5) * box[2:], angle) + box[:2] + box[2:] / 2


def _rotated(points: np.ndarray, angle: float) -> np.ndarray:
    """Points (n, 2) turned about 0, 0 by degrees, clockwise as seen."""
    turn = np.deg2rad(angle)
    return points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


def _level(picture: np.ndarray, box: np.ndarray, rng: np.random.Generator) -> float:
    """The shade of a thing: near the face's own, as skin is, or any."""
    x, y = np.clip(box[:2] + box[2:] / 2, 0, np.array(picture.shape[::-1]) - 1).astype(int)
    reach = max(1, int(box[2] / 4))
    own = float(picture[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach].mean())
    return float(np.clip(own * rng.uniform(0.6, 1.3) if rng.random() < 0.45 else rng.uniform(0, 255), 0, 255))


def _surface(
    shape: tuple[int, int], level: float, rng: np.random.Generator, patterns: Sequence[np.ndarray]
) -> np.ndarray:
    height, width = shape
    if len(patterns) and rng.random() < PATTERNED:
        source = patterns[int(rng.integers(len(patterns)))]
        side = max(4, int(rng.uniform(0.1, 0.5) * min(source.shape)))
        x, y = int(rng.integers(source.shape[1] - side + 1)), int(rng.integers(source.shape[0] - side + 1))
        return cv2.resize(source[y : y + side, x : x + side], (width, height), interpolation=cv2.INTER_LINEAR)
    slope = rng.uniform(-60, 60, 2) * (rng.random() < 0.7)
    made = level + slope[0] * np.linspace(-0.5, 0.5, width)[None] + slope[1] * np.linspace(-0.5, 0.5, height)[:, None]
    if rng.random() < 0.5:  # crumbs, cloth, creases
        grain = rng.normal(0, rng.uniform(3, 25), (height // 3 + 2, width // 3 + 2)).astype(np.float32)
        made = made + cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.clip(made, 0, 255).astype(np.uint8)


def _board(rng: np.random.Generator) -> list[np.ndarray]:
    """An edge straight across the face: one side, the upper or the lower part lies behind it."""
    deep, skew = rng.uniform(0.3, 0.55), rng.uniform(-0.12, 0.12)
    low, high = -rng.uniform(0.1, 0.7), 1 + rng.uniform(0.1, 0.7)
    outline = np.array([[-rng.uniform(0.1, 0.6), low], [deep + skew, low], [deep - skew, high], [-0.3, high]])
    side = rng.random()
    if side < 0.35:
        return [outline]
    if side < 0.7:
        return [outline * [-1, 1] + [1, 0]]
    outline = outline[:, ::-1]
    return [outline * [1, -1] + [0, 1]] if side < 0.9 else [outline * [1, 0.8]]


def _hand(rng: np.random.Generator) -> list[np.ndarray]:
    """A palm and up to five fingers, from below or from a side, over mouth, cheek, nose or an eye."""
    palm, long, thick = rng.uniform(0.2, 0.3), rng.uniform(0.28, 0.5), rng.uniform(0.09, 0.13)
    place = np.array([rng.uniform(0.1, 0.9), rng.uniform(0.45, 1.0)])
    turn = rng.uniform(-75, 75)
    parts = [_ellipse((100, 85), 0, 20) * palm]
    parts.append(np.array([[-0.6, 0.2], [0.6, 0.2], [0.7, 6], [-0.7, 6]]) * palm)
    spread = rng.uniform(2, 14)
    for n in range(int(rng.integers(3, 6))):
        bend = np.deg2rad((n - 1.5) * spread + rng.normal() * 4 + (40 if n == 4 else 0))
        start = np.array([(n - 1.5) * 0.55 * palm, -0.55 * palm])
        parts.append(_finger(start, bend, long * rng.uniform(0.8, 1.1), thick))
    return [_rotated(part, turn) * [1.25, 1.0] + place for part in parts]


def _finger(start: np.ndarray, bend: float, long: float, thick: float) -> np.ndarray:
    along, wide = np.array([np.sin(bend), -np.cos(bend)]), np.array([np.cos(bend), np.sin(bend)]) * thick / 2
    tip = start + along * long
    return np.array(
        [
            start - wide,
            tip - wide,
            tip - wide * 0.6 + along * thick * 0.4,
            tip + wide * 0.6 + along * thick * 0.4,
            tip + wide,
            start + wide,
        ]
    )


def _phone(rng: np.random.Generator) -> list[np.ndarray]:
    """A slab before the mouth or one side, or held to an ear."""
    wide, tall = rng.uniform(0.3, 0.5), rng.uniform(0.6, 1.0)
    place = np.array([rng.uniform(-0.05, 1.05), rng.uniform(0.35, 1.0)])
    return [_box(place, wide, tall, rng.uniform(-90, 90))]


def _food(rng: np.random.Generator) -> list[np.ndarray]:
    """Bread, a cup or a can before the mouth."""
    axes = (int(100 * rng.uniform(0.15, 0.4)), int(100 * rng.uniform(0.12, 0.35)))
    outline = _ellipse(axes, int(rng.integers(0, 180)), 15)
    return [outline * (1 + rng.normal(0, 0.05, (len(outline), 1))) + [rng.uniform(0.25, 0.75), rng.uniform(0.65, 1.0)]]


def _mask(rng: np.random.Generator) -> list[np.ndarray]:
    """A mask over nose and mouth, or a scarf up to them and wide below."""
    top, droop, wide = rng.uniform(0.42, 0.72), rng.uniform(0, 0.12), rng.uniform(0.0, 0.12)
    low = 1.0 + rng.uniform(-0.02, 0.1)
    if rng.random() < 0.4:
        low, wide = 1.6, -rng.uniform(0.1, 0.5)
    upper = [[wide, top + droop], [0.5, top], [1 - wide, top + droop]]
    lower = [[1 - wide, 0.85], [0.72 - min(wide, 0) * 0.5, low], [0.28 + min(wide, 0) * 0.5, low], [wide, 0.85]]
    return [np.array(upper + lower) + rng.normal(0, 0.015, (7, 2))]


def _cap(rng: np.random.Generator) -> list[np.ndarray]:
    """A cap, a hood's edge or a sun visor down to the brows or the eyes."""
    brim, bend = rng.uniform(0.1, 0.34), rng.uniform(-0.08, 0.1)
    wide = rng.uniform(0.0, 0.25)
    crown = [[1 + wide, -0.15], [0.85, -0.5], [0.15, -0.5], [-wide, -0.15]]
    return [np.array([[-wide, brim + bend], [0.5, brim], [1 + wide, brim + bend * rng.uniform(-1, 1)], *crown])]


def _ellipse(axes: tuple[int, int], angle: int, step: int) -> np.ndarray:
    """An outline about 0, 0; ``axes`` in hundredths."""
    return np.array(cv2.ellipse2Poly((0, 0), axes, angle, 0, 360, step)) / 100


def _box(place: np.ndarray, wide: float, tall: float, angle: float) -> np.ndarray:
    return _rotated(np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * [wide, tall], angle) + place


THINGS: tuple[Shape, ...] = (_board, _hand, _phone, _food, _mask, _cap)
_CHANCES = np.cumsum([0.34, 0.24, 0.12, 0.1, 0.1, 0.1])
_CHANCES[-1] = 1.0
