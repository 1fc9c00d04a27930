"""A drive through the monitor with a recorder listening, as the daemon does it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fer_edge.core import Event, Signals
from fer_edge.monitoring import Monitor
from fer_edge.settings import Settings
from fer_edge.sinks.traces import Trace, TraceRecorder, load
from fer_edge.sinks.traces.recorder import CATEGORIES


def record(
    folder: Path, drive: Iterable[Signals], settings: Settings | None = None, saved: dict[str, Any] | None = None
) -> tuple[list[Event], list[Trace]]:
    """The events of a drive that are traced, and the traces that were kept of it, oldest first."""
    settings = settings or Settings()
    monitor = Monitor(settings, saved=saved)
    recorder = TraceRecorder(settings, folder, monitor.remembers, lambda key: f"0000abcd-{key}")
    recorder.start()
    told: list[Event] = []
    for signals in drive:
        state, events = monitor.step(signals)
        for event in events:
            recorder.event(event)
        recorder.state(state, signals)
        told += (event for event in events if event.category in CATEGORIES)
    recorder.close()
    return told, [load(path) for path in reversed(recorder.store.all())]
