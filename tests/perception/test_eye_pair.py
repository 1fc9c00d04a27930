"""Shut eyes and eyes that look down: what one eye's picture says is weighed with what both say together."""

from __future__ import annotations

from statistics import median

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.perception import pose
from fer_edge.perception.eye_pair import MOST, EyePair, Lid
from fer_edge.perception.eyes import Eye, EyeReader, weighed
from fer_edge.perception.faces import make_finder
from fer_edge.perception.follower import first_reading
from fer_edge.perception.landmarks import Landmarks
from fer_edge.settings import Settings
from fer_edge.sources.sim.looks import somebody
from fer_edge.sources.sim.scene import Scene
from fer_edge.sources.sim.states import Pose

OPEN, SHUT, DEEP = Pose(), Pose(eye_left=0.0, eye_right=0.0), Pose(gaze_pitch=-30.0, pitch=-10.0)
PEOPLE = range(7000, 7008)
SHARES = st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4).filter(lambda parts: sum(parts) > 0.01)


@pytest.fixture(scope="module")
def pictures() -> dict[Pose, list[tuple[np.ndarray, np.ndarray]]]:
    """Grey pictures of drawn people in each pose, and the points of their faces."""
    finder, landmarks = make_finder(Settings().perception), Landmarks()

    def pictured(person: int, how: Pose) -> tuple[np.ndarray, np.ndarray]:
        grey = cv2.cvtColor(Scene(person, somebody(person)).draw(how, 0), cv2.COLOR_BGR2GRAY)
        reading = first_reading(landmarks, grey, finder.find(grey, None)[0])
        assert reading is not None
        return grey, reading.points

    return {how: [pictured(person, how) for person in PEOPLE] for how in (OPEN, SHUT, DEEP)}


def test_the_pair_tells_shut_eyes_from_a_look_into_the_lap(
    pictures: dict[Pose, list[tuple[np.ndarray, np.ndarray]]],
) -> None:
    pair = EyePair()
    said = {how: [lid for shown in pictures[how] for lid in pair.read(*shown)] for how in pictures}
    assert median(lid.for_shut for lid in said[SHUT]) > 1
    assert median(lid.for_shut for lid in said[DEEP]) < -1
    assert median(lid.openness for lid in said[OPEN]) > median(lid.openness for lid in said[DEEP])
    assert median(lid.openness for lid in said[DEEP]) > median(lid.openness for lid in said[SHUT])


def test_open_eyes_are_not_looked_at_twice(pictures: dict[Pose, list[tuple[np.ndarray, np.ndarray]]]) -> None:
    class Asked(Exception):
        pass

    class Never(EyePair):
        def read(self, grey: np.ndarray, points: np.ndarray) -> tuple[Lid, Lid]:
            raise Asked

    reader = EyeReader(pair=Never())
    for grey, points in pictures[OPEN]:
        head = pose.estimate(points)
        assert head is not None
        reader.read(grey, points, head)
    with pytest.raises(Asked):
        for grey, points in pictures[SHUT]:
            reader.read(grey, points, pose.Pose(0.0, 0.0, 0.0))


@given(shares=SHARES, for_shut=st.floats(-MOST, MOST), openness=st.floats(0, 1))
def test_states_stay_probabilities(shares: list[float], for_shut: float, openness: float) -> None:
    shut, lowered, narrowed, _ = (share / sum(shares) for share in shares)
    eye = Eye(shut, lowered, narrowed, 0.5, (0.0, -10.0))
    made = weighed(eye, Lid(for_shut, openness))
    assert min(made.shut, made.lowered, made.narrowed) >= 0
    assert made.shut + made.lowered + made.narrowed <= 1 + 1e-6
    if made is eye:
        assert eye.down <= 0.5
        return
    assert made.openness == min(openness, eye.openness)
    assert (made.gaze is None) == (made.shut >= 0.5), "a shut eye looks nowhere"
    if 0.01 < shut < 0.99 and abs(for_shut) > 0.01:
        assert (made.shut > shut) == (for_shut > 0)


def test_neither_network_is_ever_certain() -> None:
    sure, never = Lid(MOST, 0.0), Lid(-MOST, 0.5)
    assert 0 < weighed(Eye(0.0, 1.0, 0.0, 0.1), sure).shut < 0.5
    assert 0.5 < weighed(Eye(1.0, 0.0, 0.0, 0.0), never).shut < 1
