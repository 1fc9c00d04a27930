"""fer-edge aim with the simulated driver as the camera's picture."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Run


def test_a_driver_who_is_well_seen_ends_it(fer_edge: Run) -> None:
    done = fer_edge("aim", "--source=sim:alert", "--json", "--seconds=20")
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["good"] and last["face_px"] > 90
    assert "aimed well" in done.stderr


def test_a_dark_picture_is_told_and_it_gives_up_with_what_to_do(fer_edge: Run, tmp_path: Path) -> None:
    script = tmp_path / "dark.txt"
    script.write_text("0 dark\n30 end\n")
    done = fer_edge("aim", f"--source=sim:{script}", "--seconds=1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("fer-edge: aim: too dark; turn on a light")


def test_a_missing_camera_is_one_line(fer_edge: Run) -> None:
    done = fer_edge("aim", "--source=/dev/video99")
    assert done.returncode == 69 and "no such camera" in done.stderr and len(done.stderr.splitlines()) == 1
