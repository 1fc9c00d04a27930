"""The daemon: capture, pipeline and sinks put together, run until told to stop.

``startup → loop → shutdown``. The main thread processes frames; between two frames it answers
requests, reloads, reports the camera and feeds the watchdog. So nothing it changes is ever in use.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fer_edge import __version__
from fer_edge.errors import FerEdgeError
from fer_edge.service.health import Health, heat
from fer_edge.service.in_use import InUse
from fer_edge.service.known import Known
from fer_edge.service.learned import Learned
from fer_edge.service.memory import Memory, state_dir
from fer_edge.service.pace import Pace
from fer_edge.service.parts import Builder
from fer_edge.service.pauses import Pauses
from fer_edge.service.report import Reporter, info
from fer_edge.service.requests import Desk, carry_out
from fer_edge.service.signals import Flag, handled
from fer_edge.service.systemd import Notifier
from fer_edge.service.viewer import Viewer
from fer_edge.timing import since_boot

if TYPE_CHECKING:
    from concurrent.futures import Future

    from fer_edge.core import Frame
    from fer_edge.service.parts import Parts
    from fer_edge.settings import Settings

log = logging.getLogger(__name__)

TICK_S = 0.1
"""Longest wait for a frame before the loop looks at everything else."""
SAVE_S = 60.0
"""How often what was learned of the driver is saved if it has changed, seconds."""


class Daemon:
    """One node, run once.

    ``load`` reads the settings, at first and for every reload; ``origins`` then says where each comes from.
    ``ready`` is set when the node runs. ``viewer`` is the window for a live page.
    """

    def __init__(
        self,
        load: Callable[[], Settings],
        *,
        origins: Callable[[], Mapping[str, str]] = dict,
        clock: Callable[[], float] = since_boot,
    ) -> None:
        self.health = Health(clock)
        self.viewer = Viewer()
        self.ready = threading.Event()
        self._load = load
        self._origins = origins
        self._clock = clock
        self._notifier = Notifier()
        self._reporter = Reporter(self.health, self._notifier)
        self._desk = Desk()
        self._stop = Flag()
        self._reload = Flag()
        self._why_stopped = "end of source"
        self._pauses = Pauses(clock)
        self._stats_due = self._save_due = 0.0
        self._memory: Memory
        self._learned: Learned
        self._in_use: InUse
        self._pace: Pace
        self._known: Known

    def run(self) -> int:
        """Run until SIGTERM, SIGINT, :meth:`stop`, or the end of a file; 0 for every clean end.

        Raises ConfigError, ModelError, MissingExtra or UsageError before anything was started, UnavailableError for
        an alarm's pin that cannot be had; a missing camera or broker is waited for.
        """
        # Handlers first: a stop that comes while models load must not be lost.
        with handled(stop=self.stop, reload=self._reload.set):
            self._startup()
            try:
                self._loop()
            except Exception as fault:
                self._why_stopped = f"fault: {fault!r}"
                raise
            finally:
                self._shutdown()
        return 0

    # --- what others may ask for ----------------------------------------------------------------

    def stop(self, why: str = "asked to") -> None:
        """End :meth:`run` soon; safe from any thread and in a signal handler."""
        self._why_stopped = why
        self._stop.set()

    def ask(self, verb: str, values: Mapping[str, Any]) -> Future[dict[str, Any]]:
        """Have the main loop carry out a request between two frames; safe from any thread."""
        return self._desk.ask(verb, values)

    def configuration(self) -> tuple[Settings, Mapping[str, str]]:
        """The settings in use and where those that are no defaults come from; safe from any thread."""
        return self._in_use.configuration

    def pause(self, seconds: float) -> None:
        """Look at nothing for so long, then go on by itself. Open events end."""
        self._pauses.begin(seconds)
        self._parts.abort(self._clock(), "paused", until=self._known.seen_at)
        log.info("paused for %.0f s", seconds)

    def resume(self) -> None:
        """End a pause, as soon as it was long enough to be told."""
        self._pauses.ask_to_end()

    def recalibrate(self) -> None:
        """Discard the calibration and start a new one."""
        self._parts.pipeline.monitor.recalibrate()
        self._save_calibration()
        log.info("calibration restarted")

    def speed(self, km_h: float) -> None:
        """The vehicle's speed, believed for 5 s."""
        self._parts.speed(km_h, self._clock())

    def acknowledge(self, event_id: str) -> bool:
        """Silence the local alarm of an event, not the event; False where no alarm sounds for it."""
        return self._parts.acknowledge(event_id)

    def false_alarm(self, event_id: str | None) -> bool:
        """Mark what led to an event, the last one by default, as a false alarm; False where it is not kept."""
        return self._parts.traces is not None and self._parts.traces.mark(event_id)

    def stats(self) -> dict[str, Any]:
        """Health over the last minute, with what the camera says."""
        return self._reporter.stats(self._parts, self._pace.fps, self._pauses)

    def info(self, outbox: dict[str, Any]) -> dict[str, Any]:
        """What topic ``info`` says."""
        return info(self._parts, outbox)

    def reload(self) -> None:
        """Take configuration and models anew. Raises FerEdgeError and keeps the old ones if they are bad."""
        self._in_use.start()  # the parts of a reload asked for in the same breath
        self._notifier.reloading()
        try:
            # Saved first: the new rules begin with what the old ones have learned.
            self._save_calibration()
            old = self._in_use.renew()
        except FerEdgeError as refused:
            self._reporter.refused = "; ".join(str(refused).splitlines())
            log.error("reload refused, keeping the old configuration: %s", self._reporter.refused)
            raise
        finally:
            self._notifier.ready()
        self._reporter.refused = None
        parts = self._parts
        self._pace = Pace(parts.settings.health, parts.settings.camera.fps, heat)
        self._stats_due = min(self._stats_due, self._clock() + parts.settings.mqtt.stats_interval_s)
        if parts.mqtt is not old.mqtt:
            self._reporter.camera = ""
        elif parts.mqtt:
            parts.mqtt.refresh_info()
        if parts.pipeline.monitor is not old.pipeline.monitor:
            old.abort(self._clock(), "reloaded", until=self._known.seen_at)
            # The next frame may be long in coming.
            self._known.events_ended()
            self._say_nothing_is_known()
        if parts.settings.log_level != old.settings.log_level:
            logging.getLogger().setLevel(parts.settings.log_level.upper())
        if state_dir(parts.settings.state_dir) != self._memory.folder:
            log.warning("state_dir: %s stays in use until a restart", self._memory.folder)
        log.info("reloaded")

    # --- start and stop -------------------------------------------------------------------------

    def _startup(self) -> None:
        settings = self._load()
        self._memory = Memory(state_dir(settings.state_dir))
        self._learned = Learned(self._memory)
        builder = Builder(self._memory, self._clock, self.info, self)
        self._in_use = InUse(builder, settings, self._load, self._origins)
        self._pace = Pace(settings.health, settings.camera.fps, heat)
        self._known = Known(settings.profile, self._clock)
        last = self._memory.load("last_exit")
        if last:
            log.info("the last run ended: %s", last.get("reason"))
        self._in_use.start()
        self._memory.save("last_exit", {"reason": "killed, or still running", "pid": os.getpid()})
        self._stats_due = self._clock() + settings.mqtt.stats_interval_s
        self._save_due = self._clock() + SAVE_S
        self._notifier.ready()
        self.ready.set()
        log.info(
            "fer-edge %s: node %s watches camera.source %s", __version__, settings.node, self._parts.capture.source.name
        )

    def _shutdown(self) -> None:
        self._notifier.stopping()
        capture = self._parts.capture
        self._parts.abort(self._clock(), "stopped", until=self._known.seen_at)
        self._save_calibration()
        # What stays retained must be true for as long as nobody runs.
        self._pauses = Pauses(self._clock)
        self._known.events_ended()
        self._say_nothing_is_known()
        if self._parts.mqtt:
            self._parts.mqtt.camera("offline")
        self._reporter.say_last_stats(self._parts, self._pace.fps, self._pauses)
        for sink in self._parts.pipeline.sinks:
            sink.close()
        capture.close(timeout_s=0.5)
        self._memory.save("last_exit", {"reason": self._why_stopped, "time": time.time(), "version": __version__})
        log.info("stopped: %s", self._why_stopped)

    @property
    def _parts(self) -> Parts:
        return self._in_use.parts

    # --- the loop -------------------------------------------------------------------------------

    def _loop(self) -> None:
        while not self._stop.is_set():
            capture = self._parts.capture
            # Asked before the frame: the last one may come while everything else is looked at.
            over = capture.finished.is_set()
            frame = capture.box.take(TICK_S)
            self._between_frames()
            if self._pauses.left_s is not None:
                self._say_nothing_is_known()
            elif frame is not None and self._pace.admit(frame.at):
                self._process(frame)
            if frame is None and over:
                return

    def _process(self, frame: Frame) -> None:
        began = self._clock()
        step = self._parts.pipeline.step(frame)
        now = self._clock()
        self._known.seen(step.state, frame.at)
        self.health.processed(now - frame.at)
        self._pace.looked(now, now - began)
        self.viewer.show(frame, step)
        for event in step.events:
            if event.category != "emotion":  # the system's log may be kept for months, and these are stored nowhere
                log.info("%s %s (%s, %.1f s)", event.event_type, event.phase, event.level, event.held_s)

    def _between_frames(self) -> None:
        now = self._clock()
        mqtt = self._parts.mqtt
        if mqtt:
            mqtt.serve(lambda verb, values: carry_out(self, verb, values))
        self._desk.serve(self)
        if self._reload.is_set():
            self._reload.clear()
            with suppress(FerEdgeError):
                self.reload()
        self._in_use.start()
        if self._pauses.over(self._parts.settings.monitoring.closure.unresponsive_s):
            log.info("monitoring resumed")
        if self._reporter.say_camera(self._parts, paused=self._pauses.left_s is not None):
            self._say_nothing_is_known()
        self._end_unseen()
        if not self._parts.capture.stuck:
            self._notifier.alive()
        if now >= self._stats_due:
            self._stats_due = now + self._parts.settings.mqtt.stats_interval_s
            self._reporter.say_stats(self._parts, self._pace.fps, self._pauses)
        if now >= self._save_due:
            self._save_due = now + SAVE_S
            self._learned.keep_up(self._parts.learned())

    def _end_unseen(self) -> None:
        """What was open when the camera was lost is not told for ever: it ends as after any such gap."""
        after_s = self._parts.settings.monitoring.closure.absent_s
        if self._reporter.camera == "offline" and self._known.open_unseen(after_s):
            monitor = self._parts.pipeline.monitor
            self._parts.emit(monitor.lost(self._clock(), until=self._known.seen_at))
            self._known.events_ended()
            self._say_nothing_is_known()

    def _say_nothing_is_known(self) -> None:
        state, signals = self._known.nothing(self._parts.settings.profile, self._pauses.left_s)
        for sink in self._parts.pipeline.sinks:
            sink.state(state, signals)

    def _save_calibration(self) -> None:
        self._learned.save(self._parts.learned())
