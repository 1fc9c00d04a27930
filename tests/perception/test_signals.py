"""All signals of a real face, and of real clips where they are at hand."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.core import Box, Face, Frame, Lens, Signals
from fer_edge.perception.eyes import EyeReader
from fer_edge.perception.pose import Pose
from fer_edge.perception.reader import Perception
from fer_edge.settings import Settings
from tests.perception.conftest import KnownFaces

QUIET = Settings.model_validate({"emotion": {"enabled": False}})


def read(picture: np.ndarray, face: Face, frames: int = 3) -> Signals:
    perception = Perception(QUIET, finder=KnownFaces(face))
    for n in range(frames):
        signals = perception.read(Frame(picture, n / 30, n))
    return signals


def test_a_face_with_open_eyes_and_a_smile(astronaut: np.ndarray, face: Face) -> None:
    signals = read(astronaut, face)
    assert signals.eyes_closed is not None
    assert signals.eyes_closed < 0.3
    assert signals.mouth_open is not None
    assert signals.mouth_open < 0.5
    assert signals.yaw is not None
    assert signals.pitch is not None
    assert abs(signals.yaw) < 35
    assert abs(signals.pitch) < 25
    assert signals.landmarks is not None
    assert signals.landmarks.shape == (68, 2)


def test_a_mouth_below_the_edge_of_the_picture_is_not_told(astronaut: np.ndarray) -> None:
    """The driver leans forward: the eyes are in view, the mouth is not."""
    near = cv2.resize(astronaut[60:150, 160:280], None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    signals = read(near, Face(Box(72, 16, 352, 448), 1.0))
    assert signals.face is not None
    assert signals.eyes_closed is not None
    assert signals.mouth_open is None


def test_mirroring_the_picture_swaps_left_and_right(astronaut: np.ndarray, face: Face) -> None:
    seen = read(astronaut, face)
    box = face.box
    flipped = Face(type(box)(512 - box.x - box.width, box.y, box.width, box.height), 1.0)
    mirrored = read(np.ascontiguousarray(astronaut[:, ::-1]), flipped)
    assert seen.yaw is not None
    assert mirrored.yaw is not None
    assert seen.roll is not None
    assert mirrored.roll is not None
    assert mirrored.yaw == pytest.approx(-seen.yaw, abs=7)
    assert mirrored.roll == pytest.approx(-seen.roll, abs=5)


@pytest.mark.parametrize(
    ("pose", "judged"),
    [
        (Pose(0, 38, 0), (True, True)),
        (Pose(0, 42, 0), (False, False)),
        (Pose(0, -43, 0), (True, True)),
        (Pose(0, -47, 0), (False, False)),
        (Pose(30, 0, 0), (True, False)),
        (Pose(-30, 0, 0), (False, True)),
        (Pose(45, 0, 0), (True, False)),
        (Pose(60, 0, 0), (False, False)),
    ],
)
def test_an_eye_is_judged_only_where_its_lids_can_be_seen(
    astronaut: np.ndarray, face: Face, pose: Pose, judged: tuple[bool, bool]
) -> None:
    points = read(astronaut, face).landmarks
    assert points is not None
    eyes = EyeReader().read(astronaut, points, pose)
    assert (eyes.right is not None, eyes.left is not None) == judged


def test_dark_glasses_make_the_eyes_unknown_not_closed(astronaut: np.ndarray, face: Face) -> None:
    worn = astronaut.copy()
    for x, y in ((203, 100), (244, 101)):
        cv2.ellipse(worn, (x, y + 2), (21, 15), 0, 0, 360, 15, -1)
    cv2.line(worn, (203, 99), (244, 100), 15, 3)
    assert read(worn, face).eyes_closed is None


def test_a_black_picture_says_nothing_at_all() -> None:
    perception = Perception(QUIET, finder=KnownFaces())
    signals = perception.read(Frame(np.zeros((480, 640, 3), np.uint8), 0.0, 0))
    assert signals.lens is Lens.DARK
    assert signals.face is None
    assert signals.eyes_closed is None
    assert signals.mouth_open is None
    assert signals.yaw is None


def test_a_colour_picture_reads_like_its_grey_one(astronaut: np.ndarray, face: Face) -> None:
    grey = read(astronaut, face)
    colour = read(cv2.cvtColor(astronaut, cv2.COLOR_GRAY2BGR), face)
    assert colour.yaw == pytest.approx(grey.yaw, abs=0.5)
    assert colour.eyes_closed == pytest.approx(grey.eyes_closed, abs=0.05)


def clip(path: Path, first: int, last: int) -> list[Signals]:
    """Signals of a stretch of a clip, with everything at its default but expression."""
    capture = cv2.VideoCapture(str(path))
    fps = capture.get(cv2.CAP_PROP_FPS)
    perception = Perception(QUIET)
    signals = []
    for n in range(last + 1):
        image = capture.read()[1]
        if n >= first:
            signals.append(perception.read(Frame(image, n / fps, n)))
    return signals


def test_a_long_closure_is_seen_to_the_frame(clips: Path) -> None:
    signals = clip(clips / "fellway_me.mp4", 150, 420)
    closed = [s.number for s in signals if s.eyes_closed is not None and s.eyes_closed >= 0.5]
    assert abs(closed[0] - 198) <= 4
    assert abs(closed[-1] - 359) <= 4
    assert len(closed) > 150


def test_up_and_down_have_the_right_sign_and_two_turns_opposite_ones(clips: Path) -> None:
    signals = clip(clips / "alaa_headpose.mp4", 54, 440)
    pitch = {s.number: s.pitch for s in signals if s.pitch is not None}
    level = np.median(list(pitch.values()))
    assert np.median([p for n, p in pitch.items() if 300 <= n <= 350]) > level + 8
    assert np.median([p for n, p in pitch.items() if 392 <= n <= 436]) < level - 8
    yaw = [s.yaw for s in signals if s.yaw is not None and s.number <= 250]
    assert min(yaw) < -15
    assert max(yaw) > 15
