"""Cutting upright pieces, the shape of lids and lips, cells of the detector, steadied points."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.perception import grid, shape, warp
from fer_edge.perception.landmarks import box_of
from fer_edge.perception.smoothing import Smoother


@given(st.floats(40, 160), st.floats(40, 160), st.floats(10, 300), st.floats(-180, 180))
def test_the_middle_and_the_angle_of_a_crop_are_where_they_were_asked(
    x: float, y: float, side: float, angle: float
) -> None:
    matrix = warp.upright((x, y), side, angle, 64)
    assert matrix[:, :2] @ [x, y] + matrix[:, 2] == pytest.approx([31.5, 31.5], abs=1e-6)
    along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))]) * side / 64
    assert matrix[:, :2] @ along == pytest.approx([1, 0], abs=1e-6)


@pytest.mark.parametrize("side", [40.0, 150.0, 400.0])
def test_a_large_region_is_averaged_not_skipped(side: float) -> None:
    """A fine checkerboard must become grey, and a step edge must stay where it is."""
    picture = (np.indices((480, 640)).sum(axis=0) % 2 * 255).astype(np.uint8)
    piece = warp.cut(picture, warp.upright((300, 240), side, 10, 32), 32)
    if side > 2 * 32:
        assert piece.std() < 40
    edge = np.zeros((480, 640), np.uint8)
    edge[:, 300:] = 200
    piece = warp.cut(edge, warp.upright((300, 240), side, 0, 32), 32).astype(float)
    middle = np.interp(100, piece[16], np.arange(32))
    assert middle == pytest.approx(15.5 - 0.5 * 32 / side, abs=0.35)


def test_a_crop_that_leaves_the_picture_repeats_its_edge() -> None:
    picture = np.full((100, 100), 77, np.uint8)
    assert (warp.cut(picture, warp.upright((-500, 20), 80, 30, 32), 32) == 77).all()


@given(st.integers(2, 120), st.integers(0, 130), st.integers(0, 2**31))
def test_light_is_taken_out(spread: int, level: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    piece = rng.integers(level, level + spread, (32, 32)).astype(np.uint8)
    even = warp.standardise(piece)
    assert abs(float(even.mean()) - 128) < 6
    assert even.std() < 60


def test_aspect_ratios_follow_lids_and_lips() -> None:
    eye = np.array([[0, 0], [10, -4], [20, -4], [30, 0], [20, 4], [10, 4]], np.float32)
    assert shape.eye_aspect_ratio(eye) == pytest.approx(8 / 30)
    shut = eye * [1, 0.1]
    assert shape.eye_aspect_ratio(shut) == pytest.approx(0.8 / 30, abs=1e-5)


def test_mirroring_twice_changes_nothing_and_swaps_the_sides() -> None:
    twice = shape.MIRRORED[shape.MIRRORED]
    assert (twice == np.arange(68)).all()
    assert sorted(shape.MIRRORED[36:42]) == list(range(42, 48))


@given(st.floats(10, 110), st.floats(10, 110), st.floats(8, 110), st.floats(0.6, 1.0))
def test_a_face_written_into_a_cell_is_read_back(x: float, y: float, size: float, ratio: float) -> None:
    centres, bases = grid.cells(128)
    box = np.array([[x - size * ratio / 2, y - size / 2, size * ratio, size]], np.float32)
    points = (np.random.default_rng(1).uniform(-0.5, 0.5, (1, 5, 2)) * size + [x, y]).astype(np.float32)
    for n in (0, 100, 255, 256, 319):
        numbers = grid.encode(box, points, centres[n : n + 1], bases[n : n + 1])
        again, five = grid.decode(numbers, centres[n : n + 1], bases[n : n + 1])
        assert again == pytest.approx(box, abs=0.02)
        assert five == pytest.approx(points, abs=0.02)


def test_cells_cover_the_picture() -> None:
    centres, bases = grid.cells(128)
    assert centres.shape == (320, 2)
    assert (bases[:256] == 24).all()
    assert centres.min() == 4
    assert centres.max() == 124


def face_points(x: float = 200, y: float = 200, size: float = 100) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.uniform(-0.5, 0.5, (68, 2)) * size + [x, y]).astype(np.float32)


def test_a_still_face_is_held_steady_and_a_moving_one_is_followed() -> None:
    smoother, rng, still = Smoother(), np.random.default_rng(2), face_points()
    wobble = []
    for n in range(90):
        seen = still + rng.normal(0, 0.5, still.shape).astype(np.float32)
        wobble.append(smoother.steady(seen, n / 30, 100) - still)
    assert np.std(wobble[30:]) < 0.75 * 0.5
    for n in range(90, 105):
        moved = still + np.float32(6 * (n - 89))
        steady = smoother.steady(moved, n / 30, 100)
    assert np.abs(steady - moved).max() < 6


def test_after_a_gap_points_start_afresh() -> None:
    smoother = Smoother()
    smoother.steady(face_points(), 0.0, 100)
    far = face_points(400)
    assert (smoother.steady(far, 1.0, 100) == far).all()
    assert (smoother.steady(face_points(), 0.5, 100) == face_points()).all()


def test_the_box_of_points_turns_with_the_face() -> None:
    marks = np.array([[x, y] for x in (-30, 30) for y in (-30, 30)], np.float32)
    upright = np.vstack([np.resize(marks, (36, 2)), np.repeat([[-15, -20]], 6, 0), np.repeat([[15, -20]], 6, 0)])
    upright = np.vstack([upright, np.zeros((20, 2))]).astype(np.float32)
    box = box_of(upright + 200)
    turn = cv2.getRotationMatrix2D((200, 200), 30, 1)
    tilted = ((upright + 200) @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    moved = box_of(tilted)
    assert moved.height == pytest.approx(box.height, rel=0.01)
    middle = np.array(box.centre) @ turn[:, :2].T + turn[:, 2]
    assert moved.centre == pytest.approx(tuple(middle), abs=0.5)
