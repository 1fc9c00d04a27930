"""Alarms that were reported, as files of numbers: a real one is told again, one marked as a false alarm is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.reports.prevented import told
from fer_edge.settings import Settings
from fer_edge.sinks.traces import SUFFIX, load

REPORTED = sorted((Path(__file__).parent / "traces").glob(f"*{SUFFIX}"))


@pytest.mark.parametrize("path", REPORTED, ids=lambda path: path.name.removesuffix(SUFFIX))
def test_a_reported_alarm_is_told_by_todays_rules_unless_it_was_a_false_one(path: Path) -> None:
    trace = load(path)
    assert told(trace, Settings()) is not trace.false_alarm
