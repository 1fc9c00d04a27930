"""A flat head turned in depth: the photographed face on a ball with a nose, before a cap of hair.

For each pixel of the turned head the ray is followed to the ball, the ball is turned back, and
the photograph is read there. What comes into view from behind the ball is the hair of the cap,
which keeps the outline of the head.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.sources.sim.marks import STAGE, Floats

if TYPE_CHECKING:
    from fer_edge.core import Image
    from fer_edge.sources.sim.states import Pose

_CENTRE = (321.0, 200.0)
_RADII = (132.0, 205.0)
"""Pixels: the ball is as wide as the hair and so tall that the chin, too, is in front of it."""
_NECK = (318.0, 345.0)
"""The head leans, nods and turns about this point at the foot of the neck."""
_SIZE = (336, 416)
"""Width and height of the part of the stage that is drawn, pixels: the head, wherever it is."""
_RELIEF = ((319.0, 220.0, 24.0, 33.0, 29.0), (319.0, 252.0, 45.0, 62.0, 43.0))
"""Middle x, y, spread in x and in y, and height of the nose and of the middle of the face, pixels."""
_HIGHEST = 66.0
"""The highest point of the relief, pixels."""
_STEPS = 10
_GAIN = 1.1
"""The ball is flatter than a head: so much more is its turn, for the points of the face to be where
those of an average face would be."""
_GRID = 8
"""Pixels between the points at which the warp is worked out; it is smooth in between."""
_GRID_Y, _GRID_X = np.mgrid[0 : _SIZE[1] // _GRID + 1, 0 : _SIZE[0] // _GRID + 1].astype(np.float32) * _GRID - 0.5
"""Those points in the place, half a pixel before its own: so the pixels between two of them are a whole number."""
_FACE = (181.0, 16.0, 467.0, 384.0)
"""Left, top, right and bottom of all of the face on the stage, its jaw down in a yawn, with some pixels around."""

_LITTLE = 0.3
"""Sum of the sines of yaw and pitch below which no part of the face hides another."""

Place = tuple[slice, slice]
Ball = Callable[[Floats], tuple[Floats, Floats, Floats]]
"""Column, row and share of the front that each ray meets on a ball so many pixels higher."""


def turn(face: Image, cap: Image, pose: Pose) -> tuple[Image, Place]:
    """The head in ``pose``, and the rows and columns of the stage where it goes.

    ``face`` and ``cap`` are stage-sized BGRA with the colours already times alpha, and so is what
    comes back, of the size of the place.
    """
    place = _place(pose)
    rows, columns = place
    x, y = _upright(_GRID_X + columns.start, _GRID_Y + rows.start, math.radians(pose.roll))
    x, y, front = _ahead(x, y, pose)
    cells = _drawn_cells(x, y, front, pose, place)
    x, y, front = x[cells], y[cells], front[cells]
    place = _place_of(cells, place)
    turned = cv2.remap(face, _dense(cv2.merge([x, y])), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    if front.min() < 1:
        shown = _dense(np.rint(front * 255).astype(np.uint8))
        turned = cv2.multiply(turned, cv2.merge([shown] * 4), scale=1 / 255)
    height, width = turned.shape[:2]
    behind = cv2.warpAffine(cap, _cap_motion(pose, place), (width, height), flags=cv2.INTER_LINEAR)
    return over(behind, turned), place


def seen_at(mark: tuple[float, float], pose: Pose) -> tuple[float, float]:
    """Where a point of the photographed face is seen in ``pose``, pixels of the stage; near it where it is hidden."""
    rows, columns = _place(pose)
    y, x = np.mgrid[rows.start : rows.stop : 4, columns.start : columns.stop : 4].astype(np.float32)
    source_x, source_y, front = _ahead(*_upright(x, y, math.radians(pose.roll)), pose)
    away = np.hypot(source_x - mark[0], source_y - mark[1]) + 100 * (1 - front)
    nearest = int(np.argmin(away))
    return float(x.flat[nearest]), float(y.flat[nearest])


def over(back: Image, front: Image) -> Image:
    """``front`` BGRA, times alpha, over ``back`` of three or four channels."""
    colours = back.shape[2]
    hidden = cv2.merge([cv2.bitwise_not(cv2.extractChannel(front, 3))] * colours)
    rest = cv2.multiply(back, hidden, scale=1 / 255)
    both: Image = cv2.add(rest, front if colours == 4 else cv2.cvtColor(front, cv2.COLOR_BGRA2BGR))
    return both


def _shift(pose: Pose) -> tuple[float, float]:
    """How far the whole head moves with a turn or a nod, as the neck is behind and below it.

    ``pose`` is as the camera sees it; where the camera is mounted moves nothing.
    """
    yaw, pitch = math.radians(pose.yaw + pose.camera_yaw), math.radians(pose.pitch + pose.camera_pitch)
    return 16.0 * math.sin(yaw), (_NECK[1] - _CENTRE[1]) * (1 - math.cos(pitch)) - 40.0 * math.sin(pitch)


def _place(pose: Pose) -> Place:
    across, down = _shift(pose)
    lean = math.radians(pose.roll)
    arm = _NECK[1] - 190.0
    # Where the camera is mounted turns the face about its middle, so the box that holds it moves, too.
    face_x, face_y = 40 * math.sin(math.radians(pose.yaw)), -48 * math.sin(math.radians(pose.pitch))
    x = _CENTRE[0] + across + face_x - arm * math.sin(lean)
    y = _CENTRE[1] + down + face_y + arm * (1 - math.cos(lean))
    left = int(np.clip(x - _SIZE[0] / 2, 0, STAGE[0] - _SIZE[0]))
    top = int(np.clip(y - _SIZE[1] / 2, 0, STAGE[1] - _SIZE[1]))
    return slice(top, top + _SIZE[1]), slice(left, left + _SIZE[0])


def _cap_motion(pose: Pose, place: Place) -> Floats:
    """The matrix that leans and shifts the cap as the head, in pixels of ``place``."""
    motion = cv2.getRotationMatrix2D(_NECK, pose.roll, 1.0)  # positive is anticlockwise on the screen
    motion[:, 2] += motion[:, :2] @ np.array(_shift(pose))
    motion[:, 2] -= place[1].start, place[0].start
    matrix: Floats = motion.astype(np.float32)
    return matrix


def _drawn_cells(x: Floats, y: Floats, front: Floats, pose: Pose, place: Place) -> Place:
    """Rows and columns of the grid between which all of face and cap is: a good half of the place."""
    left, top, right, bottom = _FACE
    seen = (x > left) & (x < right) & (y > top) & (y < bottom) & (front > 0)
    corners = np.array([[(left, top, 1), (right, top, 1), (left, _NECK[1], 1), (right, _NECK[1], 1)]], np.float32)
    behind = corners[0] @ _cap_motion(pose, place).T / _GRID
    rows = np.concatenate([np.flatnonzero(seen.any(axis=1)), behind[:, 1]])
    columns = np.concatenate([np.flatnonzero(seen.any(axis=0)), behind[:, 0]])
    return _reach(rows, seen.shape[0]), _reach(columns, seen.shape[1])


def _reach(needed: Floats, lines: int) -> slice:
    """From the first to the last needed of the grid's ``lines``, and one more."""
    first, last = max(int(needed.min()) - 1, 0), min(int(needed.max()) + 2, lines - 1)
    return slice(first, max(last, first + 1) + 1)


def _place_of(cells: Place, place: Place) -> Place:
    """The part of the stage between those lines of the place's grid."""
    rows, columns = (
        slice(whole.start + _GRID * part.start, whole.start + _GRID * (part.stop - 1))
        for part, whole in zip(cells, place, strict=True)
    )
    return rows, columns


def _dense(coarse: Image) -> Image:
    """A value for every pixel between the lines of the grid, linear between its points."""
    wide: Image = cv2.resize(coarse, None, fx=_GRID, fy=_GRID, interpolation=cv2.INTER_LINEAR)
    half = _GRID // 2
    return wide[half:-half, half:-half]


def _upright(x: Floats, y: Floats, roll: float) -> tuple[Floats, Floats]:
    """Undo the leaning: a positive roll leans the head to the left of the picture."""
    dx, dy = x - _NECK[0], y - _NECK[1]
    return (
        _NECK[0] + dx * math.cos(roll) - dy * math.sin(roll),
        _NECK[1] + dx * math.sin(roll) + dy * math.cos(roll),
    )


def _ahead(x: Floats, y: Floats, pose: Pose) -> tuple[Floats, Floats, Floats]:
    """Undo yaw (positive: the face moves to the right of the picture) and pitch (positive: up).

    Returns column and row in the photograph, and how much of the ball's front is seen there, 0 to 1.
    """
    yaw, pitch = _GAIN * math.radians(pose.yaw), math.radians(pose.pitch)
    across, down = _shift(pose)
    x, y = x - across, y - down

    def ball(height: Floats) -> tuple[Floats, Floats, Floats]:
        u = (x - height * (math.sin(yaw) * math.cos(pitch)) - _CENTRE[0]) / _RADII[0]
        v = (y + height * math.sin(pitch) - _CENTRE[1]) / _RADII[1]
        return _turn_ball(u, v, yaw, pitch)

    little = abs(math.sin(yaw)) + abs(math.sin(pitch)) < _LITTLE
    height = _nearby_height(ball, x.shape) if little else _seen_height(ball, x.shape)
    source_x, source_y, front = ball(height)
    return source_x.astype(np.float32), source_y.astype(np.float32), front.astype(np.float32)


def _nearby_height(ball: Ball, shape: tuple[int, ...]) -> Floats:
    """As :func:`_seen_height` for small turns, where nothing hides anything: a few steps find it."""
    height = np.zeros(shape, np.float32)
    for _ in range(3):
        x, y, _front = ball(height)
        height = _relief(x, y)
    return height


def _seen_height(ball: Ball, shape: tuple[int, ...]) -> Floats:
    """The height over the ball of what each ray meets first, coming from the front.

    Steps down from the highest point until the face is as high as the ray, then splits the step
    where the two heights cross: a nose hides what is behind it.
    """
    step = _HIGHEST / _STEPS
    height = np.zeros(shape, np.float32)
    found = np.zeros(shape, bool)
    gap_before = np.full(shape, -1.0, np.float32)
    for number in range(_STEPS, -1, -1):
        ray = np.full(shape, number * step, np.float32)
        x, y, _ = ball(ray)
        gap = _relief(x, y) - ray
        hit = (gap >= 0) & ~found
        share = gap / np.maximum(gap - gap_before, 1e-3)
        height = np.where(hit, ray + step * np.clip(share, 0, 1), height).astype(np.float32)
        found |= hit
        gap_before = gap
    return height.astype(np.float32)


def _turn_ball(u: Floats, v: Floats, yaw: float, pitch: float) -> tuple[Floats, Floats, Floats]:
    """The point of the photograph that is seen at (u, v) of the turned unit ball."""
    w = np.sqrt(np.maximum(1 - u * u - v * v, 0))
    across = u * math.cos(yaw) - w * math.sin(yaw)
    depth = w * math.cos(yaw) + u * math.sin(yaw)
    vertical = v * math.cos(pitch) + depth * math.sin(pitch)
    depth = depth * math.cos(pitch) - v * math.sin(pitch)
    front: Floats = np.clip(np.minimum(w * 5, depth * 5), 0, 1)
    x: Floats = _CENTRE[0] + across * _RADII[0]
    y: Floats = _CENTRE[1] + vertical * _RADII[1]
    return x, y, front


def _relief(x: Floats, y: Floats) -> Floats:
    """How far the face stands out over the ball, pixels: nose, and the ridge from brow to chin."""
    height = np.zeros_like(x)
    for middle_x, middle_y, spread_x, spread_y, top in _RELIEF:
        across, down = (x - middle_x) / spread_x, (y - middle_y) / spread_y
        height = height + top * np.exp(-across * across - down * down)
    result: Floats = height.astype(np.float32)
    return result
