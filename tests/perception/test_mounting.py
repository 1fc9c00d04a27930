"""A camera mounted on its side or upside down is found out by the faces it shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.core import Frame, Signals
from fer_edge.perception.mounting import TURNS, Mounting, turn_of, upright
from fer_edge.perception.reader import Perception
from fer_edge.perception.scenes import Scenes
from fer_edge.settings import Settings

QUIET = Settings.model_validate({"emotion": {"enabled": False}})


def turned(picture: np.ndarray, degrees: int) -> np.ndarray:
    """Clockwise."""
    code = TURNS[degrees]
    return picture if code is None else cv2.rotate(picture, code)


def watched(pictures: Iterator[np.ndarray], fps: float, seconds: float) -> list[Signals]:
    perception, seen = Perception(QUIET), []
    for n, picture in zip(range(int(seconds * fps)), pictures, strict=False):
        seen.append(perception.read(Frame(picture, n / fps, n)))
    return seen


def still(picture: np.ndarray) -> Iterator[np.ndarray]:
    while True:
        yield picture


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_the_turn_that_sets_the_picture_upright_is_known_within_six_seconds(
    astronaut: np.ndarray, degrees: int
) -> None:
    seen = watched(still(turned(astronaut[:300, 60:460], degrees)), 5, 6)
    assert seen[0].rotated is None
    assert seen[-1].rotated == (360 - degrees) % 360
    assert (seen[-1].eyes_closed is None) is (degrees != 0)
    assert (seen[-1].pitch is None) is (degrees != 0)


def test_a_room_without_a_face_says_nothing_of_the_camera() -> None:
    blocks = np.random.default_rng(3).integers(0, 255, (12, 16)).astype(np.uint8)
    seen = watched(still(cv2.resize(blocks, (320, 240))), 5, 6)
    assert seen[-1].rotated is None


def test_a_driver_who_sinks_to_the_side_does_not_turn_the_camera(astronaut: np.ndarray) -> None:
    """Asleep across the seat for half a minute: the picture was seen upright before."""
    upright_one, lying = astronaut[:300, 60:460], turned(astronaut[:300, 60:460], 90)
    perception = Perception(QUIET)
    for n in range(180):
        picture = upright_one if n < 30 else lying
        signals = perception.read(Frame(picture, n / 5, n))
        assert not signals.rotated


def test_a_camera_that_was_knocked_over_is_told_in_time(astronaut: np.ndarray) -> None:
    perception = Perception(QUIET)
    for n in range(230):
        picture = astronaut[:300, 60:460] if n < 7 else turned(astronaut[:300, 60:460], 90)
        signals = perception.read(Frame(picture, float(n), n))
    assert signals.rotated == 270


@pytest.mark.parametrize("degrees", [90, 270])
@pytest.mark.parametrize("name", ["dms_distracted.mp4", "hemant_face.avi", "muneeb_2.avi"])
def test_real_clips_turned_on_their_side_are_told_within_ten_seconds(clips: Path, name: str, degrees: int) -> None:
    capture = cv2.VideoCapture(str(clips / name))
    mounting = Mounting(*_networks())
    for n in range(10 * 30):
        there, picture = capture.read()
        if not there:
            break
        if n % 6 == 0:
            mounting.look(turned(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), degrees), n / 30)
    assert mounting.turn == 360 - degrees


def _networks():
    from fer_edge.perception.faces import make_finder
    from fer_edge.perception.landmarks import Landmarks

    return make_finder(QUIET.perception), Landmarks()


def test_a_few_pictures_are_enough_for_doctor(astronaut: np.ndarray) -> None:
    assert turn_of([turned(astronaut, 90)] * 3, QUIET.perception) == 270
    assert turn_of([np.zeros((240, 320), np.uint8)] * 3, QUIET.perception) is None


def test_a_face_seen_no_better_in_one_turn_than_in_another_decides_nothing() -> None:
    nothing = float("-inf")
    assert upright({0: 9.0, 90: 2.0, 180: nothing, 270: nothing}) == 0
    assert upright({0: 9.0, 90: 8.0, 180: nothing, 270: nothing}) is None
    assert upright(dict.fromkeys(TURNS, nothing)) is None


def test_another_scene_is_a_cut_and_darkness_between_is_none(astronaut: np.ndarray) -> None:
    scenes, dark = Scenes(), np.full_like(astronaut, 9)
    shown = [astronaut, np.roll(astronaut, 12, axis=1), cv2.convertScaleAbs(astronaut, alpha=0.4), dark, astronaut]
    assert not any(scenes.cut(picture, number / 15) for number, picture in enumerate(shown))
    assert scenes.cut(255 - astronaut, 5 / 15)


def test_what_has_moved_while_nothing_was_seen_is_no_cut(astronaut: np.ndarray) -> None:
    """At 5 frames a second, after a stall of the camera or a hand before it, every picture is another."""
    scenes = Scenes()
    assert not scenes.cut(astronaut, 0.0)
    assert not scenes.cut(255 - astronaut, 0.2)
    assert not scenes.cut(astronaut, 3.2)
