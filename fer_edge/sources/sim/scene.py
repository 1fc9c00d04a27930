"""The whole picture of the simulated driver: room, body, head, light, hand, noise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.sources.sim.camera_noise import Noise
from fer_edge.sources.sim.eyelids import Eyelid
from fer_edge.sources.sim.gesture import Gesture
from fer_edge.sources.sim.glasses import Glasses
from fer_edge.sources.sim.hand import Hand
from fer_edge.sources.sim.head import over, seen_at, turn
from fer_edge.sources.sim.lens import seen_by_camera
from fer_edge.sources.sim.looks import PHOTOGRAPH, Looks
from fer_edge.sources.sim.marks import LEFT_EYE, MOUTH_CENTRE_X, RIGHT_EYE, STAGE
from fer_edge.sources.sim.mouth import Mouth
from fer_edge.sources.sim.portrait import load_portrait, times_alpha, toned

if TYPE_CHECKING:
    from fer_edge.core import Image
    from fer_edge.sources.sim.states import Pose

_GONE_PX = 600
"""How far to the side the driver is when gone."""
_MOUTH_Y = 258
_PASSENGER_SCALE = 0.5
_PASSENGER_X, _PASSENGER_Y = 505, 240
"""Where the passenger's stage stands on the driver's, pixels of its left top corner."""


class Scene:
    """Draws poses at 640x480, of the photographed person or of whom ``looks`` makes of her.

    One scene belongs to one thread; it keeps what it drew before.
    """

    def __init__(self, seed: int = 0, looks: Looks = PHOTOGRAPH) -> None:
        self._looks = looks
        self._layers = layers = toned(load_portrait(), looks.skin)
        self._eyes = (Eyelid(layers.head, RIGHT_EYE, looks), Eyelid(layers.head, LEFT_EYE, looks))
        self._glasses = Glasses(looks) if looks.glasses != "none" else None
        self._gesture: Gesture | None = None
        self._mouth = Mouth(layers.head, layers.head_alpha)
        self._face = times_alpha(layers.head, layers.head_alpha)
        self._hand: Hand | None = None
        self._noise = Noise(seed)
        self._passengers: dict[bool, Image] = {}
        self._patches: list[Image] = []
        self._shown = self._face

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
        return self._noise.on(seen_by_camera(_lit(picture, pose.light), self._looks), pose.noise, number)

    def _driver(self, pose: Pose) -> Image:
        layers = self._layers
        if pose.away >= 1:
            return layers.empty.copy()
        picture = layers.body.copy()
        seen = pose_before_camera(pose)
        head, place = turn(self._expression(seen), layers.cap, seen)
        picture[place] = over(picture[place], head)
        if pose.hand_mouth > 0 or pose.hand_eye > 0:
            picture = self._with_hand(picture, seen)
        return picture if pose.away <= 0 else self._leaving(picture, pose.away)

    def _expression(self, pose: Pose) -> Image:
        """The face as BGRA, colours times alpha, with eyes and mouth as in ``pose``, which is as the camera sees it."""
        patches = [
            eye.patch(openness, pose.gaze_yaw, pose.gaze_pitch, pose.squint, pose.pitch)
            for eye, openness in zip(self._eyes, (pose.eye_right, pose.eye_left), strict=True)
        ]
        if pose.mouth > 0 or pose.smile < 1:
            patches.append(self._mouth.patch(pose.mouth, pose.smile))
        if [id(patch) for patch in patches] != [id(patch) for patch in self._patches]:
            self._patches, self._shown = patches, self._face_of(patches)
        return self._shown

    def _face_of(self, patches: list[Image]) -> Image:
        """The face with both eyes and, where there is a third, the mouth."""
        face = self._face.copy()
        for mouth in patches[2:]:
            face[self._mouth.place] = mouth
        for eye, patch in zip(self._eyes, patches, strict=False):
            face[eye.place][..., :3] = patch
        return self._glasses.on(face) if self._glasses else face

    def _with_hand(self, picture: Image, pose: Pose) -> Image:
        """A hand comes up to the mouth or the own right eye, wherever the head has them."""
        self._gesture = self._gesture or Gesture(self._looks.skin)
        if pose.hand_mouth > 0:
            place = seen_at((MOUTH_CENTRE_X, _MOUTH_Y + 16 * pose.mouth), pose)
            picture = self._gesture.before_mouth(picture, place, pose.hand_mouth)
        if pose.hand_eye > 0:
            picture = self._gesture.at_eye(picture, seen_at(RIGHT_EYE.iris, pose), pose.hand_eye, pose.rub)
        return picture

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


def pose_before_camera(pose: Pose) -> Pose:
    """The pose with yaw and pitch as the camera sees them from where it is mounted."""
    return replace(pose, yaw=_within(pose.yaw - pose.camera_yaw, 80), pitch=_within(pose.pitch - pose.camera_pitch, 60))


def _within(angle: float, most: float) -> float:
    return min(max(angle, -most), most)


def _lit(picture: Image, light: float) -> Image:
    """The picture in that much light, 1 by day."""
    if light == 1:
        return picture
    scaled: Image = cv2.convertScaleAbs(picture, alpha=light)
    return scaled
