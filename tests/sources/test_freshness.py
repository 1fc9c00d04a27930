"""A repeated picture is a frozen camera; a still scene, a dark one and a covered one are not."""

from __future__ import annotations

import numpy as np

from fer_edge.sources.freshness import Freshness
from tests.sources.servers import scene


def test_the_very_same_picture_is_timed_from_when_it_was_first_seen() -> None:
    freshness = Freshness()
    assert [freshness.same_s(scene(1), at) for at in (5.0, 5.5, 7.0)] == [0.0, 0.5, 2.0]
    assert freshness.same_s(scene(2), 7.5) == 0.0
    assert freshness.same_s(scene(2), 8.0) == 0.5


def test_a_still_scene_has_the_noise_of_a_sensor() -> None:
    freshness, noise = Freshness(), np.random.default_rng(3)
    still = scene(1).astype(int)
    for number in range(60):
        image = np.clip(still + noise.normal(0, 0.4, still.shape).round(), 0, 255).astype(np.uint8)
        assert freshness.same_s(image, number / 30) == 0.0


def test_a_black_picture_is_dark_not_frozen() -> None:
    freshness = Freshness()
    black = np.zeros((120, 160), np.uint8)
    assert [freshness.same_s(black, at) for at in (0.0, 5.0, 50.0)] == [0.0, 0.0, 0.0]


def test_grey_and_colour_are_both_looked_at() -> None:
    for image in (scene(1), scene(1)[..., 0]):
        freshness = Freshness()
        freshness.same_s(image, 0.0)
        assert freshness.repeats(image)
        assert not freshness.repeats(np.roll(image, 16, axis=1))
