"""The whole picture of the simulated driver: room, body, head, light, hand, noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.sources.sim.camera_noise import Noise
from fer_edge.sources.sim.eyelids import STEPS, Eyelid
from fer_edge.sources.sim.hand import Hand
from fer_edge.sources.sim.head import over, turn
from fer_edge.sources.sim.marks import LEFT_EYE, RIGHT_EYE, STAGE
from fer_edge.sources.sim.mouth import Mouth
from fer_edge.sources.sim.portrait import load_portrait, times_alpha

if TYPE_CHECKING:
    from fer_edge.core import Image
    from fer_edge.sources.sim.states import Pose

_GONE_PX = 600
"""How far to the side the driver is when gone."""
_PASSENGER_SCALE = 0.5
_PASSENGER_X, _PASSENGER_Y = 505, 240
"""Where the passenger's stage stands on the driver's, pixels of its left top corner."""


class Scene:
    """Draws poses at 640x480. One scene belongs to one thread; it keeps what it drew before."""

    def __init__(self, seed: int = 0) -> None:
        self._layers = load_portrait()
        layers = self._layers
        self._eyes = (Eyelid(layers.head, RIGHT_EYE), Eyelid(layers.head, LEFT_EYE))
        self._mouth = Mouth(layers.head, layers.head_alpha)
        self._face = times_alpha(layers.head, layers.head_alpha)
        self._hand: Hand | None = None
        self._noise = Noise(seed)
        self._passengers: dict[bool, Image] = {}

    def draw(self, pose: Pose, number: int) -> Image:
        """The (480, 640, 3) BGR picture of ``pose``; ``number`` chooses the noise of this frame."""
        if pose.covered >= 1 or pose.light <= 0:
            picture = np.zeros((STAGE[1], STAGE[0], 3), np.uint8)
        else:
            picture = self._driver(pose)
            if pose.passenger > 0:
                picture = self._with_passenger(picture, pose)
        if pose.covered > 0:
            self._hand = self._hand or Hand()  # slow to draw, so not before it is needed
            picture = self._hand.over(picture, pose.covered)
        return self._noise.on(_lit(picture, pose.light), pose.noise, number)

    def _driver(self, pose: Pose) -> Image:
        layers = self._layers
        if pose.away >= 1:
            return layers.empty.copy()
        picture = layers.body.copy()
        head, place = turn(self._expression(pose), layers.cap, pose)
        picture[place] = over(picture[place], head)
        return picture if pose.away <= 0 else self._leaving(picture, pose.away)

    def _expression(self, pose: Pose) -> Image:
        """The face as BGRA, colours times alpha, with eyes and mouth as in ``pose``."""
        face = self._face.copy()
        if pose.mouth > 0 or pose.smile < 1:
            face[self._mouth.place] = self._mouth.patch(pose.mouth, pose.smile)
        for eye, openness in zip(self._eyes, (pose.eye_right, pose.eye_left), strict=True):
            face[eye.place][..., :3] = eye.patch(round(openness * STEPS))
        return face

    def _leaving(self, picture: Image, away: float) -> Image:
        """The driver slides out to the side: body and head moved together over the empty room."""
        moved = round(away * _GONE_PX)
        room = self._layers.empty.copy()
        person = times_alpha(picture, self._layers.person_alpha)
        width = STAGE[0] - moved
        if width > 0:
            room[:, moved:] = over(room[:, moved:], np.ascontiguousarray(person[:, :width]))
        return room

    def _with_passenger(self, picture: Image, pose: Pose) -> Image:
        person = self._passenger(asleep=pose.passenger_eyes < 0.5)
        height, width = person.shape[:2]
        x = round(_PASSENGER_X + (1 - pose.passenger) * (STAGE[0] - _PASSENGER_X)) - width // 2 + 60
        rows = slice(_PASSENGER_Y, min(_PASSENGER_Y + height, STAGE[1]))
        columns = slice(max(x, 0), min(x + width, STAGE[0]))
        if columns.stop > columns.start:
            part = np.ascontiguousarray(person[: rows.stop - rows.start, : columns.stop - columns.start])
            picture[rows, columns] = over(picture[rows, columns], part)
        return picture

    def _passenger(self, *, asleep: bool) -> Image:
        """A smaller person further back: the same face the other way round, with darker hair."""
        if asleep not in self._passengers:
            from fer_edge.sources.sim.states import Pose

            eyes = 0.0 if asleep else 1.0
            whole = self._driver(Pose(eye_left=eyes, eye_right=eyes, smile=0.0, yaw=-12.0))
            alpha = self._layers.person_alpha
            tinted = cv2.convertScaleAbs(whole, alpha=0.82)
            person = times_alpha(cv2.flip(tinted, 1), cv2.flip(alpha, 1))
            self._passengers[asleep] = cv2.resize(
                person, None, fx=_PASSENGER_SCALE, fy=_PASSENGER_SCALE, interpolation=cv2.INTER_AREA
            )
        return self._passengers[asleep]


def _lit(picture: Image, light: float) -> Image:
    """The picture in that much light, 1 by day."""
    if light == 1:
        return picture
    scaled: Image = cv2.convertScaleAbs(picture, alpha=light)
    return scaled
