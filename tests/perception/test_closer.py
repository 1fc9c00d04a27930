"""A driver far from the camera: too small for one look at the whole picture, found by a second look at a part."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_edge.core import Box, Face
from fer_edge.perception.closer import SURE, Closer
from fer_edge.perception.confirmed import MOST_LIVE, Confirmed
from fer_edge.perception.detector import Tiny
from fer_edge.perception.follower import BLIND_S, Follower
from fer_edge.perception.landmarks import Landmarks
from fer_edge.settings.perception import TinyDetector
from tests.perception.conftest import FACE, KnownFaces

SCALE = 0.5
"""The face is 44 by 56 pixels in a picture of 640: a root of the area of 10 in 128."""


@pytest.fixture(scope="module")
def tiny() -> Tiny:
    return Tiny(TinyDetector())


def following(tiny: Tiny) -> Follower:
    """As the product follows a driver."""
    landmarks = Landmarks()
    near, anywhere = Confirmed(tiny, landmarks, most=MOST_LIVE), Confirmed(tiny, landmarks, SURE, most=MOST_LIVE)
    return Follower(near, landmarks, "largest", 32, closer=Closer(near, anywhere))


def far_away(astronaut: np.ndarray, left: int = 400, top: int = 200) -> tuple[np.ndarray, Box]:
    """A picture of 640 x 480 with the head in it, and the face's box."""
    picture = np.full((480, 640), 110, np.uint8)
    head = cv2.resize(astronaut[20:220, 120:320], None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)
    picture[top : top + 100, left : left + 100] = head
    x, y = left + (FACE.x - 120) * SCALE, top + (FACE.y - 20) * SCALE
    return picture, Box(x, y, FACE.width * SCALE, FACE.height * SCALE)


def test_a_small_face_is_found_within_a_round_of_looks_and_kept(astronaut: np.ndarray, tiny: Tiny) -> None:
    picture, box = far_away(astronaut)
    assert not any(face.box.iou(box) > 0.3 for face in tiny.find(picture)), "one look is not enough"
    follower = following(tiny)
    seen = [follower.follow(picture, None, n / 10) for n in range(round(10 * BLIND_S) + 30)]
    first = next(n for n, one in enumerate(seen) if one is not None)
    assert first < 6
    for one in seen[first:]:
        assert one is not None
        assert one.face.box.iou(box) > 0.4
        assert one.face.track == 1
    assert follower.faces == 1


def test_where_nobody_is_nobody_is_found(tiny: Tiny) -> None:
    rng = np.random.default_rng(3)
    picture = cv2.GaussianBlur(rng.integers(0, 255, (480, 640)).astype(np.uint8), (0, 0), 7)
    follower = following(tiny)
    assert all(follower.follow(picture, None, n / 10) is None for n in range(12))
    assert follower.faces == 0


def test_a_part_in_which_nothing_says_where_needs_a_sure_face() -> None:
    usual, sure = (KnownFaces(Face(Box(10, 20, 40, 50), score)) for score in (0.7, 0.9))
    grey = np.zeros((480, 640), np.uint8)
    assert [face.box for face in Closer(usual, sure).anywhere(grey)] == [Box(170, 20, 40, 50)], "in the whole picture"
    assert (usual.asked, sure.asked) == (0, 1)
    assert Closer(usual, sure).around(grey, Box(300, 200, 40, 50)), "where a face just was, a usual one will do"
    assert (usual.asked, sure.asked) == (1, 1)


def test_a_large_face_needs_no_second_look() -> None:
    asked = KnownFaces(Face(Box(0, 0, 50, 60), 0.9))
    assert not Closer(asked, asked).around(np.zeros((480, 640), np.uint8), Box(200, 100, 160, 200))
    assert asked.asked == 0


@pytest.mark.parametrize("place", [Box(-20, -10, 40, 50), Box(620, 460, 40, 50), Box(0, 470, 20, 20)])
def test_a_place_at_the_edge_is_looked_at_inside_the_picture(place: Box) -> None:
    class Shapes:
        def find(self, grey: np.ndarray, colour: np.ndarray | None = None) -> list[Face]:
            assert min(grey.shape) >= 50
            return [Face(Box(0, 0, *grey.shape[::-1]), 1.0)]

    found = Closer(Shapes(), Shapes()).around(np.zeros((480, 640), np.uint8), place)[0].box
    assert found.x >= 0 and found.y >= 0 and found.x + found.width <= 640 and found.y + found.height <= 480
