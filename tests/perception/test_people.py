"""Profile kiosk: everybody in view, and nobody who is not there."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from fer_edge.core import Box, Face, Frame
from fer_edge.perception.reader import Perception
from fer_edge.settings import Settings
from tests.perception.conftest import KnownFaces

KIOSK = Settings(profile="kiosk")
NOBODY = Face(Box(10, 30, 100, 100), 0.99)
"""Where the picture has no face, though a detector says so."""


def test_what_only_the_detector_takes_for_a_face_is_nobody(astronaut: np.ndarray, face: Face) -> None:
    perception = Perception(KIOSK, finder=KnownFaces(NOBODY, face))
    signals = perception.read(Frame(astronaut, 0.0, 0))
    assert signals.faces == 1
    assert [person.face.box for person in signals.people] == [face.box]
    assert perception.read(Frame(astronaut, 0.1, 1)).faces == 1


def test_somebody_is_looked_at_again_every_second(astronaut: np.ndarray, face: Face) -> None:
    perception = Perception(KIOSK, finder=KnownFaces(face))
    assert [perception.read(Frame(astronaut, n / 10, n)).faces for n in range(5)] == [1] * 5
    wall = cv2.GaussianBlur(astronaut, (0, 0), 25)
    counts = [perception.read(Frame(wall, n / 10, n)).faces for n in range(5, 15)]
    assert counts[:4] == [1] * 4
    assert counts[-4:] == [0] * 4


def test_two_people_have_an_expression_each_and_keep_their_ids(astronaut: np.ndarray, face: Face) -> None:
    beside = np.hstack([astronaut, astronaut])
    other = Face(Box(face.box.x + astronaut.shape[1], face.box.y, face.box.width, face.box.height), 0.9)
    finder = KnownFaces(face, other)
    perception = Perception(KIOSK, finder=finder)
    first = perception.read(Frame(beside, 0.0, 0))
    finder.faces = [other, face]
    second = perception.read(Frame(beside, 0.1, 1))
    assert [person.face.track for person in first.people] == [1, 2]
    assert [person.face.track for person in second.people] == [2, 1]
    assert all(person.emotions and abs(sum(person.emotions.values()) - 1) < 0.05 for person in first.people)


@pytest.mark.parametrize("watched", ["fatigue", "attention"])
def test_a_kiosk_that_watches_for_it_reads_one_face_and_tells_everybody(
    astronaut: np.ndarray, face: Face, watched: str
) -> None:
    near = cv2.resize(astronaut, None, fx=1.5, fy=1.5)
    far = np.zeros_like(near)
    far[: astronaut.shape[0], : astronaut.shape[1]] = astronaut
    larger = Face(Box(*(1.5 * value for value in (face.box.x, face.box.y, face.box.width, face.box.height))), 0.9)
    larger = replace(larger, box=replace(larger.box, x=larger.box.x + near.shape[1]))
    settings = Settings.model_validate({"profile": "kiosk", "monitoring": {watched: True}})
    finder = KnownFaces(face, larger)
    perception = Perception(settings, finder=finder)
    signals = perception.read(Frame(np.hstack([far, near]), 0.0, 0))
    assert signals.faces == len(signals.people) == 2
    assert signals.face is not None and signals.face.box.iou(larger.box) > 0.3
    assert signals.emotions == signals.people[1].emotions
    assert signals.face.track == signals.people[1].face.track
    finder.faces = [face]  # the detector misses the one who is watched for a moment
    missed = perception.read(Frame(np.hstack([far, near]), 0.1, 1))
    assert missed.face is not None and missed.face.box.iou(larger.box) > 0.3
    assert [person.face.box for person in missed.people] == [face.box]
    assert (missed.face.track, missed.emotions) == (None, None), "they are not somebody else's"
    assert None not in (signals.eyes_closed, signals.mouth_open, signals.yaw)
    without = Perception(KIOSK, finder=KnownFaces(face)).read(Frame(astronaut, 0.0, 0))
    assert (without.eyes_closed, without.mouth_open, without.yaw) == (None, None, None)
