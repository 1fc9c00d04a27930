"""The eye between the lids: white, iris and pupil, turned where it looks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fer_edge.sources.sim.marks import Floats

if TYPE_CHECKING:
    from fer_edge.sources.sim.looks import Looks

_TURNS = 0.35
"""From the eye's middle to the iris, in widths of the eye between its corners: 10.5 mm of 30."""
_PUPIL = 0.4
"""Radius of the pupil in radii of the iris."""
_GLINT = np.array((0.22, -0.32))
"""Where the light is mirrored, in radii of the iris."""


class Eyeball:
    """Draws one eye on the grid ``x`` (1, width), ``y`` (height, 1) of stage pixels.

    ``iris`` is the middle of the iris when the eye looks straight ahead, ``width`` the distance of the
    corners, ``radius`` that of an average iris, pixels. ``inner`` is 1 where the nose is to the right of
    the eye in the picture, -1 where it is to the left.
    """

    def __init__(
        self, x: Floats, y: Floats, iris: tuple[float, float], width: float, radius: float, inner: int, looks: Looks
    ) -> None:
        self._x, self._y = x, y
        self._iris, self._width = iris, width
        self._radius = radius * looks.iris_size
        self._looks = looks
        self._white = self._white_of_the_eye(inner)

    def draw(self, gaze_yaw: float, gaze_pitch: float) -> Floats:
        """(height, width, 3) BGR of all of the grid, as if there were no lids; angles in degrees."""
        yaw, pitch = math.radians(gaze_yaw), math.radians(gaze_pitch)
        arm = _TURNS * self._width
        across, down = arm * math.sin(yaw) * math.cos(pitch), -0.87 * arm * math.sin(pitch)
        middle_x, middle_y = self._iris[0] + across, self._iris[1] + down
        distance = self._seen_from_the_side(middle_x, middle_y, across, down, arm) / self._radius
        eye = self._white.copy()
        share = np.clip((1 - distance) * self._radius / 1.1 + 0.5, 0, 1)[..., None]
        eye += share * (self._iris_at(distance, middle_x, middle_y) - eye)
        # The light is mirrored by the cornea, which turns about half as far as the iris seems to.
        gx = self._iris[0] + 0.5 * across + _GLINT[0] * self._radius
        gy = self._iris[1] + 0.5 * down + _GLINT[1] * self._radius
        glint = np.exp(-(((self._x - gx) ** 2 + (self._y - gy) ** 2) / (0.2 * self._radius) ** 2))
        glint = np.where(distance < 1.1, glint, 0) * self._looks.glint
        eye += (0.85 * glint)[..., None] * (np.array((245, 245, 245), np.float32) - eye)
        return eye.astype(np.float32)

    def _seen_from_the_side(self, x: float, y: float, across: float, down: float, arm: float) -> Floats:
        """Distances from the iris' middle, stretched along the way it turned: a disc seen aslant is an ellipse."""
        dx, dy = self._x - x, self._y - y
        moved = math.hypot(across, down)
        if moved < 1e-3:
            straight: Floats = np.hypot(dx, dy)
            return straight
        ux, uy = across / moved, down / moved
        aslant = math.sqrt(max(1 - (moved / arm) ** 2, 0.05))
        along, beside = dx * ux + dy * uy, dy * ux - dx * uy
        result: Floats = np.hypot(along / aslant, beside)
        return result

    def _iris_at(self, distance: Floats, x: float, y: float) -> Floats:
        """Spokes, a dark rim, and the pupil."""
        angle = np.arctan2(self._y - y, self._x - x)
        spokes = 1 + 0.13 * np.sin(17 * angle) * np.sin(5 * angle + 1)
        rim = 1 - 0.45 * np.clip((distance - 0.75) / 0.25, 0, 1)
        lit_from_below = 1 + 0.25 * np.clip((self._y - y) / self._radius, -1, 1)  # light falls in from above
        colour = np.asarray(self._looks.iris, np.float32) * (spokes * rim * lit_from_below)[..., None]
        pupil = np.clip((_PUPIL - distance) * self._radius + 0.5, 0, 1)[..., None]
        drawn: Floats = colour * (1 - pupil) + self._looks.pupil * pupil
        return drawn

    def _white_of_the_eye(self, inner: int) -> Floats:
        """Round, so darker towards the corners; red at the inner one."""
        aside = (self._x - self._iris[0]) / (self._width / 2)
        away = np.hypot(aside, (self._y - self._iris[1]) / (self._width / 2))
        shade = np.clip(1.02 - 0.38 * away**2, 0.3, 1)[..., None]
        white = np.asarray(self._looks.white, np.float32) * shade
        red = np.clip((inner * aside - 0.72) / 0.2, 0, 1) * np.ones_like(self._y)
        drawn: Floats = white + 0.65 * red[..., None] * (np.array((105, 112, 168), np.float32) * shade - white)
        return drawn.astype(np.float32)
