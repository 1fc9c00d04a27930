"""Square pictures for the detector: scenes zoomed and turned, faces pasted, and scenes with none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from convert.augment import Variation, vary
from convert.seeing import covers, faces68
from convert.seeing.pieces import Draw, One, batched
from convert.seeing.scenes import Scene
from fer_edge.perception import grid, shape, warp

SHARES = {"scene": 0.46, "four": 0.2, "pasted": 0.12}
"""Of every batch: scenes with faces, four small ones side by side, marked faces pasted into scenes without; the rest
shows none."""
EMPTY_AMONG_FOUR = 0.3
"""How often one of four scenes side by side shows no face."""
SIZES = (11.0, 105.0)
"""Face sizes (root of the area) drawn, in pixels of the network's picture."""
SMALL_SHARE, SMALL = 0.4, (11.0, 26.0)
"""How often a small face is drawn on purpose, and its sizes: they are the hard ones."""
COVERED_SHARE, LIT_SHARE = 0.5, 0.15
"""How often something stands before a face, or light comes from one side of it only; both also where none is."""
FARTHEST = 0.45
"""The least size at which a scene is shown, of the size at which it fills the view: the rest is border."""
SMALLEST = 9.0
"""Faces under this size are neither faces nor not, pixels."""
SMALL_UP_TO, LARGE_FROM = 40.0, 28.0
"""The grid of small faces learns sizes up to the first, that of large ones from the second."""
NEAR, FAR = 0.25, 0.6
"""Cells nearer to a face's middle than this share of its size see it; up to the second nothing is learned."""
VARIATION = Variation(
    plain_share=0.2, gamma=(0.35, 2.6), blur=1.1, blur_share=0.25, coarse_share=0.2, coarsest=0.55, noise=12.0
)
CELL = 1 + 1 + grid.NUMBERS + 10
"""Per cell: score, its weight, box and points, and the weight of each point's coordinate."""


@dataclass(frozen=True)
class View:
    """What the network is shown, and the faces in it (boxes, points, ignored places)."""

    picture: np.ndarray
    boxes: np.ndarray
    points: np.ndarray
    ignore: np.ndarray


def sampler(
    peopled: Sequence[Scene],
    empty: Sequence[Scene],
    faces: faces68.MarkedFaces | None,
    size: int,
    hard: Sequence[np.ndarray] = (),
) -> Draw:
    """Draws batches of (pictures (n, size, size), targets (n, cells, CELL)). ``hard``: pictures once mistaken."""
    shows = [scene for scene in peopled if len(scene.boxes)]
    patterns = [scene.picture for scene in empty]

    def one(rng: np.random.Generator) -> One:
        kind = rng.random()
        if kind < SHARES["scene"] or not empty:
            view = zoomed(shows[int(rng.integers(len(shows)))], size, rng)
        elif kind < SHARES["scene"] + SHARES["four"]:
            return four(rng)
        elif kind < SHARES["scene"] + SHARES["four"] + SHARES["pasted"] and faces is not None:
            view = zoomed(pasted(faces, empty[int(rng.integers(len(empty)))], rng), size, rng)
        elif hard and rng.random() < 0.4:
            view = _nothing(hard[int(rng.integers(len(hard)))])
        else:
            view = zoomed(empty[int(rng.integers(len(empty)))], size, rng)
        picture = _beset(view, size, patterns, rng)
        return vary(picture, VARIATION, rng), targets(view, size)

    def four(rng: np.random.Generator) -> One:
        parts = []
        for _ in range(4):
            among = empty if rng.random() < EMPTY_AMONG_FOUR else shows
            view = zoomed(among[int(rng.integers(len(among)))], size // 2, rng, SMALL)
            parts.append(replace(view, picture=_beset(view, size // 2, patterns, rng)))
        view = side_by_side(parts, size // 2)
        return vary(view.picture, VARIATION, rng), targets(view, size)

    return batched(one)


def _nothing(picture: np.ndarray) -> View:
    return View(picture, np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros((0, 4), np.float32))


def side_by_side(parts: Sequence[View], side: int) -> View:
    """Four square views as one of twice their side: many small faces, each in another scene."""
    moves = [np.array(move, np.float32) * side for move in ((0, 0), (1, 0), (0, 1), (1, 1))]
    shown = [part.picture for part in parts]
    return View(
        np.vstack([np.hstack(shown[:2]), np.hstack(shown[2:])]),
        np.concatenate([part.boxes + np.append(move, (0, 0)) for part, move in zip(parts, moves, strict=True)]),
        np.concatenate([part.points + move for part, move in zip(parts, moves, strict=True)]),
        np.concatenate([part.ignore + np.append(move, (0, 0)) for part, move in zip(parts, moves, strict=True)]),
    )


def zoomed(scene: Scene, size: int, rng: np.random.Generator, sizes: tuple[float, float] = SIZES) -> View:
    """A square view of a scene: whole as a camera gives it, or closer to or farther from one of its faces."""
    height, width = scene.picture.shape
    fit = size / max(height, width)
    if len(scene.boxes) == 0 or rng.random() < 0.25:
        scale = fit * np.exp(rng.uniform(-0.25, 0.9 if len(scene.boxes) == 0 else 0.3))
        focus = np.array([width, height]) * rng.uniform(0.3, 0.7, 2)
        place = np.full(2, size / 2)
    else:
        box = scene.boxes[int(rng.integers(len(scene.boxes)))]
        wanted = np.exp(rng.uniform(*np.log(SMALL if rng.random() < SMALL_SHARE else sizes)))
        scale = float(np.clip(wanted / np.sqrt(box[2] * box[3]), FARTHEST * fit, 3.5))
        focus = box[:2] + box[2:] / 2
        reach = np.clip(0.5 - 0.35 * wanted / size, 0.12, 0.42) * size
        place = size / 2 + rng.uniform(-reach, reach, 2)
    angle = float(rng.normal() * 7) if rng.random() < 0.7 else float(rng.uniform(-32, 32))
    matrix = warp.upright((float(focus[0]), float(focus[1])), size / scale, angle, size)
    matrix[:, 2] += place - size / 2
    return _seen(scene, matrix, size, rng)


def _seen(scene: Scene, matrix: np.ndarray, size: int, rng: np.random.Generator) -> View:
    border = cv2.BORDER_REPLICATE if rng.random() < 0.3 else cv2.BORDER_CONSTANT
    level = 0 if rng.random() < 0.7 else int(rng.integers(0, 256))
    source, inside = scene.picture, matrix
    step = 1 / float(np.hypot(matrix[0, 0], matrix[0, 1]))
    if step > 1.3:
        sides = (max(2, round(source.shape[1] / step)), max(2, round(source.shape[0] / step)))
        ratio = np.array([source.shape[1] / sides[0], source.shape[0] / sides[1]])
        source = cv2.resize(source, sides, interpolation=cv2.INTER_AREA)
        inside = np.hstack([matrix[:, :2] * ratio, (matrix[:, :2] @ ((ratio - 1) / 2) + matrix[:, 2])[:, None]])
    picture = cv2.warpAffine(source, inside, (size, size), flags=cv2.INTER_LINEAR, borderMode=border, borderValue=level)
    boxes, ignore = _moved(scene.boxes, matrix), _moved(scene.ignore, matrix)
    points = scene.points @ matrix[:, :2].T + matrix[:, 2]
    if rng.random() < 0.5:
        picture = np.ascontiguousarray(picture[:, ::-1])
        for rows in (boxes, ignore):
            rows[:, 0] = size - rows[:, 0] - rows[:, 2]
        points[..., 0] = size - 1 - points[..., 0]
        points = points[:, [1, 0, 2, 4, 3]]
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    shown = ((middles > -2) & (middles < size + 2)).all(axis=1)
    large = np.sqrt(boxes[:, 2] * boxes[:, 3]) >= SMALLEST
    within = ((middles > 0.1 * boxes[:, 2:]) & (middles < size - 0.1 * boxes[:, 2:])).all(axis=1)
    ignore = np.concatenate([ignore, boxes[shown & ~(large & within)]])
    keep = shown & large & within
    return View(picture, boxes[keep], points[keep].astype(np.float32), ignore)


def _moved(boxes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Boxes whose middles are moved and whose sides are scaled: a face turned a little keeps its box."""
    scale = float(np.hypot(matrix[0, 0], matrix[0, 1]))
    middles = (boxes[:, :2] + boxes[:, 2:] / 2) @ matrix[:, :2].T + matrix[:, 2]
    sides = boxes[:, 2:] * scale
    return np.concatenate([middles - sides / 2, sides], axis=1).astype(np.float32)


def pasted(faces: faces68.MarkedFaces, scene: Scene, rng: np.random.Generator) -> Scene:
    """A marked face with soft edges in a scene without one; its box is as the teacher would draw it."""
    i = int(rng.integers(len(faces)))
    face, points = faces.images[i], faces.points[i]
    height, width = scene.picture.shape
    side = int(rng.uniform(0.35, 0.9) * min(height, width))
    x, y = int(rng.integers(0, width - side + 1)), int(rng.integers(0, height - side + 1))
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    line = np.clip(np.minimum(np.arange(side), np.arange(side)[::-1]) / (0.12 * side), 0, 1)
    blend = np.minimum(line[None], line[:, None]).astype(np.float32)
    picture = scene.picture.copy()
    patch = picture[y : y + side, x : x + side]
    patch[:] = patch * (1 - blend) + small * blend
    scale = side / face.shape[0]
    low, high = points.min(axis=0), points.max(axis=0)
    tall = (high - low).max() / 0.828
    wide = 0.767 * tall
    centre = (low + high) / 2
    box = np.array([centre[0] - wide / 2, centre[1] - 0.6245 * tall, wide, tall]) * scale + [x, y, 0, 0]
    five = shape.five(points) * scale + [x, y]
    empty = np.zeros((0, 4), np.float32)
    return Scene(picture, box[None].astype(np.float32), five[None].astype(np.float32), empty)


def _beset(view: View, size: int, patterns: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """The view with something before one of its faces or light from one side of it; where none is, at any place."""
    if len(view.boxes):
        box = view.boxes[int(rng.integers(len(view.boxes)))]
    else:
        tall = float(np.exp(rng.uniform(np.log(SIZES[0]), np.log(min(SIZES[1], size)))))
        box = np.array([*rng.uniform(0, size - 0.8 * tall, 2), 0.8 * tall, tall])
    return covers.beset(view.picture, box, rng, (LIT_SHARE, COVERED_SHARE), patterns)


def targets(view: View, size: int) -> np.ndarray:
    """What every cell should say, (cells, CELL) float32."""
    centres, bases = grid.cells(size)
    made = np.zeros((len(centres), CELL), np.float32)
    made[:, 1] = 1.0
    small = bases == bases[0]
    for box in view.ignore:
        made[((centres > box[:2]) & (centres < box[:2] + box[2:])).all(axis=1), 1] = 0.0
    order = np.argsort(-view.boxes[:, 2:].prod(axis=1))
    for box, points in zip(view.boxes[order], view.points[order], strict=True):
        side = float(np.sqrt(box[2] * box[3]))
        away = np.abs(centres - (box[:2] + box[2:] / 2)).max(axis=1) / side
        fits = np.where(small, side < SMALL_UP_TO, side >= LARGE_FROM)
        near = fits & (away < NEAR)
        if not near.any():
            near[np.where(fits, away, np.inf).argmin()] = True
        made[(away < FAR) & (made[:, 0] == 0), 1] = 0.0
        known = np.isfinite(points).all()
        count = int(near.sum())
        numbers = grid.encode(
            np.repeat(box[None], count, 0),
            np.repeat(np.nan_to_num(points)[None] + 0.5, count, 0),
            centres[near],
            bases[near],
        )
        made[near, 0], made[near, 1] = 1.0, 1.0
        made[near, 2 : 2 + grid.NUMBERS] = numbers
        made[near, 2 + grid.NUMBERS :] = float(known)
    return made
