"""What the logbook says of its disk and its clock, and what a reload of the page leaves of one without a disk."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fer_edge.core import Level, Phase
from fer_edge.settings import Settings
from fer_edge.sinks.clock import SystemClock
from fer_edge.web import LivePage, drives
from fer_edge.web.logbook import Logbook
from tests.web.nodes import ShownNode
from tests.web.test_logbook import EVER, NOON, Clock, drive, event, kept


def test_a_disk_that_was_full_for_a_moment_stores_again_and_it_is_said(tmp_path: Path) -> None:
    clock = Clock()
    with kept(tmp_path, clock) as book:
        ((before,),) = book.ask("PRAGMA max_page_count")
        book.ask("PRAGMA max_page_count = 1")
        for key in range(300):
            book.event(event(clock, key, "yawn", Phase.END, 2.0, Level.INFO))
        book.flush()
        assert not book.stored
        book.ask(f"PRAGMA max_page_count = {before}")
        book.event(event(clock, 1000, "yawn", Phase.END, 2.0, Level.INFO))
        book.flush()
        assert book.stored


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
