"""A camera is plugged and unplugged, hangs and ends: the capture thread goes on, and says how it is."""

from __future__ import annotations

import logging
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from fer_edge.core import Frame
from fer_edge.service import capture as capture_module
from fer_edge.service.capture import Capture, LatestFrame
from fer_edge.service.daemon import Daemon
from fer_edge.settings import Settings
from tests.fakes import ScriptedSource, picture, wait_until


def captured(source: ScriptedSource, stall_s: float = 5.0) -> Capture:
    capture = Capture(source, reopen_s=(0.01, 0.05), stall_s=stall_s)
    capture.start()
    return capture


def test_the_newest_frame_pushes_out_the_one_nobody_took_and_it_is_counted() -> None:
    box = LatestFrame()
    for number in range(5):
        box.put(Frame(picture(number), float(number), number))
    frame = box.take(0.0)
    assert frame is not None and frame.number == 4
    assert (box.received, box.skipped) == (5, 4)
    assert box.take(0.0) is None


def test_frames_that_the_source_itself_left_out_are_counted() -> None:
    box = LatestFrame()
    for number in (0, 3, 4):
        box.put(Frame(picture(), 0.0, number))
        box.take(0.0)
    assert box.skipped == 2


def test_a_camera_missing_at_start_is_taken_when_it_comes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    source = ScriptedSource(["unavailable", "unavailable", "unavailable", 3, "end"])
    capture = captured(source)
    assert capture.finished.wait(30)
    assert capture.box.received == 3 and source.opened == 4
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert told == ["scripted: not there; plug it in (trying again)"], "said once, not at every try"
    assert caplog.messages[-1] == "scripted: ended after its script", "in the source's own words"
    assert capture.close()


def test_an_unplugged_camera_is_offline_with_its_reason_until_it_is_back() -> None:
    source = ScriptedSource([2, "lost", "hang"])
    capture = captured(source)
    assert wait_until(lambda: capture.reason == "scripted: unplugged")
    assert not capture.online
    assert capture.close()


def test_frames_coming_again_make_it_online() -> None:
    source = ScriptedSource([1, "lost", "unavailable", 1, "hang"])
    capture = captured(source)
    assert wait_until(lambda: capture.box.received == 2)
    assert wait_until(lambda: capture.online) and capture.reason == ""
    assert capture.close()


def test_a_camera_that_gives_no_frame_within_the_stall_time_is_offline_though_its_driver_still_waits() -> None:
    capture = captured(ScriptedSource([1, "hang"]), stall_s=0.1)
    assert wait_until(lambda: capture.box.received == 1)
    assert wait_until(lambda: not capture.online)
    assert capture.close()


def test_a_thread_that_hangs_in_its_driver_is_stuck_but_one_that_waits_for_a_camera_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(capture_module, "STUCK_S", 0.2)
    monkeypatch.setattr(capture_module, "OPENING_S", 0.0)
    hanging = captured(ScriptedSource(["hang"]), stall_s=0.05)
    waiting = Capture(ScriptedSource(["unavailable"] * 10_000), reopen_s=(0.01, 0.01), stall_s=1.0)
    waiting.start()
    assert wait_until(lambda: hanging.stuck)
    assert not waiting.stuck
    assert hanging.close() and waiting.close()


def test_a_camera_that_may_be_silent_for_a_minute_is_not_stuck_before() -> None:
    now = [0.0]
    capture = Capture(ScriptedSource(["hang"]), reopen_s=(0.01, 0.05), stall_s=60.0, clock=lambda: now[0])
    capture.start()
    now[0] = 60.0
    assert not capture.stuck
    now[0] = 200.0
    assert capture.stuck
    assert capture.close()


def test_waiting_for_a_camera_grows_up_to_its_limit() -> None:
    times: list[float] = []

    class Timed(ScriptedSource):
        def open(self) -> None:
            times.append(self._clock())
            super().open()

    capture = Capture(Timed(["unavailable"] * 100), reopen_s=(0.02, 0.08), stall_s=1.0)
    capture.start()
    assert wait_until(lambda: len(times) >= 6)
    assert capture.close()
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert waits[0] >= 0.019 and waits[1] >= 0.039 and min(waits[2:]) >= 0.079


def test_the_last_frame_of_a_file_is_looked_at_though_it_comes_while_something_else_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    capture = Capture(ScriptedSource([]), reopen_s=(0.01, 0.05), stall_s=5.0)
    daemon: Any = Daemon(Settings)
    daemon._in_use = SimpleNamespace(parts=SimpleNamespace(capture=capture))
    daemon._pace = SimpleNamespace(admit=lambda at: True)
    looked: list[Frame] = []

    def between_frames() -> None:
        if not capture.finished.is_set():
            capture.box.put(Frame(picture(), 0.0, 0))
            capture.finished.set()

    monkeypatch.setattr(daemon, "_between_frames", between_frames)
    monkeypatch.setattr(daemon, "_process", looked.append)
    daemon._loop()
    assert [frame.number for frame in looked] == [0]
