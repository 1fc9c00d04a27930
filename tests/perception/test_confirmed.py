"""Faces of which the detector is unsure: found where the landmark network is certain, told once, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from fer_edge.core import Box, Face
from fer_edge.perception.confirmed import CERTAIN, Confirmed, confirmed
from fer_edge.perception.detector import Tiny
from fer_edge.perception.follower import first_reading
from fer_edge.perception.landmarks import Landmarks, Reading
from fer_edge.perception.shape import Region
from fer_edge.settings.perception import TinyDetector
from tests.perception.conftest import FACE, KnownFaces


@pytest.fixture(scope="module")
def tiny() -> Tiny:
    return Tiny(TinyDetector())


@pytest.fixture(scope="module")
def landmarks() -> Landmarks:
    return Landmarks()


@pytest.fixture
def head(astronaut: np.ndarray) -> np.ndarray:
    """The picture without the badge, which the detector takes for a face."""
    return astronaut[:400]


class Scored(Tiny):
    """The shipped detector with scores of the test's own, and faces where there are none."""

    def __init__(self, score: float, *added: Face) -> None:
        super().__init__(TinyDetector())
        self._score, self._added = score, added

    def look(self, grey: np.ndarray, least: float) -> list[Face]:
        seen = [replace(face, score=self._score) for face in super().look(grey, self.least)] + list(self._added)
        return sorted((face for face in seen if face.score >= least), key=lambda face: -face.score)


def test_half_a_face_behind_a_board_is_found(head: np.ndarray, tiny: Tiny, landmarks: Landmarks) -> None:
    covered = head.copy()
    covered[: round(FACE.y + FACE.height) + 20, : round(FACE.x + FACE.width / 2)] = 60
    assert tiny.find(covered) == [], "the detector alone is not sure of it"
    assert [face.box.iou(FACE) > 0.4 for face in Confirmed(tiny, landmarks).find(covered)] == [True]


def test_the_landmark_network_says_where_an_unsure_face_is(head: np.ndarray, landmarks: Landmarks) -> None:
    found = Confirmed(Scored(0.2), landmarks).find(head)
    reading = first_reading(landmarks, head, Tiny(TinyDetector()).find(head)[0])
    assert reading is not None and reading.score >= CERTAIN
    assert len(found) == 1 and found[0].score == 0.2
    assert len(found[0].points) == 5
    assert found[0].box.iou(FACE) > 0.5


def test_what_is_no_face_is_none_however_often_it_is_looked_at(landmarks: Landmarks) -> None:
    rng = np.random.default_rng(3)
    empty = cv2.GaussianBlur(rng.integers(0, 255, (480, 640)).astype(np.uint8), (0, 0), 7)
    knobs = [Face(Box(40 + 90 * n, 60, 60, 80), 0.5 - n / 50) for n in range(6)]
    assert Confirmed(Scored(0.2, *knobs), landmarks).find(empty) == []


def test_a_box_that_leads_to_a_known_face_is_not_another_face(head: np.ndarray, landmarks: Landmarks) -> None:
    known = Tiny(TinyDetector()).find(head)[0].box
    below = Face(Box(known.x - 0.1 * known.width, known.y + 0.5 * known.height, known.width, known.height), 0.3)
    assert first_reading(landmarks, head, below), "its points are those of the face"
    found = Confirmed(Scored(0.9, below), landmarks).find(head)
    assert [face.score for face in found] == [0.9]


def test_likely_is_not_certain(head: np.ndarray) -> None:
    class Sober(Landmarks):
        def read(self, grey: np.ndarray, region: Region) -> Reading:
            return replace(super().read(grey, region), score=CERTAIN - 0.001)

    assert Confirmed(Scored(0.2), Sober()).find(head) == []
    assert len(Confirmed(Scored(0.9), Sober()).find(head)) == 1, (
        "what the detector is sure of needs no second word here"
    )


def test_sure_faces_are_the_detectors_own(head: np.ndarray, tiny: Tiny, landmarks: Landmarks) -> None:
    assert [face for face in Confirmed(tiny, landmarks).find(head) if face.score >= tiny.least] == tiny.find(head)


class Counted(Landmarks):
    """The shipped network, which counts its looks."""

    looks = 0

    def read(self, grey: np.ndarray, region: Region) -> Reading:
        self.looks += 1
        return super().read(grey, region)


def test_clutter_is_looked_at_once_and_again_when_it_changes() -> None:
    landmarks = Counted()
    knobs = [Face(Box(20 + 100 * n, 60, 60, 80), 0.5 - n / 50) for n in range(4)]
    finder = Confirmed(Scored(0.2, *knobs), landmarks, most=3)
    rng = np.random.default_rng(1)
    looks = []
    for _ in range(5):
        noisy = np.clip(90 + rng.normal(0, 3, (300, 500)), 0, 255).astype(np.uint8)
        assert finder.find(noisy) == []
        looks.append(landmarks.looks)
    assert looks == [3, 4, 4, 4, 4], "at most three in one picture, each once"
    noisy[60:140, 120:150] = 200
    assert finder.find(noisy) == []
    assert landmarks.looks == 5


def test_who_comes_to_a_place_that_was_no_face_is_found(head: np.ndarray, landmarks: Landmarks) -> None:
    known = Tiny(TinyDetector()).find(head)[0]
    finder = Confirmed(Scored(0.2, replace(known, score=0.3)), landmarks)
    assert finder.find(np.full_like(head, 110)) == []
    assert len(finder.find(head)) == 1


def test_other_detectors_have_the_last_word_themselves(landmarks: Landmarks) -> None:
    haar = KnownFaces()
    assert confirmed(haar, landmarks) is haar
