"""Why did it alarm? A trace judged again: what held, since when, and what came nearest to preventing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_edge.reports.conditions import Condition, conditions
from fer_edge.reports.prevented import Prevention, preventions, same
from fer_edge.reports.retrace import judge, settings_of

if TYPE_CHECKING:
    from fer_edge.core import Event
    from fer_edge.sinks.traces import Trace


@dataclass(frozen=True)
class Explanation:
    """``told`` is the event as the kept signals tell it again, None where they do not; what held; what prevents it.

    ``frames``, ``seconds``, ``faces`` and ``eyes`` are how much was kept, and the shares of it with a face and with
    eyes that could be judged.
    """

    told: Event | None
    conditions: tuple[Condition, ...]
    preventions: tuple[Prevention, ...]
    frames: int
    seconds: float
    faces: float
    eyes: float


def explain(trace: Trace) -> Explanation:
    """Judge a trace again by the rules of then. Raises ConfigError where this version does not know them."""
    settings = settings_of(trace)
    event: Event | None = None
    held: list[Condition] = []
    for judged in judge(trace, settings):
        if judged.moment is None or event is not None:
            continue
        found = next((each for each in judged.events if each.phase != "end" and same(each, trace)), None)
        if found is not None:
            event, held = found, conditions(found, judged.moment, judged.signals, settings)
    times = [at for at in trace.columns["at"] if at is not None]
    count = len(times)
    return Explanation(
        told=event,
        conditions=tuple(held),
        preventions=tuple(preventions(trace)) if event else (),
        frames=count,
        seconds=times[-1] - times[0] if times else 0.0,
        faces=_known(trace.columns["x"]),
        eyes=_known(trace.columns["eyes_closed"]),
    )


def _known(values: list[float | None]) -> float:
    return sum(value is not None for value in values) / len(values) if values else 0.0
