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


def exactly(grey: Any, matrix: Any, size: int) -> Any:
    """The crop of (size, size), every pixel the mean of 16 x 16 places in it."""
    fine = 16
    larger = matrix * fine
    larger[:, 2] += (fine - 1) / 2
    places = cv2.warpAffine(
        grey, larger, (size * fine, size * fine), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return places.reshape(size, fine, size, fine).mean(axis=(1, 3))


@pytest.mark.parametrize("angle", [0.0, 17.0, -140.0])
@pytest.mark.parametrize("side", [150.0, 191.0, 193.0, 390.0, 801.0, 1001.0])
def test_a_turned_crop_shows_what_lies_there_whatever_its_size(grey: Any, side: float, angle: float) -> None:
    matrix = warp.upright((903.0, 555.0), side, angle, 96)
    off = np.abs(warp.cut(grey, matrix, 96) - exactly(grey, matrix, 96))
    # Two ways of averaging differ by a level, and along sharp lines by some; a crop that moved differs by tens.
    assert off.mean() < 1.5
    assert np.percentile(off, 99) < 25


def test_a_square_shows_what_lies_there(grey: Any) -> None:
    for side in (97, 191, 403, 811):
        box = Box(500, 100, side - 90, side)
        known = exactly(grey, warp.upright((box.centre[0] - 0.5, box.centre[1] - 0.5), side, 0.0, 48), 48)
        assert np.abs(crop.square(grey, box, 1.0, 48) - known).mean() < 4.5


def test_a_square_over_the_edge_repeats_it(grey: Any) -> None:
    cut = crop.square(grey, Box(-300, 200, 640, 640), 1.0, 64)
    assert (cut[:, :29] == cut[:, :1]).all()


def test_few_pixels_are_averaged_by_a_broken_ratio_or_turned(grey: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    costly: list[int] = []
    resize, turn = cv2.resize, cv2.warpAffine

    def resized(source: Any, size: tuple[int, int], **how: Any) -> Any:
        if (source.shape[1], source.shape[0]) != (2 * size[0], 2 * size[1]):
            costly.append(source.size)
        return resize(source, size, **how)

    def turned(source: Any, *args: Any, **how: Any) -> Any:
        costly.append(source.size)
        return turn(source, *args, **how)

    monkeypatch.setattr(cv2, "resize", resized)
    monkeypatch.setattr(cv2, "warpAffine", turned)
    warp.cut(grey, warp.upright((903.0, 555.0), 1000.0, 10.0, 96), 96)
    crop.square(grey, Box(400, 40, 900, 900), 1.0, 48)
    quality.lens(grey)
    assert costly and max(costly) <= (2 * 1.5 * 96) ** 2


def test_a_piece_is_halved_while_it_has_two_pixels_for_one() -> None:
    piece = np.zeros((901, 900), np.uint8)
    assert crop.halved(piece, 1.9) == (piece, 1)
    small, times = crop.halved(piece, 8.0)
    assert (small.shape, times) == ((112, 112), 8)
    assert crop.halved(np.zeros((1, 900), np.uint8), 20.0)[1] == 1


@pytest.mark.parametrize("shape", [(48, 64), (481, 639), (1080, 1920)])
def test_the_lens_is_told_at_every_size(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 60, shape, dtype=np.uint8)
    assert quality.lens(np.zeros(shape, np.uint8)) is Lens.DARK
    assert quality.lens(noise + np.uint8(60)) is Lens.COVERED
    scene = np.zeros(shape, np.uint8)
    scene[:, shape[1] // 3 :] = 200
    assert quality.lens(scene) is Lens.CLEAR
