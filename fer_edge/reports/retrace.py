"""Judging a trace again: the monitor over the signals that were kept, with the rules of then or others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fer_edge import config
from fer_edge.monitoring import Monitor

if TYPE_CHECKING:
    from fer_edge.core import DriverState, Event, Signals
    from fer_edge.monitoring.moment import Moment
    from fer_edge.settings import Settings
    from fer_edge.sinks.traces import Trace


class Judged(NamedTuple):
    """One frame of a trace and what it comes to."""

    signals: Signals
    state: DriverState
    events: tuple[Event, ...]
    moment: Moment | None


def settings_of(trace: Trace, overrides: Sequence[str] = (), changed: Mapping[str, Any] | None = None) -> Settings:
    """The settings by which a trace was judged, with ``--set`` overrides or single values changed.

    Raises ConfigError where the rules of then are none that this version knows, or a change breaks them.
    """
    given = dict(_flat(trace.settings, "")) | (dict(changed) if changed else {})
    named = {override.partition("=")[0] for override in overrides}
    kept = [(name, value) for name, value in given.items() if name not in named]
    return config.load(None, overrides, [*kept, ("emotion.enabled", False)])


def judge(trace: Trace, settings: Settings) -> Iterator[Judged]:
    """Take every frame of a trace through the rules; the last events are those that its end cuts off."""
    monitor = Monitor(settings)
    last: Signals | None = None
    for signals, km_h in trace.frames():
        if last is None:
            monitor.recall(trace.memory, signals.at)
        if km_h is not None:
            monitor.speed(km_h, signals.at, 1.0)
        state, events = monitor.step(signals)
        last = signals
        yield Judged(signals, state, events, monitor.moment)
    if last is not None:
        yield Judged(last, state, monitor.abort(last.at, "end_of_source"), None)


def _flat(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield from _flat(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", inner
