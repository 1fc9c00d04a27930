"""Drawing training data: what is moved with the picture, and what cells are told to say."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from convert import augment
from convert.seeing import detector_data, landmarks_data, scenes, turned, worn
from convert.seeing.faces68 import MarkedFaces
from convert.seeing.scenes import Scene
from fer_edge.perception import grid, pose

EMPTY = np.zeros((0, 4), np.float32)


def scene(x: float = 100, y: float = 60, size: float = 40) -> Scene:
    """One bright square face with five marked points in a dark picture."""
    picture = np.full((180, 240), 40, np.uint8)
    cv2.rectangle(picture, (int(x), int(y)), (int(x + size), int(y + size)), 230, -1)
    points = np.array([[0.3, 0.3], [0.7, 0.3], [0.5, 0.5], [0.35, 0.75], [0.65, 0.75]]) * size + [x, y]
    box = np.array([[x, y, size, size]], np.float32)
    return Scene(picture, box, points[None].astype(np.float32), EMPTY)


@pytest.mark.parametrize("seed", range(12))
def test_boxes_and_points_go_with_the_picture(seed: int) -> None:
    view = detector_data.zoomed(scene(), 128, np.random.default_rng(seed))
    for box, points in zip(view.boxes, view.points, strict=True):
        x, y = (int(v) for v in box[:2] + box[2:] / 2)
        if 0 <= x < 128 and 0 <= y < 128:
            assert view.picture[y, x] > 150
        assert points[0, 0] < points[1, 0]
        assert points[3, 0] < points[4, 0]
        assert np.abs(points.mean(axis=0) - (box[:2] + box[2:] / 2)).max() < 0.25 * box[2] + 2


def test_four_scenes_side_by_side_keep_each_its_faces() -> None:
    parts = [detector_data.zoomed(scene(), 64, np.random.default_rng(seed), (11.0, 26.0)) for seed in range(4)]
    view = detector_data.side_by_side(parts, 64)
    assert view.picture.shape == (128, 128)
    assert len(view.boxes) == len(view.points) == sum(len(part.boxes) for part in parts) >= 3
    for box, points in zip(view.boxes, view.points, strict=True):
        x, y = (int(v) for v in box[:2] + box[2:] / 2)
        assert view.picture[y, x] > 150
        assert np.abs(points.mean(axis=0) - (box[:2] + box[2:] / 2)).max() < 0.25 * box[2] + 2
    assert (view.boxes[-1, :2] >= 40).all(), "the last one's scene is the lower right"


def test_cells_near_a_face_say_it_and_read_back_its_box() -> None:
    box = np.array([[40, 50, 24, 30]], np.float32)
    points = np.zeros((1, 5, 2), np.float32) + 55
    view = detector_data.View(np.zeros((128, 128), np.uint8), box, points, EMPTY)
    told = detector_data.targets(view, 128)
    centres, bases = grid.cells(128)
    says = told[:, 0] > 0
    assert 1 <= says.sum() < 20
    again, five = grid.decode(told[says, 2 : 2 + grid.NUMBERS], centres[says], bases[says])
    assert again == pytest.approx(np.repeat(box, says.sum(), 0), abs=0.01)
    assert five == pytest.approx(np.full_like(five, 55.5), abs=0.01)
    far = np.abs(centres - [52, 65]).max(axis=1) > 40
    assert (told[far, 1] == 1).all()


def test_a_face_whose_points_are_unknown_teaches_its_box_only() -> None:
    box = np.array([[40, 50, 24, 30]], np.float32)
    view = detector_data.View(np.zeros((128, 128), np.uint8), box, scenes.UNKNOWN[None], EMPTY)
    told = detector_data.targets(view, 128)
    assert np.isfinite(told).all()
    assert told[told[:, 0] > 0][:, 2 + grid.NUMBERS :].sum() == 0


def test_nothing_is_learned_where_a_face_may_be() -> None:
    place = np.array([[30, 30, 40, 40]], np.float32)
    view = detector_data.View(np.zeros((128, 128), np.uint8), EMPTY, np.zeros((0, 5, 2), np.float32), place)
    told = detector_data.targets(view, 128)
    centres, _ = grid.cells(128)
    inside = ((centres > 31) & (centres < 69)).all(axis=1)
    assert (told[inside, 1] == 0).all()
    assert told[:, 1].sum() > 200


def test_the_same_seed_draws_the_same_pictures() -> None:
    drawn = [detector_data.sampler([scene()], [], None, 128)(np.random.default_rng(7), 4)[0] for _ in range(2)]
    assert (drawn[0] == drawn[1]).all()


def test_variation_keeps_size_and_type() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (64, 48)).astype(np.uint8)
    for seed in range(40):
        varied = augment.vary(picture, augment.Variation(), np.random.default_rng(seed))
        assert varied.shape == picture.shape
        assert varied.dtype == np.uint8


def test_a_yawn_opens_the_mouth_and_leaves_the_eyes() -> None:
    from fer_edge.perception import shape

    points = np.zeros((68, 2), np.float32)
    points[shape.RIGHT_EYE], points[shape.LEFT_EYE] = (45, 50), (83, 50)
    points[48:60, 0] = np.linspace(48, 80, 12)
    points[48:60, 1] = 90
    points[48], points[54] = (48, 92), (80, 92)
    points[60:65], points[65:68] = (64, 90), (64, 96)
    assert worn.can_yawn(points)
    picture = np.random.default_rng(0).integers(0, 255, (160, 128)).astype(np.uint8)
    drawn, moved = worn.yawn(picture, points, np.random.default_rng(1))
    assert shape.mouth_aspect_ratio(moved) >= 0.49
    assert (moved[36:48] == points[36:48]).all()
    assert (drawn[:88] == picture[:88]).all()


def solid_face() -> tuple[np.ndarray, np.ndarray]:
    """The average face seen from in front: a picture with a white spot at every marked point, and the points."""
    solid = np.array(json.loads(pose.MEAN_FACE.read_text("utf-8"))["points"])
    points = (solid[:, :2] * 26 + 64).astype(np.float32)
    picture = np.full((128, 128), 60, np.uint8)
    for point in points:
        cv2.circle(picture, (round(float(point[0])), round(float(point[1]))), 2, 250, -1)
    return picture, points


@pytest.mark.parametrize("seed", range(8))
def test_a_turned_face_is_drawn_where_its_points_say(seed: int) -> None:
    picture, points = solid_face()
    made = turned.turned(picture, points, np.random.default_rng(seed))
    assert made is not None
    seen = pose.estimate(made.points)
    assert seen is not None
    assert 9 <= abs(seen.yaw) <= turned.YAW
    assert abs(seen.pitch) <= turned.PITCH
    # The near eye, the nose and the near corner of the mouth are in sight in every turn.
    near = [42, 45, 30, 54] if seen.yaw < 0 else [36, 39, 30, 48]
    for x, y in np.round(made.points[near]).astype(int):
        assert made.image[y - 1 : y + 2, x - 1 : x + 2].max() > 170


@pytest.mark.parametrize("seed", range(8))
def test_the_jaw_behind_the_far_cheek_is_hidden(seed: int) -> None:
    made = turned.turned(*solid_face(), np.random.default_rng(seed))
    assert made is not None
    seen = pose.estimate(made.points)
    assert seen is not None
    far, near = (slice(9, 17), slice(0, 8)) if seen.yaw > 0 else (slice(0, 8), slice(9, 17))
    assert made.hidden[far].all() == (abs(seen.yaw) > turned.FAR_SIDE)
    assert not made.hidden[near].any()
    assert not made.hidden[17:].any()


def test_a_head_turned_further_than_any_is_drawn_is_left_there() -> None:
    solid = np.array(json.loads(pose.MEAN_FACE.read_text("utf-8"))["points"])
    far = np.deg2rad(70)
    across = solid[:, 0] * np.cos(far) + solid[:, 2] * np.sin(far)
    points = (np.stack([across, solid[:, 1]], axis=1) * 26 + 64).astype(np.float32)
    found = pose.estimate(points)
    assert found is not None and abs(found.yaw) > turned.YAW
    for seed in range(8):
        turned.turned(np.full((128, 128), 60, np.uint8), points, np.random.default_rng(seed))


def test_calm_crops_show_a_face_in_its_own_light_and_the_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, points = solid_face()
    faces = MarkedFaces(picture[None], points[None], np.array(["user"]))
    monkeypatch.setattr(landmarks_data, "SHARES", {"marked": 1.0, "taught": 0.0})
    for name in ("TURNED_SHARE", "GLASSES_SHARE", "YAWN_SHARE", "COVERED_SHARE", "LIT_SHARE"):
        monkeypatch.setattr(landmarks_data, name, 0.0)
    plain = landmarks_data.unvaried(faces, 96, 1, 1)[0].astype(float)

    def strays(calm: float) -> float:
        """How far the points of a crop lie from where they lie in an unvaried one, and its levels with them."""
        draw = landmarks_data.sampler(faces, [], [], 96, calm=calm)
        crops, _ = draw(np.random.default_rng(2), 60)
        return float(np.mean([min(np.abs(c - plain).mean(), np.abs(c[:, ::-1] - plain).mean()) for c in crops]))

    assert strays(1.0) < 0.8 * strays(0.0)
