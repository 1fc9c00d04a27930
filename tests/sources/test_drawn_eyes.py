"""Drawn eyes look where they are told, their lids follow, and the truth says so."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_edge.lids import lid_state, lids
from fer_edge.settings import CameraSettings
from fer_edge.sources import make_source
from fer_edge.sources.sim.examples import ACTS, examples, truth
from fer_edge.sources.sim.head import seen_at
from fer_edge.sources.sim.looks import Looks, somebody
from fer_edge.sources.sim.marks import LEFT_EYE, RIGHT_EYE
from fer_edge.sources.sim.scene import Scene
from fer_edge.sources.sim.states import Pose

RIGHT = (slice(172, 192), slice(262, 300))
"""The person's right eye on the stage."""


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene()


def iris(scene: Scene, **pose: float) -> tuple[float, float]:
    """The middle of what is dark in the right eye, against where it is when the eye looks ahead."""
    eye = cv2.cvtColor(scene.draw(Pose(noise=0, **pose), 0), cv2.COLOR_BGR2GRAY)[RIGHT].astype(float)
    dark = np.clip(95 - eye, 0, None)
    dark[:5] = 0  # lashes
    rows, columns = np.indices(dark.shape)
    return float((columns * dark).sum() / dark.sum()), float((rows * dark).sum() / dark.sum())


def test_the_iris_goes_where_the_eye_looks(scene: Scene) -> None:
    ahead, left, right = iris(scene), iris(scene, gaze_yaw=25), iris(scene, gaze_yaw=-25)
    assert left[0] - ahead[0] > 3
    assert ahead[0] - right[0] > 3
    assert iris(scene, gaze_pitch=-20)[1] - ahead[1] > 1


def test_the_lid_follows_a_look_down_and_leaves_an_iris_to_be_seen() -> None:
    openings = [lids(1.0, pitch).opening for pitch in (20, 0, -15, -30, -45)]
    assert openings == sorted(openings, reverse=True)
    assert openings[1] == 1.0
    assert 0.55 < openings[3] < 0.75
    assert lid_state(1.0, -30, 0) == "lowered"


def test_a_squint_comes_mostly_from_below() -> None:
    relaxed, laughing = lids(1.0), lids(1.0, squint=1.0)
    assert relaxed.lower - laughing.lower > laughing.upper - relaxed.upper > 0
    assert lid_state(1.0, 0, 0.8) == "narrowed"


@pytest.mark.parametrize(("pitch", "squint"), [(0, 0), (-35, 0), (0, 1), (15, 0.3)])
def test_shut_lids_are_shut_wherever_the_eye_looks(pitch: float, squint: float) -> None:
    assert lids(0.0, pitch, squint).opening == pytest.approx(0, abs=1e-9)
    assert lid_state(0.0, pitch, squint) == "shut"


def test_a_lowered_lid_shows_more_than_a_shut_one_and_less_than_an_open_one(scene: Scene) -> None:
    def white(**pose: float) -> float:
        eye = scene.draw(Pose(noise=0, **pose), 0)[RIGHT].astype(int)
        return float((eye.max(axis=2) - eye.min(axis=2) < 28).mean())  # skin has more colour

    wide, lowered, narrowed, shut = (
        white(),
        white(gaze_pitch=-32),
        white(squint=0.8),
        white(eye_left=0, eye_right=0),
    )
    assert wide > 1.2 * lowered
    assert lowered > 2 * shut
    assert narrowed > 1.4 * shut


def test_every_person_is_another_and_always_the_same() -> None:
    assert somebody(3) == somebody(3)
    assert len({somebody(seed) for seed in range(50)}) == 50
    first, again, other = (next(examples([person], 1)).picture for person in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_examples_show_all_acts_with_their_truth() -> None:
    drawn = list(examples([4, 5], len(ACTS)))
    assert {example.person for example in drawn} == {4, 5}
    states = [example.left.state for example in drawn]
    assert {"open", "lowered", "shut"} <= set(states)
    for example in drawn:
        assert example.picture.shape == (480, 640, 3)
        for eye in (example.right, example.left):
            assert (eye.state == "shut") is (eye.openness < 0.13) or eye.state == "lowered"
            assert 180 < eye.place[0] < 460


def test_the_place_of_an_eye_is_where_it_is_drawn(scene: Scene) -> None:
    """Painting the eyes green in the photograph shows where they come out."""
    for pose in (Pose(), Pose(yaw=20, pitch=-12, roll=10), Pose(yaw=-30, pitch=8)):
        green = Scene(looks=Looks(iris=(0, 255, 0), pupil=0.0, glint=0.0))
        image = green.draw(Pose(**{**{n: getattr(pose, n) for n in ("yaw", "pitch", "roll")}, "noise": 0}), 0).astype(
            int
        )
        is_green = (image[..., 1] - image[..., 2] > 60) & (image[..., 1] - image[..., 0] > 60)
        rows, columns = np.nonzero(is_green)
        for marks in (RIGHT_EYE, LEFT_EYE):
            x, y = seen_at(marks.iris, pose)
            near = np.hypot(columns - x, rows - y) < 15
            assert near.sum() > 20
            assert np.hypot(columns[near].mean() - x, rows[near].mean() - y) < 4


def test_a_share_of_the_examples_may_be_bent_down_and_the_others_stay_as_they_were() -> None:
    plain, some, all_bent = (list(examples(range(2), 12, bent=share)) for share in (0.0, 0.5, 1.0))
    assert plain[0].pose == next(examples([0], 1)).pose
    assert max(example.pose.pitch for example in all_bent) <= -8
    assert 4 < sum(example.pose.pitch <= -8 for example in some) < 24
    assert sum(example.pose.pitch <= -8 for example in plain) < sum(example.pose.pitch <= -8 for example in some)
    assert {example.right.state for example in all_bent} == {"open", "lowered", "narrowed", "shut"}


def test_dark_glasses_hide_eyes_and_a_hand_hides_one() -> None:
    assert [eye.seen for eye in truth(Pose(), Looks(glasses="dark"))] == [False, False]
    assert [eye.seen for eye in truth(Pose(hand_eye=1))] == [False, True]


def test_a_camera_mounted_aside_sees_the_face_turned(scene: Scene) -> None:
    mounted = scene.draw(Pose(camera_yaw=25, noise=0), 0).astype(int)
    turned = scene.draw(Pose(yaw=-25, noise=0), 0).astype(int)
    face = (slice(120, 300), slice(200, 440))
    # The same face, but the head itself has not moved.
    shifted = np.roll(turned, 7, axis=1)
    assert np.abs(mounted[face] - shifted[face]).mean() < np.abs(mounted[face] - turned[face]).mean()


def test_the_source_tells_lids_and_gaze_of_each_frame(tmp_path) -> None:
    script = tmp_path / "phone.txt"
    script.write_text("0 stare\n2 stare pitch=-15 gaze_pitch=-30\n4 end\n")
    source = make_source(f"sim:{script}", CameraSettings(), paced=False)
    before, after = source.truth(1.0), source.truth(3.5)
    assert before.lid_states == ("open", "open")
    assert after.lid_states == ("lowered", "lowered")
    assert after.openness < 0.8 * before.openness
    assert not after.eyes_closed
    assert after.gaze[1] == pytest.approx(-45, abs=1.5)
