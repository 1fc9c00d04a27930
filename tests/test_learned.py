"""What was learned of the driver is on disk for the next run, and the card is written to no more than that takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fer_edge.service.learned import Learned
from fer_edge.service.memory import Memory

DRIVER = {"v": 1, "openness": 0.7, "yaw": 12.0, "pitch": -5.0}


def look(learned: Learned, now: dict[str, Any]) -> None:
    """One of the looks of every minute, and the time until the next."""
    learned.keep_up(now)
    assert learned._writing is not None
    learned._writing.join(10)


def written(folder: Path) -> dict[str, Any] | None:
    return Memory(folder).load("calibration")


def test_an_hour_of_slow_drift_is_written_when_it_adds_up(tmp_path: Path) -> None:
    learned, files = Learned(Memory(tmp_path)), set()
    for minute in range(60):
        look(learned, DRIVER | {"yaw": 12.0 + minute / 20, "openness": 0.7 + minute % 2 / 1000})
        files.add((tmp_path / "calibration.json").stat().st_mtime_ns)
    assert len(files) == 3
    told = written(tmp_path)
    assert told is not None and abs(told["yaw"] - 14.95) < 1


def test_what_matters_is_written_at_the_next_look(tmp_path: Path) -> None:
    learned = Learned(Memory(tmp_path))
    for now in (DRIVER, {}, DRIVER | {"openness": 0.69}, DRIVER | {"openness": 0.69, "gaze_yaw": 3.0}):
        look(learned, now)
        assert written(tmp_path) == now


def test_the_end_of_a_run_writes_it_as_it_is(tmp_path: Path) -> None:
    learned = Learned(Memory(tmp_path))
    learned.keep_up(DRIVER)
    learned.save(DRIVER | {"yaw": 12.1})
    assert json.loads((tmp_path / "calibration.json").read_text()) == DRIVER | {"yaw": 12.1}
