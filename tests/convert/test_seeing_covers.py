"""What is drawn before faces: it hides a part, moves nothing, and is drawn where no face is, too."""

from __future__ import annotations

import numpy as np
import pytest

from convert.seeing import covers, detector_data, landmarks_data, mouth_data, worn
from convert.seeing.faces68 import MarkedFaces
from convert.seeing.scenes import Scene
from fer_edge.perception import shape
from tests.convert.test_seeing_data import EMPTY, scene, solid_face

BOX = np.array([40.0, 30.0, 50.0, 60.0])


def noisy(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (128, 128)).astype(np.uint8)


def hidden_share(picture: np.ndarray, drawn: np.ndarray, box: np.ndarray = BOX) -> float:
    x, y, width, height = box.astype(int)
    return float((picture != drawn)[y : y + height, x : x + width].mean())


@pytest.mark.parametrize("thing", covers.THINGS)
def test_a_thing_hides_a_part_of_the_face_and_never_nearly_all(thing: covers.Shape, monkeypatch) -> None:
    monkeypatch.setattr(covers, "THINGS", (thing,) * len(covers.THINGS))
    picture = noisy()
    before = picture.copy()
    shares = [hidden_share(picture, covers.covered(picture, BOX, np.random.default_rng(n))) for n in range(60)]
    assert 0.05 < np.mean(shares) < 0.65
    assert max(shares) < 0.85
    assert (picture == before).all(), "the picture handed in stays as it is"


@pytest.mark.parametrize("box", [[-30, -40, 60, 70], [100, 110, 40, 50], [60, 60, 3, 3], [-200, 0, 20, 20]])
def test_a_face_at_the_edge_small_or_out_of_sight_is_drawn_without_complaint(box: list[float]) -> None:
    for seed in range(30):
        drawn = covers.covered(noisy(), np.array(box, float), np.random.default_rng(seed), [noisy(1)], angle=30)
        assert drawn.shape == (128, 128)
        assert drawn.dtype == np.uint8


def test_light_from_one_side_leaves_the_other_side_dark() -> None:
    grey, ratios = np.full((128, 128), 120, np.uint8), []
    for seed in range(40):
        lit = covers.one_side_lit(grey, BOX, np.random.default_rng(seed)).astype(float)
        face = lit[30:90, 40:90]
        ratios.append(face.min() / face.max())
    assert np.median(ratios) < 0.5


def test_things_stand_before_faces_and_before_empty_places_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[np.ndarray] = []

    def seen(picture: np.ndarray, box: np.ndarray, *_: object) -> np.ndarray:
        asked.append(box)
        return picture

    monkeypatch.setattr(covers, "covered", seen)
    rooms = [Scene(noisy(n), EMPTY, np.zeros((0, 5, 2), np.float32), EMPTY) for n in range(3)]

    def share(peopled: list[Scene]) -> float:
        asked.clear()
        shares = {"scene": 1.0 if peopled else 0.0, "four": 0.0, "pasted": 0.0}
        monkeypatch.setattr(detector_data, "SHARES", shares)
        detector_data.sampler(peopled, rooms, None, 128)(np.random.default_rng(4), 200)
        return len(asked) / 200

    wanted = pytest.approx(detector_data.COVERED_SHARE, abs=0.12)
    assert share([scene()]) == wanted
    assert share([]) == wanted


def test_a_covered_face_keeps_its_points(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, points = solid_face()
    faces = MarkedFaces(picture[None], points[None], np.array(["user"]))
    monkeypatch.setattr(landmarks_data, "SHARES", {"marked": 1.0, "taught": 0.0})
    for name in ("TURNED_SHARE", "GLASSES_SHARE", "YAWN_SHARE", "LIT_SHARE"):
        monkeypatch.setattr(landmarks_data, name, 0.0)

    def drawn(share: float) -> tuple[np.ndarray, np.ndarray]:
        monkeypatch.setattr(landmarks_data, "COVERED_SHARE", share)
        crops, told = landmarks_data.sampler(faces, [], [], 96, calm=1.0)(np.random.default_rng(2), 80)
        marks = told[:, :136].reshape(-1, 68, 2)[:, 27:36].mean(axis=1)
        return crops, np.abs(marks).max(axis=1)

    plain, covered = drawn(0.0), drawn(1.0)
    assert covered[1].max() < 1.0 and plain[1].max() < 1.0, "the nose stays near the crop's middle"
    assert np.std(covered[0].mean(axis=0)) < np.std(plain[0].mean(axis=0)), "what is drawn lies everywhere"


def test_a_mouth_behind_something_is_no_mouth_to_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worn, "can_yawn", lambda points: False)
    picture, points = solid_face()
    low, high = (np.round(edge(points[48:60], axis=0)).astype(int) for edge in (np.min, np.max))
    lips = np.s_[low[1] : high[1] + 1, low[0] : high[0] + 1]
    for seed in range(20):
        piece = mouth_data.behind(picture, points, np.random.default_rng(seed))
        assert piece.target == mouth_data.NOT_A_MOUTH
        assert piece.region == shape.mouth_region(points)
        assert (piece.picture[lips] != picture[lips]).mean() > 0.5


def test_a_yawn_behind_a_hand_is_no_mouth_to_judge_either(monkeypatch: pytest.MonkeyPatch) -> None:
    yawns = []
    real = worn.yawn
    monkeypatch.setattr(worn, "can_yawn", lambda points: True)
    monkeypatch.setattr(worn, "yawn", lambda *given: yawns.append(1) or real(*given))
    picture, points = solid_face()
    made = [mouth_data.behind(picture, points, np.random.default_rng(seed)).target for seed in range(30)]
    assert 3 < len(yawns) < 27
    assert set(made) == {mouth_data.NOT_A_MOUTH}
