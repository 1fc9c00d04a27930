"""What the node remembers of the last week: outlives power cuts and wrong clocks and never grows without end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.core import DriverState, Event, Level, Phase, Signals
from fer_edge.web import drives, logbook
from fer_edge.web.drives import Query
from fer_edge.web.logbook import Logbook
from fer_edge.web.summary import SPAN_S, Summary

NOON = 1_800_000_000.0
EVER = Query(0, 1e11)


class Clock:
    def __init__(self, wall: float = NOON, ok: bool = True) -> None:
        self.now, self.ok, self.ticking = wall, ok, 50.0

    def wall(self) -> float:
        return self.now

    def ticks(self) -> float:
        return self.ticking

    def wall_ok(self) -> bool:
        return self.ok

    def boot(self) -> str:
        return "b"

    def go(self, seconds: float) -> None:
        self.now += seconds
        self.ticking += seconds


@contextmanager
def kept(folder: Path | None, clock: Clock) -> Iterator[Logbook]:
    book = Logbook(folder, clock)
    book.start()
    yield book
    book.close()


def drive(book: Logbook, clock: Clock, seconds: float, fps: float = 4.0, **state: Any) -> None:
    known = {"present": True, "eyes_closed": False, "perclos": 0.02} | state
    for n in range(round(seconds * fps)):
        clock.go(1 / fps)
        book.state(DriverState(clock.ticks(), **known), Signals(clock.ticks(), n))
    book.flush()


def event(clock: Clock, key: int, kind: str, phase: Phase, held: float, level: Level = Level.WARNING) -> Event:
    at = clock.ticks()
    return Event(key, "fatigue", kind, phase, level, at, at - held, held, {"perclos": 0.1})


def test_a_drive_and_its_events_are_found_after_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    with kept(tmp_path, clock) as book:
        drive(book, clock, 120)
        book.event(event(clock, 1, "microsleep", Phase.START, 1.5))
        clock.go(2)
        book.event(event(clock, 1, "sleep", Phase.UPDATE, 3.5, Level.CRITICAL))
        clock.go(1)
        book.event(event(clock, 1, "sleep", Phase.END, 4.5, Level.CRITICAL))
        drive(book, clock, 60, eyes_closed=True)
    with kept(tmp_path, clock) as book:
        assert book.stored
        (told,) = drives.events(book, EVER)
        assert (told["type"], told["level"], told["held_s"], told["time_ok"]) == ("sleep", "critical", 4.5, True)
        assert (told["began"] - NOON, told["ended"] - NOON) == (118.5, 123.0)
        (found,) = drives.drives(book, EVER)
        assert found["driver_s"] == pytest.approx(180, abs=4) and found["closed"] == pytest.approx(1 / 3, abs=0.02)
        assert found["events"] == {"sleep": 1}


def test_a_power_cut_ends_what_was_open(tmp_path: Path) -> None:
    clock = Clock()
    with kept(tmp_path, clock) as book:
        book.event(event(clock, 1, "sleep", Phase.START, 3.0))
        drive(book, clock, 30)
        with kept(tmp_path, clock) as again:
            (told,) = drives.events(again, EVER)
    assert told["reason"] == "aborted"
    assert NOON <= told["ended"] <= NOON + 30


def test_a_break_parts_two_drives_and_a_pause_is_not_watched(tmp_path: Path) -> None:
    clock = Clock()
    with kept(tmp_path, clock) as book:
        drive(book, clock, 90)
        clock.go(drives.BREAK_S + 60)
        drive(book, clock, 70)
        clock.go(drives.BREAK_S + 60)
        drive(book, clock, 30)
        found = drives.drives(book, EVER)
    assert [round(each["driver_s"], -1) for each in found] == [70, 90], "newest first; half a minute is no drive"


def test_a_wrong_clock_is_set_right_when_the_network_comes(tmp_path: Path) -> None:
    clock = Clock(wall=1_000_000_000.0, ok=False)
    with kept(tmp_path, clock) as book:
        book.event(event(clock, 1, "nod", Phase.START, 1.0))
        drive(book, clock, 60)
        assert drives.events(book, EVER)[0]["time_ok"] is False
        clock.now, clock.ok = NOON + 60, True
        drive(book, clock, 30)
        (told,) = drives.events(book, EVER)
        _, curve = drives.curve(book, Query(NOON - 60, NOON + 120))
    assert told["time_ok"] and told["began"] == pytest.approx(NOON - 1, abs=1)
    assert sum(point[1] or 0 for point in curve) == pytest.approx(90, abs=12)


def test_a_clock_that_is_set_before_it_is_trusted_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logbook, "CLEAN_EVERY", 2)
    clock = Clock(wall=1_000_000_000.0, ok=False)
    with kept(tmp_path, clock) as book:
        book.event(event(clock, 1, "nod", Phase.END, 1.0))
        drive(book, clock, 60)
        clock.now = NOON - 3600  # by hand, or by a receiver that is an hour off
        drive(book, clock, 30)
        clock.now += 3600
        drive(book, clock, 30)
        assert drives.events(book, EVER)[0]["time_ok"] is False
        clock.ok = True
        drive(book, clock, 60)
        (told,) = drives.events(book, EVER)
        _, curve = drives.curve(book, Query(NOON - 120, NOON + 240))
    assert told["time_ok"] and told["began"] == pytest.approx(NOON - 61, abs=1)
    assert sum(point[1] or 0 for point in curve) == pytest.approx(180, abs=24)


def test_another_page_goes_on_with_what_was_open_and_with_what_the_clock_told(tmp_path: Path) -> None:
    clock = Clock(wall=1_000_000_000.0, ok=False)
    with kept(tmp_path, clock) as book:
        book.event(event(clock, 1, "sleep", Phase.START, 3.0))
        drive(book, clock, 30)
    clock.now = NOON + 30
    again = Logbook(tmp_path, clock, before=book)
    again.start()
    clock.ok = True
    again.event(event(clock, 1, "sleep", Phase.END, 33.0))
    again.flush()
    (told,) = drives.events(again, EVER)
    again.close()
    assert (told["began"], told["ended"]) == (pytest.approx(NOON - 3), pytest.approx(NOON + 30))
    assert told["time_ok"] and "reason" not in told


def test_it_never_grows_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logbook, "MOST_EVENTS", 50)
    monkeypatch.setattr(logbook, "CLEAN_EVERY", 2)
    clock = Clock()
    with kept(tmp_path, clock) as book:
        drive(book, clock, 20)
        for n in range(200):
            book.event(event(clock, n, "yawn", Phase.END, 2.0, Level.INFO))
        book.flush()
        assert 50 <= len(drives.events(book, EVER)) <= 51
        clock.go(logbook.KEEP_S + 60)
        drive(book, clock, 40)
        assert drives.events(book, EVER) == []
        ((oldest,),) = book.ask("SELECT min(at) FROM moments")
        assert oldest > NOON + 60


def test_expressions_are_not_remembered(tmp_path: Path) -> None:
    clock = Clock()
    with kept(tmp_path, clock) as book:
        book.event(Event(1, "emotion", "emotion", Phase.START, Level.INFO, 1.0, 0.0, 1.0, {"emotion": "happy"}))
        book.flush()
        assert drives.events(book, EVER) == []


def test_without_a_disk_it_lives_in_memory_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    clock = Clock()
    with kept(blocked, clock) as book:
        drive(book, clock, 70)
        assert not book.stored and len(drives.drives(book, EVER)) == 1
    assert "cannot be used" in caplog.text


def test_a_spoilt_file_is_set_aside_once_and_a_new_one_remembers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, clock = tmp_path / logbook.NAME, Clock()
    path.write_bytes(b"no database" * 400)
    for key in (1, 2):  # two starts
        with kept(tmp_path, clock) as book:
            book.event(event(clock, key, "yawn", Phase.END, 2.0, Level.INFO))
            book.flush()
            assert book.stored and len(drives.events(book, EVER)) == key
    assert path.with_suffix(".damaged").read_bytes().startswith(b"no database")
    (told,) = caplog.records
    assert "is damaged: set aside as" in told.getMessage()


def test_a_file_spoilt_while_it_is_in_use_costs_what_was_in_it_only(tmp_path: Path) -> None:
    path, clock = tmp_path / logbook.NAME, Clock()
    with kept(tmp_path, clock) as book:
        drive(book, clock, 3600)
    with kept(tmp_path, clock) as book:
        path.write_bytes(b"\0" * path.stat().st_size)
        for key in range(4):
            book.event(event(clock, key, "yawn", Phase.END, 2.0, Level.INFO))
            book.flush()
        assert book.stored and len(drives.events(book, EVER)) >= 2
    with kept(tmp_path, clock) as book:
        assert book.stored and len(drives.events(book, EVER)) >= 2


@given(st.lists(st.tuples(st.floats(-1, 3), st.sampled_from([None, True, False]), st.booleans()), max_size=200))
def test_a_summary_never_says_more_than_it_saw(steps: list[tuple[float, bool | None, bool]]) -> None:
    summary, at, wall = Summary(), 0.0, NOON
    for step, closed, watched in steps:
        at, wall = at + step, wall + max(0.0, step)
        moment = summary.add(DriverState(at, present=True, eyes_closed=closed), wall, watched=watched)
        if moment:
            assert moment.at % SPAN_S == 0
            assert 0 <= moment.closed <= moment.judged + 1e-6 <= moment.watched + 2e-6
