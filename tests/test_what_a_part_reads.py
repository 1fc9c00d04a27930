"""A reload builds a part anew exactly where a setting changes that it reads, and none can be forgotten."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fer_edge.core import Event, Frame, Level, Phase
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import Story, signals
from fer_edge.monitoring.simulation.story import FACE
from fer_edge.perception.reader import Perception
from fer_edge.service.memory import Memory
from fer_edge.service.parts import Builder, Parts
from fer_edge.service.viewer import Viewer
from fer_edge.settings import Settings
from fer_edge.settings.reads import MonitorReads, MqttReads, PageReads, PerceptionReads, TraceReads, read_by
from fer_edge.sinks.mqtt import MqttSink
from fer_edge.sinks.mqtt.homeassistant import discovery
from fer_edge.sinks.mqtt.topics import Topics
from fer_edge.sinks.traces import TraceRecorder
from fer_edge.web import LivePage
from tests.brokers import free_port
from tests.sinks.examples import NOTHING_KNOWN, STATE

READS = (PerceptionReads, MonitorReads, MqttReads, PageReads, TraceReads)
DAY = "from=1764000000&to=1764086400"
TAKEN_WHOLE = {"camera", "alarm"}
"""Sections that are a part's only settings."""
ASKED_FOR_ANEW = {"health", "log_level", "state_dir"}
"""What the daemon takes from the settings in use each time, or at a start only, and says so."""
BASE = {"alarm": {"commands": [{"run": ["true"]}]}, "emotion": {"enabled": False}, "web": {"enabled": True, "port": 0}}


def test_no_setting_is_forgotten_by_a_reload() -> None:
    settings = Settings()
    whole = {name for reads in READS for name, value in read_by(reads, settings).items() if not isinstance(value, dict)}
    assert whole.isdisjoint(TAKEN_WHOLE | ASKED_FOR_ANEW)
    assert set(Settings.model_fields) == (whole & set(Settings.model_fields)) | TAKEN_WHOLE | ASKED_FOR_ANEW


def _perception(settings: Any, _: Path) -> None:
    image = np.zeros((120, 160, 3), np.uint8)
    assert Perception(settings).read(Frame(image, 0.0, 0)).face is None


def _monitor(settings: Any, _: Path) -> None:
    Monitor(settings).step(NOTHING_KNOWN)


def _mqtt(settings: Any, folder: Path) -> None:
    discovery(settings, Topics.of(settings))
    sink = MqttSink(settings, state_dir=folder, info=lambda outbox: outbox)
    sink.start()
    sink.state(STATE, NOTHING_KNOWN)
    sink.stats({})
    sink.close()


def _traces(settings: Any, folder: Path) -> None:
    recorder = TraceRecorder(settings, folder, lambda _at: {}, lambda _key: "7c1e9a02-1")
    recorder.start()
    recorder.event(Event(1, "fatigue", "sleep", Phase.START, Level.CRITICAL, 0.4, 0.0, 0.4))
    recorder.state(STATE, NOTHING_KNOWN)
    recorder.close()
    assert recorder.store.all()


def _page(settings: Any, folder: Path) -> None:
    page = LivePage(settings, Shown(), folder)
    page.start()
    assert page.listening.wait(30)
    for path in ("", f"history.json?{DAY}", f"report?{DAY}"):
        with urllib.request.urlopen(f"http://127.0.0.1:{page.port}/{path}", timeout=10) as answer:
            assert answer.status == 200
    page.close()


class Shown:
    """A daemon that nobody asks anything."""

    viewer = Viewer()

    def ask(self, *_: object) -> Any:
        raise AssertionError("asked")

    def configuration(self) -> Any:
        raise AssertionError("asked")


@pytest.mark.parametrize(
    ("reads", "use"),
    [
        (PerceptionReads, _perception),
        (MonitorReads, _monitor),
        (MqttReads, _mqtt),
        (PageReads, _page),
        (TraceReads, _traces),
    ],
)
@pytest.mark.parametrize("profile", ["driver", "kiosk"])
def test_a_part_lives_on_the_settings_that_it_names(
    reads: type, use: Callable[[Any, Path], None], profile: str, tmp_path: Path
) -> None:
    settings = Settings(profile=profile, mqtt={"port": free_port()}, **BASE)  # type: ignore[arg-type]
    use(_only(read_by(reads, settings)), tmp_path)


def _only(values: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(**{name: _only(each) if isinstance(each, dict) else each for name, each in values.items()})


@pytest.mark.parametrize(
    ("change", "anew"),
    [
        ({}, ""),
        ({"traces": {"after_s": 1.0}}, "traces"),
        ({"log_level": "error", "health": {"adaptive": False}}, ""),
        ({"web": {"enabled": True, "port": 1}}, "page"),
        ({"perception": {"threads": 2}}, "perception"),
        ({"monitoring": {"yawn": {"end_s": 2.0}}}, "monitor traces"),
        ({"monitoring": {"drowsy": {"advisory": 0.07}}}, "monitor page traces"),
        ({"alarm": {"commands": [{"run": ["false"]}]}}, "alarm monitor traces"),
        ({"mqtt": {"port": 2}}, "alarm monitor mqtt traces"),
        ({"node": "cab-7"}, "alarm monitor mqtt page traces"),
        ({"camera": {"fps": 7}}, "capture monitor traces"),
        ({"profile": "kiosk"}, "alarm monitor mqtt perception traces"),
    ],
)
def test_a_reload_builds_anew_what_reads_the_change_and_nothing_else(
    change: dict[str, Any], anew: str, built: tuple[Builder, Parts]
) -> None:
    builder, old = built
    new = builder.build(Settings(**(BASE | change)), old)
    assert {name for name, part in _parts(new).items() if part is not _parts(old)[name]} == set(anew.split())


@pytest.mark.parametrize(
    ("camera", "known"), [({"fps": 7}, True), ({"mirror": True}, False), ({"source": "sim:asleep"}, False)]
)
def test_what_one_camera_learned_of_the_driver_is_nothing_to_another(
    camera: dict[str, Any], known: bool, tmp_path: Path
) -> None:
    """Straight ahead at 40 degrees is at -40 in a mirrored picture: kept, it would be a distraction without end."""
    builder = Builder(Memory(tmp_path), time.monotonic, lambda outbox: outbox, Shown())
    learned = {"calibration": {"v": 1, "openness": 0.8, "yaw": 40.0, "pitch": 0.0}}
    first = builder.build(Settings(**BASE))  # type: ignore[arg-type]
    first.pipeline.monitor.recall(learned, 0.0)
    builder.memory.save("calibration", first.learned())
    again = builder.build(Settings(**(BASE | {"camera": camera})))
    assert bool(again.learned()) is known


def test_a_monitor_that_stays_is_told_of_renewed_perception(tmp_path: Path) -> None:
    builder = Builder(Memory(tmp_path), time.monotonic, lambda outbox: outbox, Shown())
    old = builder.build(Settings(**BASE))  # type: ignore[arg-type]
    asleep = list(signals(Story(14).closed(6, 14)))
    for frame in asleep[:150]:
        old.pipeline.monitor.step(replace(frame, face=replace(FACE, track=7)))
    new = builder.build(Settings(**(BASE | {"perception": {"threads": 2}})), old)
    assert new.pipeline.monitor is old.pipeline.monitor
    for frame in asleep[150:]:
        _, events = new.pipeline.monitor.step(replace(frame, face=replace(FACE, track=1)))
        assert not any(event.details.get("reason") == "person" for event in events)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Builder, Parts]:
    memory = Memory(tmp_path_factory.mktemp("state"))
    builder = Builder(memory, time.monotonic, lambda outbox: outbox, Shown())
    return builder, builder.build(Settings(**BASE))  # type: ignore[arg-type]


def _parts(parts: Parts) -> dict[str, object]:
    pipeline = {"perception": parts.pipeline.perception, "monitor": parts.pipeline.monitor}
    return {
        "capture": parts.capture,
        "mqtt": parts.mqtt,
        "page": parts.page,
        "alarm": parts.alarm,
        "traces": parts.traces,
        **pipeline,
    }
