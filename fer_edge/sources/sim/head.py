"""A flat head turned in depth: the photographed face on a ball with a nose, before a cap of hair.

For each pixel of the turned head the ray is followed to the ball, the ball is turned back, and
the photograph is read there. What comes into view from behind the ball is the hair of the cap,
which keeps the outline of the head.
"""

from __future__ import annotations

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
_SIZE = (352, 400)
"""Width and height of the part of the stage that is drawn, pixels: the head, wherever it is."""
_NOSE = (319.0, 219.0, 22.0, 33.0, 31.0)
"""Middle x, y, spread in x and in y, and height of the nose over the ball, pixels."""
_GRID = 8
"""Pixels between the points at which the warp is worked out; it is smooth in between."""

Place = tuple[slice, slice]


def turn(face: Image, cap: Image, pose: Pose) -> tuple[Image, Place]:
    """The head in ``pose``, and the rows and columns of the stage where it goes.

    ``face`` and ``cap`` are stage-sized BGRA with the colours already times alpha, and so is what
    comes back, of the size of the place.
    """
    place = _place(pose)
    rows, columns = place
    height, width = rows.stop - rows.start, columns.stop - columns.start
    y, x = np.mgrid[0 : height // _GRID + 2, 0 : width // _GRID + 2].astype(np.float32) * _GRID
    x, y = _upright(x + columns.start, y + rows.start, np.radians(pose.roll))
    x, y, front = _ahead(x, y, pose)
    maps = [_dense(values, width, height) for values in (x, y)]
    turned = cv2.remap(face, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    shown = _dense(front, width, height)
    turned = cv2.multiply(turned, cv2.merge([shown] * 4), dtype=cv2.CV_8U)
    behind = cv2.warpAffine(cap, _cap_motion(pose, place), (width, height), flags=cv2.INTER_LINEAR)
    return over(behind, turned), place


def over(back: Image, front: Image) -> Image:
    """``front`` BGRA, times alpha, over ``back`` of three or four channels."""
    colours = back.shape[2]
    hidden = cv2.merge([cv2.bitwise_not(cv2.extractChannel(front, 3))] * colours)
    rest = cv2.multiply(back, hidden, scale=1 / 255)
    both: Image = cv2.add(rest, front if colours == 4 else cv2.cvtColor(front, cv2.COLOR_BGRA2BGR))
    return both


def _shift(pose: Pose) -> tuple[float, float]:
    """How far the whole head moves with a turn or a nod, as the neck is behind and below it."""
    yaw, pitch = np.radians(pose.yaw), np.radians(pose.pitch)
    return 16.0 * np.sin(yaw), (_NECK[1] - _CENTRE[1]) * (1 - np.cos(pitch)) - 40.0 * np.sin(pitch)


def _place(pose: Pose) -> Place:
    across, down = _shift(pose)
    lean = np.radians(pose.roll)
    arm = _NECK[1] - 190.0
    x = _CENTRE[0] + across - arm * np.sin(lean)
    y = 200.0 + down + arm * (1 - np.cos(lean))
    left = int(np.clip(x - _SIZE[0] / 2, 0, STAGE[0] - _SIZE[0]))
    top = int(np.clip(y - _SIZE[1] / 2, 0, STAGE[1] - _SIZE[1]))
    return slice(top, top + _SIZE[1]), slice(left, left + _SIZE[0])


def _cap_motion(pose: Pose, place: Place) -> Floats:
    """The matrix that leans and shifts the cap as the head, in pixels of ``place``."""
    motion = cv2.getRotationMatrix2D(_NECK, pose.roll, 1.0)  # positive is anticlockwise on the screen
    motion[:, 2] += motion[:, :2] @ np.array(_shift(pose))
    motion[:, 2] -= place[1].start, place[0].start
    matrix: Floats = motion
    return matrix


def _dense(coarse: Floats, width: int, height: int) -> Floats:
    """A value for every pixel, linear between the points of the grid."""
    grid = np.array([[_GRID, 0, 0], [0, _GRID, 0]], np.float32)
    dense: Floats = cv2.warpAffine(coarse, grid, (width, height), flags=cv2.INTER_LINEAR)
    return dense


def _upright(x: Floats, y: Floats, roll: float) -> tuple[Floats, Floats]:
    """Undo the leaning: a positive roll leans the head to the left of the picture."""
    dx, dy = x - _NECK[0], y - _NECK[1]
    return (
        _NECK[0] + dx * np.cos(roll) - dy * np.sin(roll),
        _NECK[1] + dx * np.sin(roll) + dy * np.cos(roll),
    )


def _ahead(x: Floats, y: Floats, pose: Pose) -> tuple[Floats, Floats, Floats]:
    """Undo yaw (positive: the face moves to the right of the picture) and pitch (positive: up).

    Returns column and row in the photograph, and how much of the ball's front is seen there, 0 to 1.
    """
    yaw, pitch = np.radians(pose.yaw), np.radians(pose.pitch)
    across, down = _shift(pose)
    x, y = x - across, y - down
    source_x, source_y, front = x, y, x
    for _ in range(4):  # the nose stands out: find the point of the ball that it covers
        nose = _nose(source_x, source_y)
        u = (x - nose * np.sin(yaw) - _CENTRE[0]) / _RADII[0]
        v = (y + nose * np.sin(pitch) - _CENTRE[1]) / _RADII[1]
        source_x, source_y, front = _turn_ball(u, v, yaw, pitch)
    return source_x.astype(np.float32), source_y.astype(np.float32), front.astype(np.float32)


def _turn_ball(u: Floats, v: Floats, yaw: float, pitch: float) -> tuple[Floats, Floats, Floats]:
    """The point of the photograph that is seen at (u, v) of the turned unit ball."""
    w = np.sqrt(np.maximum(1 - u * u - v * v, 0))
    vertical = v * np.cos(pitch) + w * np.sin(pitch)
    depth = w * np.cos(pitch) - v * np.sin(pitch)
    across = u * np.cos(yaw) - depth * np.sin(yaw)
    depth = depth * np.cos(yaw) + u * np.sin(yaw)
    front = np.clip(np.minimum(w * 5, depth * 5), 0, 1)
    return _CENTRE[0] + across * _RADII[0], _CENTRE[1] + vertical * _RADII[1], front


def _nose(x: Floats, y: Floats) -> Floats:
    middle_x, middle_y, spread_x, spread_y, height = _NOSE
    shape: Floats = height * np.exp(-(((x - middle_x) / spread_x) ** 2) - ((y - middle_y) / spread_y) ** 2)
    return shape
