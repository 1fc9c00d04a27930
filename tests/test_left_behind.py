"""What a part that is switched off, or a damage, has left in the state folder does not outlive what is in use."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from fer_edge.service.memory import Memory
from fer_edge.service.parts import Builder
from fer_edge.settings import Settings
from tests.test_what_a_part_reads import Shown

LEFT = (
    "calibration.json.damaged",
    "outbox.damaged",
    "logbook.sqlite",
    "logbook.sqlite-wal",
    "traces/7c1e9a02-4.trace.json.gz",
)
OFF = {
    "web": {"enabled": False},
    "traces": {"enabled": False},
    "mqtt": {"enabled": False},
    "emotion": {"enabled": False},
}


def left_after(folder: Path, days: dict[str, float]) -> set[str]:
    """What is still there after the start of a node whose page and traces are off, of files that are so old."""
    (folder / "traces").mkdir()
    for name in LEFT:
        (folder / name).touch()
        at = time.time() - days.get(name, 9) * 86_400
        os.utime(folder / name, (at, at))
    Builder(Memory(folder), time.monotonic, lambda outbox: outbox, Shown()).build(Settings.model_validate(OFF))
    return {name for name in LEFT if (folder / name).exists()}


def test_after_eight_days_nothing_is_left_of_what_was_switched_off_or_damaged(tmp_path: Path) -> None:
    assert left_after(tmp_path, {}) == set()


@pytest.mark.parametrize("young", LEFT)
def test_what_is_younger_stays(tmp_path: Path, young: str) -> None:
    with_its_journal = {name for name in LEFT if name.startswith("logbook")}
    assert left_after(tmp_path, {young: 6}) == (with_its_journal if young in with_its_journal else {young})
