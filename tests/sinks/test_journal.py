"""Events as messages: one id over the phases, ends for what was left open, and times that come right later."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from fer_edge.core import Event, Phase
from fer_edge.sinks.clock import SystemClock, iso
from fer_edge.sinks.mqtt.journal import Journal, Stamp
from tests.sinks.clocks import HandClock
from tests.sinks.examples import event
from tests.sinks.outboxes import outbox
from tests.sinks.schemas import conform


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def journal(path: Path, clock: HandClock) -> Journal:
    return Journal(outbox(path, clock.wall()), clock)


def add(to: Journal, clock: HandClock, *events: Event) -> None:
    to.add([(event, Stamp.now(clock)) for event in events])


def payloads(of: Journal, *, live_since: float | None = 0.0) -> list[dict[str, Any]]:
    out = [message.payload for message in of.waiting(0, 100, live_since=live_since)]
    for payload in out:
        conform("event", payload)
    return out


def test_an_event_has_one_id_over_its_phases(path: Path, clock: HandClock) -> None:
    log = journal(path, clock)
    add(log, clock, event(1), event(2, event_type="yawn"))
    add(log, clock, event(1, Phase.UPDATE, "sleep"), event(1, Phase.END, "sleep"), event(1))
    first, yawn, update, end, next_one = payloads(log)
    assert first["id"] == update["id"] == end["id"]
    assert len({first["id"], yawn["id"], next_one["id"]}) == 3
    assert first["id"].endswith("-1")
    assert [payload["seq"] for payload in payloads(log)] == [1, 2, 3, 4, 5]


def test_a_killed_daemons_open_events_end_as_aborted(path: Path, clock: HandClock) -> None:
    killed = journal(path, clock)
    add(killed, clock, event(1), event(1, Phase.UPDATE, "sleep", held_s=3.0, perclos=0.2))
    add(killed, clock, event(2, event_type="yawn"), event(2, Phase.END, "yawn"))
    killed.outbox.close()  # what a kill leaves: every call had committed
    clock.pass_s(60)
    again = journal(path, clock)
    again.end_left_open("aborted")
    last = payloads(again)[-1]
    started = payloads(again)[0]
    assert last["id"] == started["id"]
    assert (last["seq"], last["phase"], last["reason"], last["event_type"]) == (5, "end", "aborted", "sleep")
    assert (last["held_s"], last["perclos"], last["time"]) == (3.0, 0.2, iso(clock.wall()))
    again.outbox.close()
    third = journal(path, clock)
    third.end_left_open("aborted")
    assert len(payloads(third)) == 5


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '{"id": "x"}', "\\x00"])
def test_a_body_that_the_disk_has_spoilt_holds_nothing_up(path: Path, clock: HandClock, spoilt: str) -> None:
    log = journal(path, clock)
    add(log, clock, event(1), event(2), event(3))
    log.outbox.close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE message SET body = ? WHERE seq = 2", (spoilt,))
        db.execute("UPDATE open_event SET body = ? WHERE id LIKE '%-3'", (spoilt,))
    db.close()
    again = journal(path, clock)
    again.end_left_open("aborted")
    assert [payload["seq"] for payload in payloads(again)] == [1, 3, 4, 5]
    assert again.outbox.open_events() == {}


def test_what_was_stored_before_the_connection_is_historical(path: Path, clock: HandClock) -> None:
    log = journal(path, clock)
    add(log, clock, event(1))
    clock.pass_s(10)
    connected_at = clock.ticks()
    add(log, clock, event(1, Phase.END))
    assert [payload["historical"] for payload in payloads(log, live_since=connected_at)] == [True, False]


def test_after_a_reboot_ticks_of_the_last_boot_are_not_compared(path: Path, clock: HandClock) -> None:
    log = journal(path, clock)
    add(log, clock, event(1))
    clock.boot_id, clock.ticks_s = "boot-2", 1.0
    assert payloads(log, live_since=1.0)[0]["historical"] is True


def test_a_wrong_clock_is_said_and_the_time_comes_right_once_it_is_set(path: Path, clock: HandClock) -> None:
    """A Pi boots without network at the time of its last shutdown; a minute later the time server answers."""
    true_time = clock.wall()
    clock.wall_s, clock.ok = true_time - 86_400, False
    log = journal(path, clock)
    add(log, clock, event(1))
    before = payloads(log)[0]
    assert (before["time"], before["time_ok"]) == (iso(true_time - 86_400), False)
    clock.pass_s(60)
    clock.wall_s, clock.ok = true_time + 60, True
    after = payloads(log)[0]
    assert (after["time"], after["time_ok"]) == (iso(true_time), True)


def test_a_time_of_another_boot_cannot_be_mended(path: Path, clock: HandClock) -> None:
    clock.ok = False
    log = journal(path, clock)
    add(log, clock, event(1))
    clock.boot_id, clock.ok = "boot-2", True
    assert payloads(log)[0]["time_ok"] is False


def test_this_machines_clock_can_be_read() -> None:
    clock = SystemClock(trusted=True)
    assert clock.wall_ok()
    assert clock.ticks() <= clock.ticks()
    assert clock.boot() == SystemClock().boot()


def test_a_year_long_gone_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock(trusted=True)
    monkeypatch.setattr("time.time", lambda: 12.0)
    assert not clock.wall_ok()


@pytest.mark.parametrize(("off_s", "believed"), [(0.0, True), (30.0, True), (-86_400.0, False), (-1.7e9, False)])
def test_a_battery_clock_is_believed_when_it_agrees(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, off_s: float, believed: bool
) -> None:
    """A Pi 5 without a battery for its clock says 1970 while the system goes on from its last shutdown."""
    (tmp_path / "rtc0").mkdir()
    (tmp_path / "rtc0" / "since_epoch").write_text(f"{int(time.time() + off_s)}\n")
    monkeypatch.setattr("fer_edge.sinks.clock._RTC", tmp_path)
    monkeypatch.setattr("fer_edge.sinks.clock._SYNCHRONISED", tmp_path / "none")
    monkeypatch.setattr(SystemClock, "_kernel_says_synchronised", lambda _: False)
    assert SystemClock().wall_ok() is believed
