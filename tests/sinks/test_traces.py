"""What is kept around an alarm: the numbers that led to it, on a bounded piece of disk, for nobody else's eyes."""

from __future__ import annotations

import gzip
import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.core import Box, DriverState, Face, Lens, Quality, Signals
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import Camera, Story, signals
from fer_edge.settings import Settings
from fer_edge.settings.traces import TraceSettings
from fer_edge.sinks.traces import Trace, TraceError, TraceRecorder, TraceStore, load, row
from fer_edge.sinks.traces.trace import dump
from tests.brokers import wait_until
from tests.sinks.tracing import record

CALIBRATED = {"v": 1, "openness": 0.9, "yaw": 0.0, "pitch": 0.0}


def sleeper() -> Story:
    """Awake for 60 s, then eyes shut for 4 s."""
    return Story(80).closed(60, 64)


def test_a_sleep_keeps_twenty_seconds_before_it_and_ten_after(tmp_path: Path) -> None:
    told, (trace,) = record(tmp_path, signals(sleeper(), Camera(fps=20)), saved=CALIBRATED)
    at = trace.columns["at"]
    assert [phase.event_type for phase in trace.phases] == ["microsleep", "sleep", "sleep"]
    assert at[0] == pytest.approx(told[0].began_at - 20, abs=0.1)
    assert at[-1] == pytest.approx(told[-1].at + 10, abs=0.2)
    assert trace.id == f"0000abcd-{told[0].key}" and not trace.false_alarm
    assert trace.memory["calibration"]["openness"] == pytest.approx(0.9, abs=0.1)


def test_nothing_in_it_is_a_picture_or_an_expression(tmp_path: Path) -> None:
    _, (trace,) = record(tmp_path, signals(sleeper(), Camera(fps=20)), saved=CALIBRATED)
    assert set(trace.columns) == set(row.COLUMNS)
    assert not any("emotion" in name or "landmark" in name for name in trace.columns)
    assert set(trace.settings) == {"profile", "monitoring"}
    assert len(dump(trace)) < 100_000  # half a minute at 20 frames a second


def test_only_the_service_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        record(tmp_path, signals(sleeper(), Camera(fps=20)), saved=CALIBRATED)
    finally:
        os.umask(before)
    (kept,) = (tmp_path / "traces").iterdir()
    assert (kept.parent.stat().st_mode & 0o777, kept.stat().st_mode & 0o777) == (0o700, 0o600)


def test_an_event_that_goes_on_is_written_down_after_a_minute(tmp_path: Path) -> None:
    story = Story(110).closed(40, 110)
    told, traces = record(tmp_path, signals(story, Camera(fps=20)), saved=CALIBRATED)
    trace = next(trace for trace in traces if trace.event_type == "unresponsive")
    start = next(event for event in told if event.event_type == "microsleep")
    assert trace.columns["at"][-1] == pytest.approx(start.at + 60, abs=0.2)
    assert trace.phases[-1].event_type == "unresponsive" and trace.phases[-1].phase == "update"


def test_a_pause_does_not_cost_the_event_that_it_ends(tmp_path: Path) -> None:
    monitor = Monitor(Settings(), saved=CALIBRATED)
    recorder = TraceRecorder(Settings(), tmp_path, monitor.remembers, lambda key: f"0000abcd-{key}")
    recorder.start()
    for each in signals(Story(62).closed(60, 62), Camera(fps=20)):
        state, events = monitor.step(each)
        for event in events:
            recorder.event(event)
        recorder.state(state, each)
    for event in monitor.abort(62.0, "paused", until=62.0):
        recorder.event(event)
    recorder.state(DriverState(at=62.1, paused_s=5.0), Signals(at=62.1, number=-1))
    # Long after its ten seconds, somebody is seen again.
    recorder.state(DriverState(at=80.0), Signals(at=80.0, number=1601))
    recorder.close()
    (trace,) = map(load, recorder.store.all())
    assert trace.columns["at"][0] == pytest.approx(40, abs=0.1) and trace.columns["at"][-1] < 62
    assert trace.phases[-1].details["reason"] == "paused"


def test_beyond_its_bounds_the_oldest_go_and_false_alarms_last(tmp_path: Path) -> None:
    _, (trace,) = record(tmp_path / "a", signals(sleeper(), Camera(fps=20)), saved=CALIBRATED)
    size = len(dump(trace))
    store = TraceStore(tmp_path / "b", TraceSettings(max_mb=max(0.1, 3.5 * size / 1e6)))
    fits = int(store._most_bytes / size)
    for n in range(fits + 4):
        path = store.write(trace.model_copy(update={"id": f"event-{n}"}))
        os.utime(path, (1_000_000_000 + n, 1_000_000_000 + n))
        if n == 1:
            assert store.mark("event-1") and not store.mark("event-99")
            os.utime(store.find("event-1") or "", (1_000_000_001, 1_000_000_001))
        store._most_age_s = float("inf")
    store.tidy()
    kept = [load(path).id for path in store.all()]
    assert "event-1" in kept and "event-0" not in kept and f"event-{fits + 3}" in kept
    assert len(kept) == fits
    store._most_age_s = 60.0
    store.tidy()
    assert [load(path).id for path in store.all()] == ["event-1"]


def test_what_is_too_old_goes_though_nothing_happens_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.sinks.traces.recorder.TIDY_S", 0.05)
    _, (trace,) = record(tmp_path / "a", signals(sleeper(), Camera(fps=20)), saved=CALIBRATED)
    recorder = TraceRecorder(Settings(), tmp_path, lambda _at: {}, lambda _key: None)
    recorder.start()
    path = recorder.store.write(trace)
    os.utime(path, (time.time() - 8 * 86_400,) * 2)
    wait_until(lambda: not path.exists(), "the end of a trace of eight days ago")
    recorder.close()


def test_a_disk_that_is_full_costs_the_trace_and_not_the_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "traces").write_text("a file in the way")
    told, _ = record(tmp_path, signals(sleeper(), Camera(fps=20)), saved=CALIBRATED)
    assert told and caplog.text.count("the signals of an event cannot be stored") == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a trace"),
        (b"no gzip", "not a trace; give a file ID.trace.json.gz"),
        (gzip.compress(b"{}")[:10] + b"\xff" * 20, "not a trace; give a file ID.trace.json.gz"),
        (gzip.compress(b"[" * 100_000), "not a trace"),
        (gzip.compress(b'{"v": 1}'), "not a trace of this version"),
        (gzip.compress(b"0" * 65_000_000), "unpacks to more than 64 MB"),
        (gzip.compress(b'{"v": 2}')[:-4], "cut short"),
    ],
    # Compressed bytes hold the time they were made at: no name of a test.
    ids=["empty", "no gzip", "damaged", "a list", "version", "huge", "cut short"],
)
def test_what_is_no_trace_is_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "x.trace.json.gz"
    path.write_bytes(content)
    with pytest.raises(TraceError) as told:
        load(path)
    assert says in str(told.value) and "\n" not in str(told.value)


def test_a_column_cut_short_is_told(tmp_path: Path) -> None:
    _, (trace,) = record(tmp_path, signals(sleeper(), Camera(fps=20)), saved=CALIBRATED)
    data = json.loads(gzip.decompress(dump(trace)))
    data["columns"]["yaw"].pop()
    path = tmp_path / "x.trace.json.gz"
    path.write_bytes(gzip.compress(json.dumps(data).encode()))
    with pytest.raises(TraceError, match="columns differ in length"):
        load(path)


shares = st.none() | st.floats(0, 1, width=32)
degrees = st.none() | st.floats(-90, 90, width=32)


@given(shares, degrees, shares, st.sampled_from(list(Lens)), st.booleans(), st.none() | st.integers(0, 1000))
def test_what_is_unknown_stays_unknown_through_a_row(
    share: float | None, angle: float | None, other: float | None, lens: Lens, seen: bool, track: int | None
) -> None:
    face = Face(Box(1.0, 2.0, 30.0, 40.0), 0.5, track=track) if seen else None
    quality = Quality(0.5, 0.25) if seen else None
    one = Signals(1234.5678, 7, face, 2, share, other, share, yaw=angle, quality=quality, lens=lens, rotated=90)
    read = row.signals(row.unpack(row.pack(one, None)))
    assert read == one


def test_switched_off_nothing_is_kept() -> None:
    assert not Settings(traces=TraceSettings(enabled=False)).traces.enabled
    assert Trace.model_fields["false_alarm"].default is False
