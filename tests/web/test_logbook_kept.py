"""What the logbook says of its disk and its clock, and what a reload of the page leaves of one without a disk."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from fer_edge.core import Level, Phase
from fer_edge.settings import Settings
from fer_edge.sinks.clock import SystemClock
from fer_edge.web import LivePage, drives
from fer_edge.web.logbook import NAME, Logbook
from tests.web.nodes import ShownNode
from tests.web.test_logbook import EVER, NOON, Clock, drive, event, kept


def test_a_full_disk_costs_no_event_that_it_refused_once_it_has_room(tmp_path: Path) -> None:
    clock = Clock()
    with kept(tmp_path, clock) as book:
        ((before,),) = book.ask("PRAGMA max_page_count")
        book.ask("PRAGMA max_page_count = 1")
        for key in range(300):
            book.event(event(clock, key, "yawn", Phase.END, 2.0, Level.INFO))
        book.flush()
        assert not book.stored and len(drives.events(book, EVER)) < 300
        book.ask(f"PRAGMA max_page_count = {before}")
        book.event(event(clock, 1000, "yawn", Phase.END, 2.0, Level.INFO))
        book.flush()
        assert book.stored
    with kept(tmp_path, clock) as book:
        assert len(drives.events(book, EVER)) == 301


def test_a_disk_that_could_not_be_used_at_the_start_is_used_as_soon_as_it_can(tmp_path: Path) -> None:
    blocked, clock = tmp_path / "state", Clock()
    blocked.write_text("")
    with kept(blocked, clock) as book:
        book.event(event(clock, 1, "sleep", Phase.START, 3.0))
        drive(book, clock, 70)
        assert not book.stored
        blocked.unlink()
        drive(book, clock, 70)
        assert book.stored
    with kept(blocked, clock) as book:
        (told,) = drives.events(book, EVER)
        (found,) = drives.drives(book, EVER)
        assert told["type"] == "sleep", "what was kept in memory has moved to the disk"
        assert found["driver_s"] == pytest.approx(140, abs=4)


@pytest.mark.parametrize("taken", ["the file", "the folder"])
def test_what_happens_after_the_file_was_removed_is_found_after_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, taken: str
) -> None:
    folder, clock = tmp_path / "state", Clock()
    with kept(folder, clock) as book:
        book.event(event(clock, 1, "yawn", Phase.END, 2.0, Level.INFO))
        book.event(event(clock, 2, "microsleep", Phase.START, 1.5))
        book.flush()
        if taken == "the file":
            (folder / NAME).unlink()
        else:
            shutil.rmtree(folder)
        clock.go(3)
        book.event(event(clock, 2, "sleep", Phase.END, 4.5, Level.CRITICAL))
        book.flush()
        assert book.stored
    assert [line for line in caplog.messages if "was removed while in use; a new one begins" in line]
    with kept(folder, clock) as book:
        (told,) = drives.events(book, EVER)
        assert (told["type"], told["held_s"]) == ("sleep", 4.5), "and nothing of what was removed"


@pytest.mark.parametrize("disk_is_back", [False, True])
def test_a_reload_of_the_page_keeps_what_is_in_memory(tmp_path: Path, disk_is_back: bool) -> None:
    blocked, clock = tmp_path / "state", Clock()
    blocked.write_text("")
    with kept(blocked, clock) as book:
        drive(book, clock, 90)
        book.event(event(clock, 1, "sleep", Phase.START, 3.0))
    if disk_is_back:
        blocked.unlink()
    again = Logbook(blocked, clock, before=book)
    again.start()
    again.event(event(clock, 1, "sleep", Phase.END, 33.0))
    drive(again, clock, 30)
    (told,) = drives.events(again, EVER)
    (found,) = drives.drives(again, EVER)
    assert (again.stored, told["began"] - NOON, told["held_s"]) == (disk_is_back, pytest.approx(87), 33.0)
    assert found["driver_s"] == pytest.approx(120, abs=4)
    for _ in range(2):
        again.close()
    assert again.ask("SELECT * FROM events") == [], "who asks while it is exchanged gets nothing, and no fault"


def test_a_clock_that_the_configuration_trusts_is_right_here_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for sign in ("_kernel_says_synchronised", "_battery_clock_agrees"):
        monkeypatch.setattr(SystemClock, sign, lambda _clock: False)
    monkeypatch.setattr("fer_edge.sinks.clock._SYNCHRONISED", Path("/nowhere"))
    told = {}
    for trusted in (False, True):
        settings = Settings(web={"enabled": True, "port": 0}, mqtt={"trust_clock": trusted})  # type: ignore[arg-type]
        page = LivePage(settings, ShownNode())
        page.start()
        page.event(event(Clock(time.time()), 1, "sleep", Phase.END, 3.0))
        page._book.flush()
        (told[trusted],) = drives.events(page._book, EVER)
        page.close()
    assert (told[False]["time_ok"], told[True]["time_ok"]) == (False, True)
