"""The sink that remembers the last minutes of signals and writes those around an event down."""

from __future__ import annotations

import logging
import queue
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fer_edge import __version__
from fer_edge.core import DriverState, Event, Phase, Signals
from fer_edge.errors import FerEdgeError
from fer_edge.settings.reads import TraceReads
from fer_edge.sinks.clock import SystemClock, iso
from fer_edge.sinks.payloads import rounded
from fer_edge.sinks.traces import row
from fer_edge.sinks.traces.store import TraceStore
from fer_edge.sinks.traces.trace import Trace, TracedPhase

_log = logging.getLogger(__name__)

CATEGORIES = frozenset({"fatigue", "attention"})
LONGEST_S = 60.0
"""An event that goes on is written down so long after its start: whoever asks why does not want to wait."""
REMEMBER_S = 1.0
"""What the monitor knows from before is noted so often."""
TIDY_S = 3600.0
"""A trace that is too old goes within so long, though nothing new is written."""
_STOP_S = 2.0


@dataclass(slots=True)
class _Open:
    """An event that is being followed: its phases, when it is due to be written, and how it is known outside."""

    began_at: float
    wall: float
    wall_ok: bool
    due_at: float
    before_s: float
    category: str
    phases: list[TracedPhase] = field(default_factory=list)
    id: str | None = None
    false_alarm: bool = False


class TraceRecorder:
    """Takes what a sink takes. The main loop only packs numbers; a thread of its own writes.

    ``remembers`` gives what the monitor knows at a time, ``id_of`` the published id of an event by its key.
    """

    def __init__(
        self,
        settings: TraceReads,
        state_dir: Path,
        remembers: Callable[[float], Mapping[str, Any]],
        id_of: Callable[[int], str | None],
    ) -> None:
        self.store = TraceStore(state_dir, settings.traces)
        self._settings = settings
        self._remembers, self._id_of = remembers, id_of
        self._clock = SystemClock(settings.mqtt.trust_clock)
        self._run = uuid.uuid4().hex[:8]
        rules = settings.monitoring
        self._keep_s = settings.traces.before_s + max(rules.drowsy.yawns_s, rules.drowsy.window_s) + LONGEST_S
        self._rows: deque[bytes] = deque()
        self._memories: deque[tuple[float, Mapping[str, Any]]] = deque()
        self._speed: tuple[float, float] | None = None
        self._open: dict[int, _Open] = {}
        self._last_id: str | None = None
        self._waiting: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="fer-edge-traces", daemon=True)
        self._said = False

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def speed(self, km_h: float, until: float) -> None:
        """The vehicle's speed, believed up to ``until``."""
        self._speed = (km_h, until)

    def state(self, state: DriverState, signals: Signals) -> None:
        """Keep one frame's numbers; called in the main loop."""
        if state.paused_s is not None:
            self._finish_all()  # a pause has ended them, and nothing of before it is remembered
            self._rows.clear()
            self._memories.clear()
        if signals.number < 0:
            return
        at = signals.at
        if not self._memories or at - self._memories[-1][0] >= REMEMBER_S:
            self._memories.append((at, self._remembers(at)))
        known = self._speed is not None and at <= self._speed[1]
        self._rows.append(row.pack(signals, self._speed[0] if self._speed and known else None))
        self._forget(at)
        for key, event in list(self._open.items()):
            event.id = event.id or self._id_of(key)
            if at >= event.due_at:
                self._finish(key)

    def event(self, event: Event) -> None:
        """Follow an event that will have to be explained; called in the main loop."""
        if event.category not in CATEGORIES:
            return
        known = self._open.get(event.key)
        if known is None:
            if event.phase is not Phase.START:
                return  # its beginning was written down already
            known = self._open[event.key] = self._begin(event)
        known.id = known.id or self._id_of(event.key)
        known.phases.append(_phase(event))
        self._last_id = known.id or self._own_id(event.key)
        if event.phase is Phase.END:
            known.due_at = min(known.due_at, event.at + self._settings.traces.after_s)

    def mark(self, event_id: str | None) -> bool:
        """Mark an event, the last one by default, as a false alarm; False where it is not kept."""
        event_id = event_id or self._last_id
        if event_id is None:
            return False
        for key, event in self._open.items():
            if event_id in (event.id, self._own_id(key)):
                event.false_alarm = True
                return True
        if self.store.find(event_id) is None:
            return False
        self._waiting.put(partial(self.store.mark, event_id))
        return True

    def close(self) -> None:
        """Write down what is being followed, and end."""
        self._finish_all()
        self._waiting.put(None)
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def _begin(self, event: Event) -> _Open:
        rules, before_s = self._settings.monitoring, self._settings.traces.before_s
        match event.event_type, event.details.get("reason"):
            case "drowsy", _:
                by_yawns = (event.details.get("yawns") or 0) >= rules.drowsy.yawns
                before_s += rules.drowsy.yawns_s if by_yawns else rules.drowsy.window_s
            case "distracted", "shared":
                before_s += rules.distraction.shared_window_s
        began_s = event.at - event.began_at
        wall = self._clock.wall() - began_s
        return _Open(event.began_at, wall, self._clock.wall_ok(), event.at + LONGEST_S, before_s, event.category)

    def _forget(self, at: float) -> None:
        while self._rows and not 0 <= at - row.at(self._rows[0]) <= self._keep_s:
            self._rows.popleft()
        while len(self._memories) > 1 and not 0 <= at - self._memories[1][0] <= self._keep_s:
            self._memories.popleft()

    def _finish_all(self) -> None:
        for key in list(self._open):
            self._finish(key)

    def _finish(self, key: int) -> None:
        event = self._open.pop(key)
        first_at = event.began_at - event.before_s
        memory = next((known for at, known in reversed(self._memories) if at <= first_at), None)
        if not memory or not memory.get("calibration"):
            # Nothing was learned by then: the rules need all that there is to learn the same.
            first_at = float("-inf")
            memory = self._memories[0][1] if self._memories else {}
        rows = [kept for kept in self._rows if row.at(kept) >= first_at]
        self._waiting.put(partial(self._keep, event, event.id or self._own_id(key), rows, memory))

    def _own_id(self, key: int) -> str:
        """An id for a node that publishes nothing."""
        return f"{self._run}-{key}"

    def _keep(self, event: _Open, event_id: str, rows: list[bytes], memory: Mapping[str, Any]) -> None:
        rules = self._settings.monitoring.model_dump(mode="json")
        columns = zip(*(map(_short, row.unpack(kept)) for kept in rows), strict=True)
        trace = Trace(
            id=event_id,
            node=self._settings.node,
            version=__version__,
            category=event.category,
            time=iso(event.wall),
            time_ok=event.wall_ok,
            phases=event.phases,
            settings={"profile": self._settings.profile, "monitoring": rules},
            memory=dict(memory),
            columns=dict(zip(row.COLUMNS, map(list, columns), strict=True)),
            false_alarm=event.false_alarm,
        )
        self.store.write(trace)
        self._said = False

    def _write(self) -> None:
        work: Callable[[], object] | None = self.store.tidy
        while work is not None:
            try:
                work()
            except (OSError, ValueError, FerEdgeError) as fault:
                if not self._said:
                    why = getattr(fault, "strerror", None) or fault
                    _log.warning("the signals of an event cannot be stored in %s: %s", self.store.folder, why)
                self._said = True
            try:
                work = self._waiting.get(timeout=TIDY_S)
            except queue.Empty:
                work = self.store.tidy


def _phase(event: Event) -> TracedPhase:
    return TracedPhase(
        at=event.at,
        phase=str(event.phase),
        event_type=event.event_type,
        level=str(event.level),
        held_s=event.held_s,
        details=rounded(event.details),
    )


def _short(value: float | None) -> float | None:
    # 32 bits hold no more than seven digits, and no rule looks that closely.
    return None if value is None else round(value, 5)
