"""Drives that the simulated head acts and the networks see."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from fer_edge.benchmark import pictured
from fer_edge.benchmark.acted import frames, looks_of, pose_of
from fer_edge.monitoring.simulation import Camera, Story
from fer_edge.monitoring.simulation.behaviours import MOUNTINGS
from fer_edge.monitoring.simulation.story import Truth
from fer_edge.perception.reader import Perception
from fer_edge.settings import Settings
from fer_edge.sources.sim.looks import STRANGERS

MOUNTED = {mounting.name: mounting for mounting in MOUNTINGS}
QUIET = Settings.model_validate({"emotion": {"enabled": False}})


def test_the_head_acts_what_the_story_tells() -> None:
    story = Story(3).during(1, 2, yaw=20.0).closed(2.2, 3)
    seen = [Perception(QUIET).read(frame) for frame in frames(story, Camera(10), MOUNTED["ahead"], STRANGERS)]
    assert (seen[18].yaw or 0) - (seen[5].yaw or 0) > 10
    assert seen[5].eyes_closed is not None and seen[28].eyes_closed is not None
    assert seen[5].eyes_closed < 0.3
    assert seen[28].eyes_closed > 0.6


def test_a_camera_aside_sees_the_head_turned() -> None:
    yaws = [
        Perception(QUIET).read(next(iter(frames(Story(1), Camera(5), MOUNTED[name], STRANGERS)))).yaw
        for name in ("ahead", "30 degrees aside")
    ]
    assert yaws[1] is not None and yaws[0] is not None
    assert 15 < yaws[1] - yaws[0] < 45


def test_nobody_drives_whom_a_network_may_have_learned_from() -> None:
    with pytest.raises(ValueError, match="drawn person 3 may be in training pictures; strangers begin at 9000"):
        looks_of(3, MOUNTED["ahead"])


def test_nothing_of_the_body_jumps_but_the_eyes() -> None:
    story = Story(2).during(1, 2, yaw=40.0, gaze_yaw=30.0)
    pictures = [frame.image.astype(int) for frame in frames(story, Camera(20), MOUNTED["ahead"], STRANGERS)]
    at_once, in_all = (float(np.abs(pictures[number] - pictures[19]).mean()) for number in (20, 30))
    assert 0 < at_once < 0.8 * in_all


def test_night_and_glasses_are_the_cameras_not_the_persons() -> None:
    night, glasses = (looks_of(STRANGERS + 3, MOUNTED[name]) for name in ("night", "glasses"))
    assert night.infrared and night.glasses == "none"
    assert glasses.glasses == "clear" and not glasses.infrared
    assert pose_of(Truth(hand="eye"), MOUNTED["night"]).hand_eye == 1


def test_half_a_minute_of_it_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes of it belongs to the command; here that it is measured at all."""
    monkeypatch.setattr(pictured, "CAMERA", Camera(10))
    result = pictured.measure(30 / 3600, QUIET, 3, lambda *_: None)
    (row,) = result["drives"]
    assert row["slept"] is not None and row["slept"] < 2.5
    assert "sleep told" in "\n".join(pictured.lines(result))
    story, done, asleep = pictured.drive(Random(1), 600)
    assert len(done) > 15
    assert done[-1].end < asleep < story.seconds
