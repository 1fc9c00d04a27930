"""A camera's own JPEG on its way to the page: readable by every browser, and never of more than may be seen."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.settings import CameraSettings
from fer_edge.sources import make_source
from fer_edge.sources.orient import Orient
from fer_edge.sources.picture import self_contained, unpacked
from tests.sources.servers import scene
from tests.sources.test_video import write_video

WHOLE = bytes(cv2.imencode(".jpg", scene(3))[1])
START, HUFFMAN, SCAN = b"\xff\xd8", b"\xff\xc4", b"\xff\xda"


def segments(data: bytes) -> list[tuple[bytes, bytes]]:
    """The head of a JPEG as (marker, segment)."""
    found, at = [], 2
    while data[at : at + 2] != SCAN:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        found.append((data[at : at + 2], data[at:end]))
        at = end
    return found


def without_tables(data: bytes) -> bytes:
    """As a USB camera sends it."""
    kept = b"".join(segment for marker, segment in segments(data) if marker != HUFFMAN)
    return START + kept + data[data.index(SCAN) :]


def test_the_huffman_tables_that_a_camera_leaves_out_are_put_back() -> None:
    bare = without_tables(WHOLE)
    assert HUFFMAN not in [marker for marker, _ in segments(bare)]
    mended = self_contained(bare)
    assert mended is not None and [marker for marker, _ in segments(mended)].count(HUFFMAN) == 4
    pictures = [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in (mended, WHOLE)]
    assert (pictures[0] == pictures[1]).all()
    assert self_contained(WHOLE) == WHOLE


def test_a_picture_with_exif_is_not_passed_on() -> None:
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    turned = START + b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif + WHOLE[2:]
    assert self_contained(turned) is None


@given(st.binary(max_size=300), st.integers(0, 600))
def test_nothing_that_a_camera_sends_makes_it_fail(noise: bytes, at: int) -> None:
    damaged = WHOLE[:at] + noise + WHOLE[at + len(noise) :]
    passed = self_contained(damaged)
    assert passed is None or SCAN in passed
    self_contained(START + noise)


def test_what_stands_behind_the_picture_in_a_drivers_buffer_is_left_out() -> None:
    picture = unpacked(np.frombuffer(WHOLE + bytes(500_000), np.uint8))
    assert picture is not None and picture.jpeg is not None and picture.jpeg() == WHOLE


@pytest.mark.parametrize(
    "orient",
    [Orient(rotation=180), Orient(mirror=True), Orient(roi=(0.0, 0.0, 0.5, 1.0))],
    ids=["turned", "mirrored", "cut"],
)
def test_a_turned_or_cut_picture_is_never_passed_on_as_the_camera_saw_it(orient: Orient) -> None:
    picture = unpacked(np.frombuffer(WHOLE, np.uint8))
    assert picture is not None
    assert Orient().frame(picture, 0.0, 0).jpeg is not None
    frame = orient.frame(picture, 0.0, 0)
    assert frame.jpeg is None
    assert np.abs(frame.in_colour().astype(int) - orient(scene(3))).mean() < 6


def test_colours_are_unpacked_no_larger_than_they_are_needed() -> None:
    large = bytes(cv2.imencode(".jpg", cv2.resize(scene(3), (1280, 960)))[1])
    picture = unpacked(np.frombuffer(large, np.uint8))
    assert picture is not None
    frame = Orient(rotation=90).frame(picture, 0.0, 0)
    sizes = [frame.in_colour(shrink).shape[:2] for shrink in (0, 1, 2, 3, 4, 100)]
    assert sizes == [(1280, 960), (1280, 960), (640, 480), (640, 480), (320, 240), (160, 120)]


def test_a_motion_jpeg_file_gives_its_own_bytes_and_another_does_not(tmp_path: Path) -> None:
    for name, code, packed in (("a.avi", "MJPG", True), ("a.mp4", "mp4v", False)):
        source = make_source(str(write_video(tmp_path / name, code, 30, 3)), CameraSettings(), paced=False)
        source.open()
        frame = source.read()
        source.close()
        own = frame.jpeg() if frame.jpeg else None
        assert (own is not None) is packed
        if own is not None:
            shown = cv2.imdecode(np.frombuffer(own, np.uint8), cv2.IMREAD_COLOR)
            assert np.abs(shown.astype(int) - scene(0)).mean() < 6
