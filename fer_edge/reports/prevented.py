"""What would have prevented an event: each setting of its rule, changed until the stored signals no longer give it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fer_edge.errors import ConfigError
from fer_edge.reports.retrace import judge, settings_of

if TYPE_CHECKING:
    from fer_edge.core import Event
    from fer_edge.settings import Settings
    from fer_edge.sinks.traces import Trace

MOST = 3.0
"""A setting is moved up to this many times its value, or down to that part of it."""
_STEPS = 7
_CLOSURE = ("microsleep", "sleep", "unresponsive")
_EYES = (
    ("filter.begins_above", "eyes count as shut only with more certainty", True),
    ("calibration.shut", "only narrower eyes indicate shut", False),
    ("filter.coverage", "a larger share must have been judged", True),
    ("yawn.longest_s", "a yawn may account for more time", True),
    ("lids.passed_deg", "a smaller head movement may be a look down", False),
)
_KNOBS: dict[str, tuple[tuple[str, str, bool], ...]] = {
    "microsleep": (("closure.microsleep_s", "a longer closure", True), *_EYES),
    "sleep": (("closure.sleep_s", "a longer closure", True), *_EYES),
    "unresponsive": (
        ("closure.unresponsive_s", "lids down for longer", True),
        ("distraction.answer_s", "longer without a response", True),
        *_EYES,
    ),
    "drowsy": (
        ("drowsy.advisory", "more time with closed eyes", True),
        ("drowsy.warning", "more time with closed eyes", True),
        ("drowsy.min_closure_s", "longer closures count as blinks", True),
        ("drowsy.yawns", "more yawns", True),
    ),
    "yawn": (("yawn.open_s", "mouth open for longer", True), ("yawn.open_share", "fewer interruptions", True)),
    "nod": (
        ("nod.drop_deg", "a larger head drop", True),
        ("nod.closed_s", "eyes shut for longer before it", True),
        ("nod.within_s", "a faster head drop", False),
    ),
    "distracted": (
        ("distraction.long_s", "a longer look", True),
        ("distraction.shared_s", "more looks in total", True),
        ("distraction.yaw_deg", "further to the side", True),
        ("distraction.pitch_deg", "further down", True),
        ("distraction.up_deg", "further up", True),
        ("closure.sleep_s", "lids down for longer", True),
        ("filter.coverage", "a larger share must have been judged", True),
    ),
}


@dataclass(frozen=True)
class Prevention:
    """A setting at which the event would not have been told: its value then, and the nearest one that prevents it."""

    setting: str
    words: str
    value: float
    prevents: float

    @property
    def change(self) -> float:
        """How far that is, as a share of the value."""
        return abs(self.prevents / self.value - 1.0) if self.value else float("inf")


def same(event: Event, trace: Trace) -> bool:
    """Whether an event is the one of the trace, or more than that: its kind, or a higher one, at its time."""
    wanted, told = trace.event_type, event.event_type
    higher = wanted in _CLOSURE and told in _CLOSURE[_CLOSURE.index(wanted) :]
    rise = next(phase for phase in trace.phases if phase.event_type == wanted)
    began = rise.at - rise.held_s
    return (told == wanted or higher) and began - 1.0 <= event.at <= trace.phases[-1].at + 1.0


def told(trace: Trace, settings: Settings) -> bool:
    """Whether these settings tell the trace's event."""
    return any(same(event, trace) for judged in judge(trace, settings) for event in judged.events)


def preventions(trace: Trace) -> list[Prevention]:
    """Every setting that alone would have prevented it, the nearest first."""
    found = list(_all(trace))
    return sorted(found, key=lambda prevention: prevention.change)


def _all(trace: Trace) -> Iterator[Prevention]:
    base = settings_of(trace)
    for name, words, up in _KNOBS.get(trace.event_type, ()):
        section, _, field = name.partition(".")
        value = getattr(getattr(base.monitoring, section), field)
        setting = f"monitoring.{name}"
        if value and (nearest := _nearest(trace, setting, value, up)) is not None:
            yield Prevention(setting, words, value, nearest)


def _nearest(trace: Trace, setting: str, value: float, up: bool) -> float | None:
    """The value nearest to ``value`` that prevents it, to a hundredth of the way; None where none does."""
    whole = isinstance(value, int)
    near, far = value, _furthest(trace, setting, value, up, whole)
    furthest = _given(trace, setting, far, whole)
    if furthest is None or told(trace, furthest):
        return None
    for _ in range(_STEPS):
        middle = (near + far) / 2
        given = _given(trace, setting, middle, whole)
        if given is None or told(trace, given):
            near = middle
        else:
            far = middle
    return float(round(far)) if whole else far


def _furthest(trace: Trace, setting: str, value: float, up: bool, whole: bool) -> float:
    """How far the setting may be moved: another may bound it, as unresponsive_s bounds sleep_s."""
    valid, far = value, value * MOST if up else value / MOST
    if _given(trace, setting, far, whole) is not None:
        return far
    for _ in range(_STEPS):
        middle = (valid + far) / 2
        if _given(trace, setting, middle, whole) is None:
            far = middle
        else:
            valid = middle
    return valid


def _given(trace: Trace, setting: str, value: float, whole: bool) -> Settings | None:
    changed: dict[str, Any] = {setting: round(value) if whole else value}
    try:
        return settings_of(trace, changed=changed)
    except ConfigError:
        return None
