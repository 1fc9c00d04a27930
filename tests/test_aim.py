"""fer-edge aim with the simulated driver as the camera's picture."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from fer_edge.commands.aim import ADVICE, advice, words
from fer_edge.core import Box, Face, Signals
from fer_edge.monitoring import aim
from tests.conftest import Run


def test_a_driver_who_is_well_seen_ends_it(fer_edge: Run) -> None:
    done = fer_edge("aim", "--source=sim:alert", "--json", "--seconds=20")
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["aim"] == "fine" and last["face_px"] > 90
    assert "well aimed" in done.stderr


def test_a_dark_picture_is_told_and_it_gives_up_with_what_to_do(fer_edge: Run, tmp_path: Path) -> None:
    script = tmp_path / "dark.txt"
    script.write_text("0 dark\n30 end\n")
    done = fer_edge("aim", f"--source=sim:{script}", "--seconds=1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("fer-edge: aim: Too dark or covered: uncover the lens")


@pytest.mark.parametrize(
    ("word", "signals", "says"),
    [
        ("turned", {"yaw": 41.0}, "41° too far to the driver's right"),
        ("turned", {"yaw": -41.0, "pitch": 5.0}, "41° too far to the driver's left"),
        ("turned", {"yaw": 4.0, "pitch": 33.0}, "33° too low"),
        ("turned", {"pitch": -33.0}, "33° too high"),
        ("edge", {"face": Face(Box(-9, 400, 150, 170), 0.9)}, "Face cut off at the left and bottom"),
        ("rotated", {"rotated": 90}, "camera.rotation: 90"),
        ("fine", {}, "Good"),
    ],
)
def test_the_side_and_the_angle_are_the_driver_s_own(word: str, signals: dict[str, Any], says: str) -> None:
    assert says in advice(word, Signals(0.0, 1, **signals), (640, 480))


def test_an_angle_that_rounds_to_nothing_has_no_minus() -> None:
    assert "turned +0°  tilted +0°" in words(Signals(0.0, 1, yaw=-0.4, pitch=0.0), "")


def test_every_word_of_the_judgement_has_its_advice() -> None:
    source = inspect.getsource(aim.aim).split('"""')[1]
    told = set(re.findall(r"``(\w+)``", source)) - {"size"}
    assert told == set(ADVICE)


def test_a_missing_camera_is_one_line(program: Run) -> None:
    done = program("aim", "--source=/dev/video99")
    assert done.returncode == 69 and "no such camera" in done.stderr and len(done.stderr.splitlines()) == 1
