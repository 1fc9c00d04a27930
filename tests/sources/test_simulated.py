"""The simulated driver's pictures show what they are told to."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.perception.pose import estimate
from fer_edge.sources.sim import head
from fer_edge.sources.sim.scene import Scene
from fer_edge.sources.sim.states import Pose

EYES = (slice(170, 192), slice(257, 384))
MOUTH = (slice(245, 320), slice(280, 358))


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(seed=1)


@pytest.fixture(scope="module")
def haar() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")


@pytest.fixture(scope="module")
def yunet(shared_data: Path) -> cv2.FaceDetectorYN:
    model = shared_data.parent / "models" / "yunet_2026may.onnx"
    if not model.exists():
        pytest.skip(f"no YuNet here ({model})")
    return cv2.FaceDetectorYN.create(str(model), "", (640, 480), 0.6)


def grey(image: np.ndarray, part: tuple[slice, slice] = (slice(None), slice(None))) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[part]


def dark_share(image: np.ndarray, part: tuple[slice, slice], below: int) -> float:
    return float((grey(image, part) < below).mean())


def test_a_shutting_eye_shows_less_and_less_of_the_iris_and_no_black_bar(scene: Scene) -> None:
    dark = [
        dark_share(scene.draw(Pose(eye_left=o, eye_right=o, noise=0), 0), EYES, 60) for o in (1.0, 0.7, 0.4, 0.2, 0.0)
    ]
    assert dark == sorted(dark, reverse=True)
    assert dark[0] > 0.05
    assert dark[-1] < 0.4 * dark[0]
    shut = grey(scene.draw(Pose(eye_left=0, eye_right=0, noise=0), 0), EYES)
    assert shut.mean() > 120  # skin
    assert shut.min() > 20


def test_the_own_left_eye_is_on_the_right_of_the_picture(scene: Scene) -> None:
    open_, left = (grey(scene.draw(Pose(eye_left=o, noise=0), 0), EYES).astype(int) for o in (1.0, 0.0))
    changed = np.abs(open_ - left).sum(axis=0)
    assert changed[:65].sum() == 0
    assert changed[75:].sum() > 5000


def test_a_yawn_opens_a_dark_mouth_and_lowers_the_chin(scene: Scene) -> None:
    dark = [dark_share(scene.draw(Pose(mouth=m, noise=0), 0), MOUTH, 75) for m in (0.0, 0.3, 0.6, 1.0)]
    assert dark == sorted(dark)
    assert dark[0] < 0.02
    assert dark[-1] > 0.25
    below_chin = (slice(325, 345), slice(300, 338))
    calm, yawn = (grey(scene.draw(Pose(mouth=m, noise=0), 0), below_chin).mean() for m in (0.0, 1.0))
    assert yawn > calm + 40  # skin where the collar was


def test_a_smile_shows_teeth(scene: Scene) -> None:
    calm, smile = (grey(scene.draw(Pose(smile=s, noise=0), 0), (slice(255, 264), slice(295, 340))) for s in (0.0, 1.0))
    assert smile.mean() > calm.mean() + 30


@pytest.mark.parametrize(
    "pose",
    [
        *(Pose(), Pose(eye_left=0, eye_right=0), Pose(mouth=1.0), Pose(smile=1.0), Pose(light=0.3)),
        *(Pose(yaw=20), Pose(yaw=-20), Pose(pitch=-15), Pose(pitch=10), Pose(passenger=1)),
    ],
)
def test_a_frontal_face_is_found_by_a_plain_detector(scene: Scene, haar: cv2.CascadeClassifier, pose: Pose) -> None:
    found = haar.detectMultiScale(grey(scene.draw(pose, 0)), 1.15, 5, minSize=(100, 100))
    assert len(found) == 1


@pytest.mark.parametrize(("pose", "sign"), [(Pose(yaw=25), 1), (Pose(yaw=-25), -1)])
def test_positive_yaw_turns_the_face_to_the_right_of_the_picture(
    scene: Scene, haar: cv2.CascadeClassifier, pose: Pose, sign: int
) -> None:
    (ahead,), (turned,) = (
        haar.detectMultiScale(grey(scene.draw(p, 0)), 1.1, 4, minSize=(100, 100)) for p in (Pose(), pose)
    )
    assert sign * ((turned[0] + turned[2] / 2) - (ahead[0] + ahead[2] / 2)) > 15


def test_a_turned_nodding_or_leaning_face_is_found_by_a_trained_detector(
    scene: Scene, yunet: cv2.FaceDetectorYN
) -> None:
    for pose in (
        *(Pose(yaw=45), Pose(yaw=-45), Pose(pitch=-30), Pose(pitch=20), Pose(roll=40), Pose(roll=-40)),
        *(Pose(yaw=30, pitch=-20), Pose(pitch=-32, roll=16, eye_left=0, eye_right=0), Pose(light=0.2)),
    ):
        _, faces = yunet.detect(scene.draw(pose, 0))
        assert faces is not None, pose
        assert len(faces) == 1, pose
    _, faces = yunet.detect(scene.draw(Pose(passenger=1), 0))
    assert len(faces) == 2
    (_, upright), (_, leaning) = (yunet.detect(scene.draw(Pose(roll=r), 0)) for r in (0, 20))
    tilt = [np.degrees(np.arctan2(face[7] - face[5], face[6] - face[4])) for face in (upright[0], leaning[0])]
    assert -25 < tilt[1] - tilt[0] < -10  # the own right shoulder is on the left; YuNet's points are coarse


@pytest.mark.parametrize("pose", [Pose(away=1), Pose(covered=1), Pose(light=0), Pose(light=0.05)])
def test_nobody_is_found_where_nobody_can_be_seen(scene: Scene, haar: cv2.CascadeClassifier, pose: Pose) -> None:
    assert len(haar.detectMultiScale(grey(scene.draw(pose, 0)), 1.15, 5, minSize=(60, 60))) == 0


def test_covered_and_dark_pictures_are_dark(scene: Scene) -> None:
    day, dim, dark, black, covered = (
        scene.draw(pose, 0).mean()
        for pose in (Pose(), Pose(light=0.3), Pose(light=0.06), Pose(light=0), Pose(covered=1))
    )
    assert day > 100 > dim > 25 > dark > black
    assert covered < 40


def test_the_noise_is_as_strong_as_asked_and_new_in_every_frame(scene: Scene) -> None:
    wall = (slice(40, 90), slice(40, 150))
    clean, first, second = (
        scene.draw(Pose(noise=noise), number)[wall].astype(float) for noise, number in ((0, 0), (4, 1), (4, 2))
    )
    assert (first - clean).std() == pytest.approx(4.5, abs=0.6)
    assert (first - second).std() > 4


MARKS = {
    **{17: (257, 162), 21: (300, 164), 22: (344, 166), 26: (387, 170), 27: (320, 180), 28: (320, 193), 29: (320, 207)},
    **{30: (319, 222), 31: (303, 233), 33: (319, 238), 35: (335, 234), 36: (261, 181), 39: (300, 186), 42: (341, 187)},
    **{45: (380, 185), 48: (288, 256), 51: (319, 249), 54: (350, 256)},
}
"""Brows, nose, corners of eyes and mouth of the portrait, marked by hand, by their numbers among the 68 points."""


def marks_in(pose: Pose) -> np.ndarray:
    """Where the marks are in the drawn picture: (68, 2), only those of MARKS filled in."""
    y, x = np.mgrid[0:480:2, 0:640:2].astype(np.float32)
    source_x, source_y = head._upright(x, y, np.radians(pose.roll))
    source_x, source_y, front = head._ahead(source_x, source_y, pose)
    points = np.zeros((68, 2), np.float32)
    for number, (mark_x, mark_y) in MARKS.items():
        away = np.hypot(source_x - mark_x, source_y - mark_y) + 1000 * (front < 0.2)
        nearest = np.argsort(away, axis=None)[:4]
        weight = 1 / (away.flat[nearest] + 0.3)
        points[number] = [(axis.flat[nearest] @ weight) / weight.sum() for axis in (x, y)]
    return points


def test_the_turned_face_has_its_points_where_an_average_face_so_turned_has_them() -> None:
    rest = estimate(marks_in(Pose()))
    for values in ({"yaw": 20.0}, {"yaw": 45.0}, {"yaw": -45.0}, {"pitch": -25.0}, {"pitch": 15.0}, {"roll": 20.0}):
        seen = estimate(marks_in(Pose(**values)))
        for axis, degrees in values.items():
            assert getattr(seen, axis) - getattr(rest, axis) == pytest.approx(degrees, abs=7), values


@pytest.mark.parametrize(
    "pose",
    [
        Pose(noise=0, roll=28, yaw=12),
        Pose(noise=0, yaw=75, pitch=-40, mouth=1),
        Pose(noise=0, yaw=-60, pitch=45, roll=-25),
        Pose(noise=0, mouth=1, smile=0.4, camera_pitch=18),
    ],
    ids=["leaning", "turned away", "turned and bent", "a yawn from below"],
)
def test_only_where_the_head_is_it_is_drawn_and_nothing_of_it_is_cut_off(
    scene: Scene, pose: Pose, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = scene.draw(pose, 0)
    monkeypatch.setattr(head, "_drawn_cells", lambda x, *_: tuple(slice(0, count) for count in x.shape))
    whole = scene.draw(pose, 0)
    apart = cv2.absdiff(narrow, whole)
    assert apart.max() <= 6  # of 255: points between pixels are rounded
    assert (apart > 1).mean() < 1e-3
