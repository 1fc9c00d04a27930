"""Large pictures: crops come out as from any other, and their cost stops growing."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from fer_edge.core import Box, Lens
from fer_edge.perception import crop, quality, warp

SIDE = 1081


@pytest.fixture
def grey() -> Any:
    """Something to see at every scale: blurred noise, lines, a slope."""
    noise = np.random.default_rng(3).integers(0, 256, (SIDE, 1919), dtype=np.uint8)
    picture = cv2.GaussianBlur(noise, (0, 0), 12)
    picture = cv2.normalize(picture, None, 40, 215, cv2.NORM_MINMAX)
    cv2.line(picture, (300, 100), (1500, 900), 255, 25)
    return picture


@pytest.mark.parametrize("angle", [0.0, 17.0])
@pytest.mark.parametrize("side", [801.0, 1333.0])
def test_a_turned_crop_is_the_same_with_and_without_halving(
    grey: Any, side: float, angle: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = warp.upright((903.0, 555.0), side, angle, 96)
    halved = warp.cut(grey, matrix, 96)
    monkeypatch.setattr(crop, "LARGE", 10_000)
    whole = warp.cut(grey, matrix, 96)
    # Two ways of averaging differ by a level or two, and along sharp lines by a few; a crop that moved differs by tens.
    assert np.abs(halved.astype(int) - whole).mean() < 1.0
    assert np.abs(halved.astype(int) - whole).max() < 25


def test_a_square_is_the_same_with_and_without_halving(grey: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box(500, 100, 703, 811)
    halved = crop.square(grey, box, 1.0, 48)
    monkeypatch.setattr(crop, "LARGE", 10_000)
    # An odd side loses a row and a column of 811: a tenth of a crop's pixel at its far edge.
    assert np.abs(halved.astype(int) - crop.square(grey, box, 1.0, 48)).mean() < 2.5


def test_no_more_pixels_are_averaged_by_a_broken_ratio_than_of_a_small_picture(
    grey: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    averaged: list[int] = []
    resize = cv2.resize

    def watched(source: Any, size: tuple[int, int], **how: Any) -> Any:
        if (source.shape[1], source.shape[0]) != (2 * size[0], 2 * size[1]):
            averaged.append(source.size)
        return resize(source, size, **how)

    monkeypatch.setattr(cv2, "resize", watched)
    warp.cut(grey, warp.upright((903.0, 555.0), 1000.0, 10.0, 96), 96)
    crop.square(grey, Box(400, 40, 900, 900), 1.0, 48)
    quality.lens(grey)
    assert averaged and max(averaged) <= (2 * crop.LARGE) ** 2


def test_small_pieces_are_left_as_they_are() -> None:
    piece = np.zeros((crop.LARGE - 1, 900), np.uint8)
    assert crop.halved(piece, 20.0) is piece
    assert crop.halved(np.zeros((900, 900), np.uint8), 3.9).shape == (900, 900)
    assert crop.halved(np.zeros((901, 900), np.uint8), 8.0).shape == (225, 225)


@pytest.mark.parametrize("shape", [(48, 64), (481, 639), (1080, 1920)])
def test_the_lens_is_told_at_every_size(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 60, shape, dtype=np.uint8)
    assert quality.lens(np.zeros(shape, np.uint8)) is Lens.DARK
    assert quality.lens(noise + np.uint8(60)) is Lens.COVERED
    scene = np.zeros(shape, np.uint8)
    scene[:, shape[1] // 3 :] = 200
    assert quality.lens(scene) is Lens.CLEAR
