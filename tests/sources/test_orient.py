"""Turning, mirroring and cutting, on a picture whose corners are known."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from fer_edge.settings import CameraSettings
from fer_edge.sources.orient import Orient


def corners(image: np.ndarray) -> list[int]:
    """Left top, right top, right bottom, left bottom."""
    return [int(image[y, x].flat[0]) for y, x in ((0, 0), (0, -1), (-1, -1), (-1, 0))]


@pytest.fixture(params=[(), (3,)], ids=["grey", "colour"])
def image(request: pytest.FixtureRequest) -> np.ndarray:
    picture = np.zeros((40, 60, *request.param), np.uint8)
    picture[0, 0], picture[0, -1], picture[-1, -1], picture[-1, 0] = 1, 2, 3, 4
    return picture


@pytest.mark.parametrize(
    ("rotation", "mirror", "expected", "shape"),
    [
        (0, False, [1, 2, 3, 4], (40, 60)),
        (90, False, [4, 1, 2, 3], (60, 40)),
        (180, False, [3, 4, 1, 2], (40, 60)),
        (270, False, [2, 3, 4, 1], (60, 40)),
        (0, True, [2, 1, 4, 3], (40, 60)),
        (90, True, [1, 4, 3, 2], (60, 40)),
    ],
)
def test_turned_clockwise_then_mirrored(
    image: np.ndarray, rotation: int, mirror: bool, expected: list[int], shape: tuple[int, int]
) -> None:
    turned = Orient(rotation, mirror)(image)
    assert corners(turned) == expected
    assert turned.shape[:2] == shape


def test_nothing_asked_is_nothing_done(image: np.ndarray) -> None:
    assert Orient.of(CameraSettings())(image) is image


def test_the_region_is_cut_out_after_turning(image: np.ndarray) -> None:
    cut = Orient(roi=(0.5, 0.25, 0.5, 0.75))(image)
    assert cut.shape[:2] == (30, 30)
    assert corners(cut)[2] == 3
    assert cut.flags.c_contiguous
    assert corners(Orient(180, roi=(0.0, 0.0, 0.5, 0.5))(image))[0] == 3


def test_a_sliver_of_a_region_stays_large_enough_to_look_at(image: np.ndarray) -> None:
    assert Orient(roi=(0.99, 0.99, 0.01, 0.01))(image).shape[:2] == (16, 16)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"roi": (0.5, 0.0, 0.6, 1.0)}, "at most 1"),
        ({"roi": (0.0, 0.0, 0.0, 1.0)}, "more than 0"),
        ({"roi": (-0.1, 0.0, 0.5, 1.0)}, "greater than or equal to 0"),
        ({"rotation": 45}, "rotation"),
        ({"reopen_s": (5.0, 1.0)}, "not longer"),
        ({"reopen_s": (0.5, float("inf"))}, "at most 3600"),
        ({"reopen_s": (0.5, float("nan"))}, "at most 3600"),
    ],
)
def test_impossible_settings_are_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        CameraSettings(**values)
