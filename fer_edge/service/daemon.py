"""The daemon: capture, pipeline and sinks put together, run until told to stop.

``startup → loop → shutdown``. The main thread processes frames; between two frames it answers
requests, reloads, reports the camera and feeds the watchdog. So nothing it changes is ever in use.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, Any

from fer_edge import __version__
from fer_edge.core import DriverState, Signals
from fer_edge.errors import FerEdgeError
from fer_edge.monitoring import Monitor
from fer_edge.perception.reader import Perception
from fer_edge.pipeline import Pipeline
from fer_edge.service.capture import Capture, LatestFrame
from fer_edge.service.health import Health
from fer_edge.service.memory import Memory, state_dir
from fer_edge.service.requests import Requests
from fer_edge.service.systemd import Notifier
from fer_edge.service.viewer import Viewer
from fer_edge.sinks.mqtt import MqttSink
from fer_edge.sources import make_source

if TYPE_CHECKING:
    from fer_edge.core import Frame, Sink
    from fer_edge.settings import Settings

log = logging.getLogger(__name__)

TICK_S = 0.1
"""Longest wait for a frame before the loop looks at everything else."""
SAVE_S = 60.0
"""How often what was learned of the driver is saved."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Daemon:
    """One node: built from settings, run once.

    ``load`` reads the settings anew for a reload. ``extra_sinks`` get what MQTT gets. Construction
    raises ConfigError, ModelError or UsageError; a missing camera or broker does not.
    """

    def __init__(
        self,
        settings: Settings,
        load: Callable[[], Settings],
        *,
        extra_sinks: Sequence[Sink] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._clock = clock
        self._extra_sinks = tuple(extra_sinks)
        self._stop = threading.Event()
        self._reload = threading.Event()
        self._why_stopped = "end of source"
        self._notifier = Notifier()
        self._memory = Memory(state_dir(settings.state_dir))
        self._paused_until: float | None = None
        self._camera_said = ""
        self._state = DriverState(at=clock(), profile=settings.profile)
        self.settings = settings
        self.health = Health(clock)
        self.viewer = Viewer()
        self.ready = threading.Event()
        self._requests = Requests(self)
        self._pipeline = Pipeline(Perception(settings), self._monitor(settings))
        self._mqtt = self._make_mqtt(settings)
        self._capture, self._box = self._make_capture(settings)
        self._set_sinks()
        self._stats_due = self._save_due = clock()

    def run(self) -> int:
        """Run until SIGTERM, SIGINT, :meth:`stop`, or the end of a file; 0 for every clean end."""
        restore = {number: signal.signal(number, self._on_signal) for number in _SIGNALS} if _in_main_thread() else {}
        try:
            self._startup()
            self._loop()
        except Exception as fault:
            self._why_stopped = f"fault: {fault!r}"
            raise
        finally:
            self._shutdown()
            for number, handler in restore.items():
                signal.signal(number, handler)
        return 0

    def stop(self, why: str = "asked to") -> None:
        """End :meth:`run` soon; safe from any thread."""
        self._why_stopped = why
        self._stop.set()
        self._box.wake()

    def pause(self, seconds: float) -> None:
        """Look at nothing for so long, then go on by itself. Open events end."""
        now = self._clock()
        self._emit(self._pipeline.monitor.abort(now, "paused"))
        self._paused_until = now + seconds
        log.info("paused for %.0f s", seconds)
        self._publish_idle()

    def resume(self) -> None:
        """End a pause now."""
        if self._paused_until is not None:
            self._paused_until = None
            log.info("going on")

    @property
    def monitor(self) -> Monitor:
        """The rules in use."""
        return self._pipeline.monitor

    def ask_reload(self) -> None:
        """Read configuration and models again before the next frame."""
        self._reload.set()

    def info(self) -> list[dict[str, Any]]:
        """The models in use as topic ``info`` lists them."""
        return [
            {"name": model.name, "sha256": model.card.get("sha256"), "runtime": model.runtime}
            for model in self._pipeline.perception.models
        ]

    # --- start and stop -------------------------------------------------------------------------

    def _startup(self) -> None:
        last = self._memory.load("last_exit")
        if last:
            log.info("the last run ended: %s", last.get("reason"))
        self._memory.save("last_exit", {"reason": "still running, or killed", "pid": os.getpid()})
        if self._mqtt:
            self._mqtt.start()
        self._capture.start()
        self._stats_due = self._clock() + self.settings.mqtt.stats_interval_s
        self._save_due = self._clock() + SAVE_S
        self._notifier.ready()
        self.ready.set()
        log.info("fer-edge %s: node %s watches %s", __version__, self.settings.node, self._capture.source.name)

    def _shutdown(self) -> None:
        self._notifier.stopping()
        if not self._capture.stop():
            log.warning("%s: its driver hangs; leaving it", self._capture.source.name)
        self._emit(self._pipeline.monitor.abort(self._clock(), "stopped"))
        self._memory.save("calibration", self._pipeline.monitor.saved())
        for sink in self._pipeline.sinks:
            sink.close()
        self._memory.save("last_exit", {"reason": self._why_stopped, "time": time.time(), "version": __version__})
        log.info("stopped: %s", self._why_stopped)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._reload.set()
        else:
            self.stop(signal.Signals(number).name)

    # --- the loop -------------------------------------------------------------------------------

    def _loop(self) -> None:
        while not self._stop.is_set():
            frame = self._box.take(TICK_S)
            self._between_frames()
            if frame is not None and self._paused_until is None:
                self._process(frame)
            elif frame is None and self._capture.finished.is_set():
                return

    def _process(self, frame: Frame) -> None:
        step = self._pipeline.step(frame)
        self._state = step.state
        self.health.processed(self._clock() - frame.at)
        self.viewer.show(frame, step)
        for event in step.events:
            log.info("%s %s (%s, %.1f s)", event.event_type, event.phase, event.level, event.held_s)

    def _between_frames(self) -> None:
        now = self._clock()
        self._requests.answer()
        if self._reload.is_set():
            self._reload.clear()
            self._do_reload()
        if self._paused_until is not None and now >= self._paused_until:
            self.resume()
        self._say_camera()
        if not self._capture.stuck:
            self._notifier.alive()
        if now >= self._stats_due:
            self._stats_due = now + self.settings.mqtt.stats_interval_s
            if self._mqtt:
                self._mqtt.stats(self.stats())
        if now >= self._save_due:
            self._save_due = now + SAVE_S
            self._memory.save("calibration", self._pipeline.monitor.saved())

    def stats(self) -> dict[str, Any]:
        """Health since the last stats, with what the camera and the outbox say."""
        return {
            **self.health.stats(),
            "received": self._box.received,
            "skipped": self._box.skipped,
            "camera": self._camera_said,
            "camera_fault": self._capture.reason or None,
            **(self._mqtt.condition() if self._mqtt else {}),
        }

    def _say_camera(self) -> None:
        seen = "online" if self._capture.online else "offline"
        status = seen if self._paused_until is None else "disabled"
        if status == self._camera_said:
            return
        self._camera_said = status
        if self._mqtt:
            self._mqtt.camera(status)
        self._notifier.status(f"camera {status}" + (f": {self._capture.reason}" if status == "offline" else ""))
        if status != "online":
            self._publish_idle()

    def _publish_idle(self) -> None:
        """A state without a frame: nothing is known of the driver while nobody looks."""
        now = self._clock()
        left = None if self._paused_until is None else max(0.0, self._paused_until - now)
        unknown = DriverState(at=now, profile=self.settings.profile, calibration=self._state.calibration, paused_s=left)
        self._state = replace(unknown, open_events=self._state.open_events, level=self._state.level)
        if left is not None:
            self._state = unknown
        for sink in self._pipeline.sinks:
            sink.state(self._state, Signals(at=now, number=-1))

    def _emit(self, events: Sequence[Any]) -> None:
        for sink in self._pipeline.sinks:
            for event in events:
                sink.event(event)

    # --- putting together -----------------------------------------------------------------------

    def _do_reload(self) -> None:
        """Take new settings and models, or keep the old ones and say why."""
        self._notifier.reloading()
        try:
            settings = self._load()
            perception = Perception(settings)
        except FerEdgeError as fault:
            log.error("reload refused, going on as before: %s", "; ".join(str(fault).splitlines()))
            self._notifier.ready()
            return
        old = self.settings
        self._emit(self._pipeline.monitor.abort(self._clock(), "reloaded"))
        self._memory.save("calibration", self._pipeline.monitor.saved())
        self.settings = settings
        self._pipeline = Pipeline(perception, self._monitor(settings))
        if (settings.mqtt, settings.node) != (old.mqtt, old.node):
            if self._mqtt:
                self._mqtt.close()
            self._mqtt = self._make_mqtt(settings)
            if self._mqtt:
                self._mqtt.start()
            self._camera_said = ""
        elif self._mqtt:
            self._mqtt.refresh_info()
        self._set_sinks()
        if settings.camera != old.camera:
            self._capture.stop()
            self._capture, self._box = self._make_capture(settings)
            self._capture.start()
        log.info("reloaded")
        self._notifier.ready()

    def _monitor(self, settings: Settings) -> Monitor:
        return Monitor(settings, saved=self._memory.load("calibration"))

    def _make_capture(self, settings: Settings) -> tuple[Capture, LatestFrame]:
        camera = settings.camera
        box = LatestFrame()
        source = make_source(camera.source, camera, paced=True, clock=self._clock)
        return Capture(source, box, reopen_s=camera.reopen_s, stall_s=camera.stall_s, clock=self._clock), box

    def _make_mqtt(self, settings: Settings) -> MqttSink | None:
        if not settings.mqtt.enabled:
            return None
        return MqttSink(settings, state_dir=self._memory.folder, models=self.info, on_request=self._requests.put)

    def _set_sinks(self) -> None:
        self._pipeline.sinks = [*([self._mqtt] if self._mqtt else []), *self._extra_sinks]


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
