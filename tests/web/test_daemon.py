"""The page as a part of the daemon: it comes and goes with a reload, and a kept one keeps its past."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fer_edge.core import Event, Level, Phase
from fer_edge.errors import FerEdgeError
from fer_edge.service.daemon import Daemon
from fer_edge.settings import Settings
from fer_edge.timing import since_boot
from fer_edge.web import LivePage, drives
from fer_edge.web.drives import Query
from tests.fakes import wait_until


class Running:
    """A daemon on the simulated driver in a thread; ``web`` are the settings of its page at the next reload."""

    def __init__(self, folder: Path, **web: Any) -> None:
        self.web = {"port": 0, **web}
        self.mqtt: dict[str, Any] = {"enabled": False}
        self.more: dict[str, Any] = {"state_dir": str(folder)}
        self.fault: Exception | None = None
        self.daemon = Daemon(self._settings)
        self._thread = threading.Thread(target=self.daemon.run, daemon=True)
        self._thread.start()
        assert self.daemon.ready.wait(60)

    def _settings(self) -> Settings:
        if self.fault:
            raise self.fault
        return Settings(
            camera={"source": "sim:alert", "width": 320, "height": 240, "fps": 15},  # type: ignore[arg-type]
            emotion={"enabled": False},  # type: ignore[arg-type]
            mqtt=self.mqtt,  # type: ignore[arg-type]
            web=self.web,  # type: ignore[arg-type]
            **self.more,
        )

    @property
    def page(self) -> LivePage | None:
        return self.daemon._parts.page

    def reload(self, **web: Any) -> None:
        self.web |= web
        self.daemon.ask("reload", {}).result(30)

    def stop(self) -> None:
        self.daemon.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    running.stop()


def test_a_reload_opens_keeps_changes_and_closes_the_page(running: Running) -> None:
    assert running.page is None, "off by default"
    running.reload(enabled=True)
    first = running.page
    assert first is not None and first.listening.wait(30)
    assert wait_until(lambda: first._history.now() is not None), "it is told of states"
    running.reload()
    assert running.page is first, "nothing of its own has changed: it keeps its past and its visitors"
    running.reload(width=320)
    second = running.page
    assert second is not None and second is not first
    assert wait_until(lambda: not first._thread.is_alive())
    assert second.listening.wait(30)
    running.reload(enabled=False)
    assert running.page is None
    assert wait_until(lambda: not second._thread.is_alive())


def test_an_event_that_is_open_while_the_page_is_changed_stays_one(running: Running) -> None:
    running.reload(enabled=True)
    assert wait_until(lambda: running.page and running.page.listening.is_set(), 30)
    sleep = Event(1_000_007, "fatigue", "sleep", Phase.START, Level.CRITICAL, 103.0, 100.0, 3.0, {"perclos": 0.2})
    running.daemon._parts.emit([sleep])
    running.reload(width=320)
    page = running.page
    assert page is not None and page.listening.wait(30)
    running.daemon._parts.emit([replace(sleep, phase=Phase.END, at=160.0, held_s=60.0)])
    page._book.flush()
    (told,) = [each for each in drives.events(page._book, Query(0, 1e11)) if each["type"] == "sleep"]
    assert told["held_s"] == 60.0 and "reason" not in told
    running.reload(enabled=False)
    assert running.page is None


def test_a_page_that_may_not_be_opened_is_refused_and_the_node_goes_on(running: Running) -> None:
    with pytest.raises(ValueError, match=r"web\.token_file"):
        running.reload(enabled=True, host="0.0.0.0")
    assert running.page is None
    assert running.daemon.ask("ping", {}).result(30)


def test_a_fault_that_nobody_expected_refuses_a_reload_and_is_told(running: Running) -> None:
    running.fault = RuntimeError("out of\nthe blue")
    with pytest.raises(FerEdgeError, match="out of"):
        running.reload()
    running.fault = None
    assert "out of" in running.daemon.ask("stats", {}).result(30)["config_fault"]


def test_a_reload_takes_the_log_level_and_tells_that_the_state_folder_wants_a_restart(
    running: Running, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    running.more["log_level"] = "warning"
    running.reload()
    assert logging.getLogger().level == logging.WARNING
    running.more |= {"log_level": "info", "state_dir": str(tmp_path / "elsewhere")}
    running.reload()
    told = [record.getMessage() for record in caplog.records if record.name == "fer_edge.service.daemon"]
    assert told[-2:] == [f"state_dir: {tmp_path} stays in use until a restart", "reloaded"]
    assert told.count("reloaded") == 1, "not at level warning"


def test_asking_for_health_does_not_change_what_the_broker_is_told(running: Running) -> None:
    assert wait_until(lambda: running.daemon.health.frames > 10, 30)
    first = running.daemon.ask("stats", {}).result(30)
    second = running.daemon.ask("stats", {}).result(30)
    assert first["camera"] == "online" and first["broker"] is None
    assert second["cpu_ms_per_frame"] == pytest.approx(first["cpu_ms_per_frame"], rel=0.5)


def test_a_card_that_hangs_holds_up_no_frame(running: Running, tmp_path: Path) -> None:
    hanging = tmp_path / ".calibration.json.new"
    os.mkfifo(hanging)  # whoever opens it to write waits until somebody reads
    running.daemon._save_due = 0.0
    assert wait_until(lambda: running.daemon._save_due > 0)
    before = running.daemon.health.frames
    assert wait_until(lambda: running.daemon.health.frames > before + 10, 30)
    os.close(os.open(hanging, os.O_RDONLY | os.O_NONBLOCK))


def test_what_is_refused_or_unknown_is_told_to_whoever_asked(running: Running) -> None:
    with pytest.raises(ValueError, match="not supported by this version"):
        running.daemon.ask("fly", {}).result(30)


def test_an_alarm_whose_pin_was_taken_has_it_after_a_reload_once_it_is_free(
    running: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpiozero = pytest.importorskip("gpiozero", reason="a buzzer needs the extra gpio")
    from gpiozero.pins.mock import MockFactory

    monkeypatch.setattr(gpiozero.Device, "pin_factory", MockFactory())
    other = gpiozero.DigitalOutputDevice(17)
    running.more["alarm"] = {"gpio": {"pin": 17}}
    running.reload()
    # New parts start when whoever asked has an answer.
    assert wait_until(lambda: any(r.getMessage().startswith("no alarm:") for r in caplog.records))
    other.close()
    running.reload()
    alarm = running.daemon._parts.alarm
    assert alarm is not None and wait_until(lambda: alarm.works)
    running.reload()
    assert running.daemon._parts.alarm is alarm, "kept where nothing of it has changed"
    running.stop()


def test_a_shorter_time_between_stats_holds_from_the_reload_on(running: Running) -> None:
    running.mqtt["stats_interval_s"] = 1.5
    running.reload()
    assert running.daemon._stats_due <= since_boot() + 1.5
