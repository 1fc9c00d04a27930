"""The simulated driver's pictures show what its truth says, and it fails as a camera does."""

from __future__ import annotations

import builtins
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("skimage", reason="scikit-image (extra demo) brings the face")

from fer_edge.core import Frame
from fer_edge.errors import EndOfSource, MissingExtra, SourceLost, SourceUnavailable
from fer_edge.perception.pose import estimate
from fer_edge.settings import CameraSettings
from fer_edge.sources import make_source
from fer_edge.sources.sim import head
from fer_edge.sources.sim.scene import Scene
from fer_edge.sources.sim.states import Pose
from fer_edge.sources.simulated import SimulatedSource

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


def source_of(tmp_path: Path, script: str, *, paced: bool = False, **settings: object) -> SimulatedSource:
    path = tmp_path / "script.txt"
    path.write_text(script)
    source = make_source(f"sim:{path}", CameraSettings(**settings), paced=paced)
    assert isinstance(source, SimulatedSource)
    return source


def frames_of(source: SimulatedSource) -> Iterator[Frame]:
    source.open()
    while True:
        try:
            yield source.read()
        except EndOfSource:
            source.close()
            return


# What is drawn


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


# How it behaves


def test_the_truth_of_a_frame_is_known_and_the_same_every_time(tmp_path: Path) -> None:
    script = "seed 5\n0 awake\n0.5 eyes-closed passenger\n1 awake covered=0.8\n1.5 end"
    runs = []
    for _ in range(2):
        source = source_of(tmp_path, script, fps=20)
        runs.append([(frame.at, frame.image.tobytes(), source.truth_of(frame)) for frame in frames_of(source)])
    assert runs[0] == runs[1]
    assert source.frames == len(runs[0]) == 30
    assert [at for at, _, _ in runs[0]] == pytest.approx([n / 20 for n in range(30)])
    asleep = runs[0][19][2]
    assert (asleep.eyes_closed, asleep.openness, asleep.faces, asleep.covered) == (True, 0.0, 2, False)
    assert runs[0][29][2].covered
    assert not runs[0][5][2].eyes_closed


def test_size_and_turning_are_as_configured(tmp_path: Path) -> None:
    source = source_of(tmp_path, "0 awake\n1 end", width=320, height=240, rotation=90, roi=(0, 0, 1, 0.5))
    source.open()
    assert source.read().image.shape == (160, 240, 3)


def test_another_frame_rate_can_be_asked_for(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("0 awake\n2 end")
    source = make_source(f"sim:{tmp_path / 's.txt'}", CameraSettings(), paced=False, fps=5)
    assert len(list(frames_of(source))) == 10


def test_in_real_time_it_keeps_pace_and_stamps_by_the_clock(tmp_path: Path) -> None:
    source = source_of(tmp_path, "0 awake\n1 end", paced=True, fps=10)
    began = time.monotonic()
    frames = list(frames_of(source))
    assert 0.85 < time.monotonic() - began < 2.5
    assert all(began <= frame.at <= time.monotonic() for frame in frames)
    assert source.live
    assert source.truth_of(frames[0]).at == pytest.approx(0, abs=1e-6)


def test_a_frozen_camera_is_lost_stays_lost_and_comes_back(tmp_path: Path) -> None:
    source = source_of(tmp_path, "0 awake\n0.3 frozen\n1.6 awake\n9 end", paced=True, stall_s=0.5)
    source.open()
    with pytest.raises(SourceLost, match=r"frozen, the same picture for 0\.5 s") as lost:
        while True:
            last = source.read()
    assert 0.7 < source.truth_of(last).at < 1.0
    assert lost
    with pytest.raises(SourceUnavailable, match="still frozen"):
        source.open()
    source.close()
    assert opened_again(source, within_s=3).at > last.at + 0.5


def test_an_unplugged_camera_is_lost_at_once_and_comes_back(tmp_path: Path) -> None:
    source = source_of(tmp_path, "0 awake\n0.3 unplugged\n1 awake\n9 end", paced=True)
    source.open()
    with pytest.raises(SourceLost, match="unplugged"):
        while True:
            source.read()
    with pytest.raises(SourceUnavailable, match="unplugged"):
        source.open()
    opened_again(source, within_s=3)


def opened_again(source: SimulatedSource, within_s: float) -> Frame:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            source.open()
            return source.read()
        except SourceUnavailable:
            time.sleep(0.05)
    raise AssertionError("it did not come back")


def test_replayed_a_freeze_repeats_the_picture_and_an_unplugged_time_is_left_out(tmp_path: Path) -> None:
    source = source_of(tmp_path, "0 awake\n1 frozen\n2 unplugged\n3 awake\n4 end", fps=10)
    frames = list(frames_of(source))
    assert [round(frame.at, 1) for frame in frames] == [n / 10 for n in (*range(20), *range(30, 40))]
    assert len({frame.image.tobytes() for frame in frames[10:20]}) == 1
    assert len({frame.image.tobytes() for frame in frames[:10]}) == 10


def test_it_repeats_in_real_time_and_when_looped_but_is_replayed_once(tmp_path: Path) -> None:
    script = "0 awake\n0.5 eyes-closed\n1 repeat"
    assert len(list(frames_of(source_of(tmp_path, script, fps=10)))) == 10
    looped = source_of(tmp_path, script, fps=10, loop=True)
    looped.open()
    frames = [looped.read() for _ in range(28)]
    assert looped.frames is None
    assert [looped.truth_of(frame).eyes_closed for frame in frames] == [n % 10 >= 6 for n in range(28)]
    assert source_of(tmp_path, script, paced=True).frames is None


def test_close_wakes_a_reader_that_waits(tmp_path: Path) -> None:
    source = source_of(tmp_path, "0 awake\n90 end", paced=True, fps=0.1)
    source.open()
    source.read()
    threading.Timer(0.2, source.close).start()
    began = time.monotonic()
    with pytest.raises(SourceLost):
        source.read()
    assert time.monotonic() - began < 2


def test_without_scikit_image_it_says_which_extra_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name.startswith("skimage"):
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    for name in [name for name in sys.modules if name.startswith("skimage")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtra, match=r"pip install 'fer-edge\[demo\]'"):
        source_of(tmp_path, "0 awake\n1 end").open()
