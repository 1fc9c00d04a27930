"""When the proof lets its engines fail, with faults that only say so."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from fer_edge.errors import UnavailableError
from fleet import prove
from fleet.engines import Bed
from fleet.settings import FleetSettings


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What begins and ends; the second fault cannot be tried."""
    told: list[str] = []

    def first(_bed: Bed) -> object:
        told.append("begins")
        return lambda: told.append("ends")

    def second(_bed: Bed) -> object:
        raise UnavailableError("run as root")

    monkeypatch.setattr(prove, "FAULTS", {"first": first, "second": second})
    return told


def test_faults_begin_once_all_have_connected_and_one_that_cannot_be_tried_is_named(
    told: list[str], tmp_path: Path
) -> None:
    watch = prove.Watch(Bed(tmp_path, {}, {}), FleetSettings())
    first, second = prove.run_faults(watch, 0.6, 0.5, threading.Event())
    assert 0.6 <= first.at_s < 5
    assert told == ["begins", "ends"]
    assert (first.lasted_s, first.drained_s is None) == (pytest.approx(0.1, abs=0.3), True)
    assert second.name == "second: not tried (run as root)"


def test_a_simulation_that_ends_early_lets_nothing_fail(told: list[str], tmp_path: Path) -> None:
    end = threading.Event()
    end.set()
    began = time.monotonic()
    assert list(prove.run_faults(prove.Watch(Bed(tmp_path, {}, {}), FleetSettings()), 60.0, 1.0, end)) == []
    assert told == [] and time.monotonic() - began < 30
