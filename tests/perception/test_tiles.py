"""Small faces in large stills: seen in pieces of the picture, told once and where they are."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.core import Box, Face
from fer_edge.perception.detector import Tiny
from fer_edge.perception.tiles import LEAST, Tiled, once, pieces
from fer_edge.settings.perception import TinyDetector
from tests.perception.conftest import FACE


@pytest.fixture(scope="module")
def tiny() -> Tiny:
    return Tiny(TinyDetector())


def crowd(astronaut: np.ndarray) -> tuple[np.ndarray, list[Box]]:
    """Three small heads, apart, in a large grey picture, and their boxes."""
    picture = np.full((1000, 1500), 110, np.uint8)
    head = astronaut[20:220, 120:320]
    boxes = []
    for left, top, side in ((90, 60, 120), (700, 430, 150), (1330, 820, 160)):
        scale = side / 200
        picture[top : top + side, left : left + side] = cv2.resize(head, (side, side), interpolation=cv2.INTER_AREA)
        x, y = left + (FACE.x - 120) * scale, top + (FACE.y - 20) * scale
        boxes.append(Box(x, y, FACE.width * scale, FACE.height * scale))
    return picture, boxes


def test_faces_too_small_for_the_whole_picture_are_found_in_its_pieces(astronaut: np.ndarray, tiny: Tiny) -> None:
    picture, boxes = crowd(astronaut)
    seen_at_once = [any(face.box.iou(box) > 0.4 for face in tiny.find(picture)) for box in boxes]
    found = Tiled(tiny).find(picture)
    assert not all(seen_at_once)
    assert len(found) == 3
    for box in boxes:
        near = next(face for face in found if face.box.iou(box) > 0.4)
        for x, y in near.points:
            assert box.x < x < box.x + box.width
            assert box.y < y < box.y + box.height


def test_a_large_face_is_told_once(astronaut: np.ndarray, tiny: Tiny) -> None:
    large = cv2.resize(astronaut, None, fx=2, fy=2)
    known = Box(*(2 * v for v in (FACE.x, FACE.y, FACE.width, FACE.height)))
    found = Tiled(tiny).find(large)
    assert found[0].box.iou(known) > 0.5
    assert sum(face.box.iou(known) > 0.05 for face in found) == 1


@given(st.integers(16, 5000), st.integers(16, 5000))
def test_the_pieces_cover_the_picture_and_stay_inside(width: int, height: int) -> None:
    cut = list(pieces(width, height))
    for side in {side for _, _, side in cut}:
        same = [(left, top) for left, top, s in cut if s == side]
        assert side >= LEAST
        for length, starts in ((width, {x for x, _ in same}), (height, {y for _, y in same})):
            ordered = sorted(starts)
            assert ordered[0] == 0 and max(ordered[-1] + side, length) == max(length, side)
            assert all(later - earlier <= side / 2 + 1 for earlier, later in itertools.pairwise(ordered))
    assert len(cut) <= 80


@given(st.lists(st.builds(Box, *[st.floats(0, 100)] * 2, *[st.floats(1, 60)] * 2), max_size=12))
def test_no_two_faces_told_overlap_by_half(boxes: list[Box]) -> None:
    faces = [Face(box, 0.9 - n / 100) for n, box in enumerate(boxes)]
    kept = once(faces)
    assert (kept[:1] or [None])[0] == (faces[:1] or [None])[0]
    for n, face in enumerate(kept):
        for other in kept[:n]:
            assert face.box.iou(other.box) < 0.5
