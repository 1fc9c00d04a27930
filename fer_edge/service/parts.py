"""The parts a daemon is made of, built from settings; a reload keeps those that its change does not touch."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.errors import FerEdgeError
from fer_edge.monitoring import Monitor
from fer_edge.perception.interpreter import MODELS
from fer_edge.perception.reader import Perception
from fer_edge.pipeline import Pipeline
from fer_edge.service.capture import Capture
from fer_edge.settings.reads import MonitorReads, MqttReads, PageReads, PerceptionReads, TraceReads, read_by
from fer_edge.sinks.alarm import AlarmSink
from fer_edge.sinks.mqtt import MqttSink
from fer_edge.sinks.traces import TraceRecorder, TraceStore
from fer_edge.sources import make_source
from fer_edge.sources.sim.portrait import load_photograph

if TYPE_CHECKING:
    from fer_edge.core import Event, Sink
    from fer_edge.service.memory import Memory
    from fer_edge.settings import CameraSettings, Settings
    from fer_edge.web import LivePage
    from fer_edge.web.node import Node

log = logging.getLogger(__name__)

SPEED_S = 5.0
"""How long a speed is believed."""
ModelFiles = tuple[tuple[str, int, int, int], ...]
"""Path, time of change, size and inode of every file that perception reads."""


@dataclass(frozen=True)
class Parts:
    """One set of parts that belong together. Nothing in it has been started by building it."""

    settings: Settings
    pipeline: Pipeline
    capture: Capture
    mqtt: MqttSink | None
    page: LivePage | None = None
    alarm: AlarmSink | None = None
    traces: TraceRecorder | None = None
    models: ModelFiles = ()

    def start(self, old: Parts | None = None) -> None:
        """Start what ``old`` has not; what only ``old`` has is closed before.

        Raises FerEdgeError where a part cannot start at the first start: an alarm that will not sound
        must not go unnoticed. At a reload it is told and left out: watching goes on.
        """
        for name in ("alarm", "mqtt", "page", "traces", "capture"):
            part, before = getattr(self, name), getattr(old, name, None)
            if part is before:
                continue
            if before is not None:
                before.close()
            if part is not None:
                try:
                    part.start()
                except FerEdgeError as fault:
                    if old is None:
                        raise
                    log.error("no %s: %s", name, fault)

    def abort(self, at: float, reason: str, *, until: float) -> None:
        """End what is open; what was not seen after ``until``, a camera that was lost, is no part of it."""
        self.emit(self.pipeline.monitor.abort(at, reason, until=until))

    def emit(self, events: Iterable[Event]) -> None:
        """Events that no frame brought, to every sink."""
        for event in events:
            for sink in self.pipeline.sinks:
                sink.event(event)

    def learned(self) -> dict[str, Any]:
        """What is known of the driver, JSON-able, and by which camera; empty until it is calibrated."""
        saved = self.pipeline.monitor.saved()
        return saved and saved | {"camera": _view(self.settings.camera)}

    def speed(self, km_h: float, at: float) -> None:
        """The vehicle's speed, believed for 5 s: to whatever depends on it."""
        self.pipeline.monitor.speed(km_h, at, SPEED_S)
        if self.traces:
            self.traces.speed(km_h, at + SPEED_S)

    def acknowledge(self, event_id: str) -> bool:
        """Silence the local alarm of an event, not the event; False where none sounds for it."""
        return self.alarm is not None and self.alarm.acknowledge(event_id)


@dataclass(frozen=True)
class Builder:
    """Builds parts for the daemon whose clock and memory these are.

    ``info`` makes the payload of topic ``info`` from the outbox's condition; ``node`` is what the
    live page shows. ``keys`` numbers events over every reload: alarm and page outlive a monitor.
    """

    memory: Memory
    clock: Callable[[], float]
    info: Callable[[dict[str, Any]], dict[str, Any]]
    node: Node
    keys: Iterator[int] = field(default_factory=lambda: count(1))

    def build(self, settings: Settings, old: Parts | None = None) -> Parts:
        """Parts for these settings, with those of ``old`` where nothing of theirs changed.

        Where rules, camera, broker and alarm stay, so does the monitor: a closure that is going on goes on.

        Raises ConfigError, ModelError, MissingExtra or UsageError with everything old untouched; a missing
        camera or broker is no error here.
        """

        def same(reads: type) -> bool:
            return old is not None and read_by(reads, old.settings) == read_by(reads, settings)

        # What is only a matter of configuration is refused before models are loaded.
        page = old.page if old and same(PageReads) else self._page(settings, old.page if old else None)
        models = model_files(settings)
        same_eyes = same(PerceptionReads) and old is not None and old.models == models
        perception = old.pipeline.perception if old and same_eyes else Perception(settings)
        same_camera = old is not None and old.settings.camera == settings.camera
        same_broker = same(MqttReads)
        same_alarm = old is not None and old.settings.alarm == settings.alarm and same_broker
        if old and same(MonitorReads) and same_camera and same_alarm:
            monitor = old.pipeline.monitor
            if perception is not old.pipeline.perception:
                monitor.perception_renewed()
        else:
            monitor = Monitor(settings, saved=self._learned(settings.camera), keys=self.keys)
        capture = old.capture if old and same_camera else self._capture(settings)
        mqtt = old.mqtt if old and same_broker else self._mqtt(settings)
        # One that could not have its pin at the last reload tries again.
        works = old is None or old.alarm is None or old.alarm.works
        alarm = old.alarm if old and same_alarm and works else _alarm(settings, mqtt)
        same_traces = same(TraceReads) and old is not None and monitor is old.pipeline.monitor
        traces = old.traces if old and same_traces else self._traces(settings, monitor, mqtt)
        sinks: list[Sink] = [sink for sink in (alarm, mqtt, page, traces) if sink is not None]
        pipeline = Pipeline(perception, monitor, sinks)
        return Parts(settings, pipeline, capture, mqtt, page, alarm, traces, models)

    def _learned(self, camera: CameraSettings) -> dict[str, Any] | None:
        """What was learned of the driver by this camera."""
        saved = self.memory.load("calibration")
        return saved if saved and saved.get("camera") == _view(camera) else None

    def _capture(self, settings: Settings) -> Capture:
        camera = settings.camera
        if camera.source.startswith("sim:"):
            # A camera may come later and is waited for; a package that is not installed does not.
            load_photograph()
        source = make_source(camera.source, camera, paced=True, clock=self.clock)
        return Capture(source, reopen_s=camera.reopen_s, stall_s=camera.stall_s, clock=self.clock)

    def _mqtt(self, settings: Settings) -> MqttSink | None:
        if not settings.mqtt.enabled:
            return None
        return MqttSink(settings, state_dir=self.memory.folder, info=self.info)

    def _traces(self, settings: Settings, monitor: Monitor, mqtt: MqttSink | None) -> TraceRecorder | None:
        if not settings.traces.enabled:
            with suppress(OSError):  # those of before go in their time
                TraceStore(self.memory.folder, settings.traces).tidy()
            return None
        id_of = mqtt.event_id if mqtt else lambda _key: None
        return TraceRecorder(settings, self.memory.folder, monitor.remembers, id_of)

    def _page(self, settings: Settings, before: LivePage | None) -> LivePage | None:
        if not settings.web.enabled:
            self.memory.let_go("logbook.sqlite*")
            return None
        from fer_edge.web import LivePage  # aiohttp only where there is a page

        return LivePage(settings, self.node, self.memory.folder, before)


def _view(camera: CameraSettings) -> str:
    """Tells cameras apart that see straight ahead at another angle; a source may hold a password."""
    seen = (camera.source, camera.rotation, camera.mirror, *camera.roi)
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def _alarm(settings: Settings, mqtt: MqttSink | None) -> AlarmSink | None:
    if not settings.alarm.wanted:
        return None
    return AlarmSink(settings.alarm, mqtt.event_key if mqtt else lambda _event_id: None)


def model_files(settings: Settings) -> ModelFiles:
    """What tells whether a model, a card or a cascade was exchanged since it was loaded."""
    named = [settings.emotion.model, getattr(settings.perception.detector, "cascade", None)]
    named.append(getattr(settings.perception.detector, "path", None))
    own = [Path(name).with_suffix(suffix) for name in named if name for suffix in (Path(name).suffix, ".json")]
    found = []
    for path in sorted({*MODELS.iterdir(), *own}):
        with suppress(OSError):
            seen = path.stat()
            found.append((str(path), seen.st_mtime_ns, seen.st_size, seen.st_ino))
    return tuple(found)
