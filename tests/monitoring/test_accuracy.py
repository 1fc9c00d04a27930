"""How exact it is: when events start, and how PERCLOS compares with the truth."""

from __future__ import annotations

from random import Random

import pytest

from fer_edge.benchmark.starts import lateness, share_within
from fer_edge.monitoring.simulation import Camera, Story
from fer_edge.settings import Settings
from tests.monitoring.telling import SETTINGS, tell


@pytest.mark.parametrize("fps", [15, 30])
def test_99_of_100_starts_are_within_0_2_s_with_jitter_and_loss(fps: int) -> None:
    camera = Camera(fps, jitter=0.3, loss=0.2)
    late = [x for seed in range(2) for x, _ in lateness(camera, seed, Settings(), count=45)]
    assert len(late) >= 100 and share_within(late) >= 0.99, sorted(late)[-5:]


def test_at_10_fps_never_later_than_0_2_s_after_the_frame_that_shows_it() -> None:
    camera = Camera(10, jitter=0.3, loss=0.2)
    late = [x for seed in range(2) for _, x in lateness(camera, seed, Settings(), count=45)]
    assert max(late) <= 0.2


def blinking(seconds: float, seed: int) -> tuple[Story, float]:
    """Blinks of 100-400 ms, 15 a minute, and longer closures: the story and its true PERCLOS.

    The truth is that of the last minute, in which closures shorter than 0.4 s do not count.
    """
    random, story, at = Random(seed), Story(seconds), 1.0
    shut = 0.0
    while at < seconds - 3:
        length = random.uniform(0.45, 1.3) if random.random() < 0.2 else random.uniform(0.1, 0.4)
        story.closed(at, at + length)
        if length >= 0.4:
            shut += max(min(at + length, seconds) - max(at, seconds - 60), 0.0)
        at += length + random.uniform(2.5, 4.5)
    return story, shut / 60


@pytest.mark.parametrize(("fps", "points"), [(10, 2.0), (15, 1.0), (30, 1.0)])
def test_perclos_against_the_truth(fps: int, points: float) -> None:
    """The mean error over a dozen minutes, and each of them but rarely worse than twice that."""
    errors = []
    for seed in range(12):
        story, truth = blinking(62, seed)
        told = tell(story, Camera(fps, jitter=0.3), config=SETTINGS, seed=seed)
        assert told.last.perclos is not None
        errors.append(100 * abs(told.last.perclos - truth))
    assert sum(errors) / len(errors) <= points / 2
    assert max(errors) <= points, errors


def test_blinks_alone_give_no_perclos_from_15_fps_up() -> None:
    story, at = Story(120), 1.0
    random = Random(3)
    while at < 118:
        story.closed(at, at + random.uniform(0.1, 0.4))
        at += 4.0
    for fps in (15, 30):
        told = tell(story, Camera(fps, jitter=0.3))
        assert told.last.perclos == pytest.approx(0.0, abs=0.01)
