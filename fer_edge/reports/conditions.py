"""What held when an event was told: each condition of its rule with its value, its limit and since when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_edge import words
from fer_edge.monitoring.rules.distracted import long_s

if TYPE_CHECKING:
    from fer_edge.core import Event, Signals
    from fer_edge.monitoring.moment import Moment
    from fer_edge.settings import Settings


@dataclass(frozen=True)
class Condition:
    """One condition that held: in words, its value and limit as text, and when it began on the frames' clock."""

    what: str
    value: str
    limit: str = ""
    since: float | None = None


def conditions(event: Event, now: Moment, signals: Signals, settings: Settings) -> list[Condition]:
    """The conditions of the rule behind an event that a moment told, the telling one first."""
    rules = settings.monitoring
    coverage = event.details.get("coverage")
    found = list(_of(event, now, signals, settings))
    if isinstance(coverage, float):
        found.append(
            Condition("share of frames judged", _percent(coverage), f"at least {_percent(rules.filter.coverage)}")
        )
    return found


def _of(event: Event, now: Moment, signals: Signals, settings: Settings) -> Iterator[Condition]:
    match event.event_type, event.details.get("reason"):
        case ("microsleep" | "sleep" | "unresponsive") as kind, None:
            yield from _closure(event, now, signals, settings, kind)
        case ("sleep" | "unresponsive") as kind, "lids_down":
            yield from _lids(event, now, settings, kind)
        case "sleep", "slump":
            yield from _slump(event, now, settings)
        case "unresponsive", _:
            limit = settings.monitoring.distraction.answer_s
            yield _held("no response to a distraction: eyes not open and ahead", event, f"{limit:g} s after its limit")
        case "drowsy", _:
            yield from _drowsy(event, settings)
        case "yawn", _:
            limits = settings.monitoring.yawn
            yield _held("mouth wide open", event, f"from {limits.open_s:g} s")
            yield Condition("eyes not narrowed as in a laugh", _yes(not now.mouth.laughs))
        case "nod", _:
            yield from _nod(event, now, settings)
        case "distracted", _:
            yield from _distracted(event, now, signals, settings)


def _held(what: str, event: Event, limit: str) -> Condition:
    return Condition(what, f"{event.held_s:.2f} s", limit, event.began_at)


def _closure(event: Event, now: Moment, signals: Signals, settings: Settings, kind: str) -> Iterator[Condition]:
    rules = settings.monitoring
    yield _held("eyes shut", event, f"{kind} from {getattr(rules.closure, kind + '_s'):g} s")
    if signals.eyes_closed is not None:
        yield Condition("probability of shut, this frame", _percent(signals.eyes_closed))
    if now.eyes.openness is not None:
        limit = f"indicates shut below {_percent(rules.calibration.shut)}"
        yield Condition("openness, relative to this driver's open eyes", _percent(now.eyes.openness), limit)
    if now.eyes.evidence is not None:
        limit = f"shut from {_percent(rules.filter.begins_above)}, smoothed"
        yield Condition("both combined", _percent(now.eyes.evidence), limit)
    yield Condition("eyes looking down under lowered lids", _yes(now.lids.eyes_down))
    if now.lids.undecided:
        yield Condition("may be a look down, but came soon after a sign of fatigue", "yes")
    if now.mouth.wide_s:
        yield Condition("mouth wide open", f"{now.mouth.wide_s:.2f} s", "not a closure if the yawn began before it")


def _lids(event: Event, now: Moment, settings: Settings, kind: str) -> Iterator[Condition]:
    limit = getattr(settings.monitoring.closure, kind + "_s")
    yield _held("lids down, shut or lowered", event, f"{kind} from {limit:g} s")
    if kind == "sleep":
        yield Condition("head dropped or rolled further", _yes(now.lids.sinking), "or a sign of fatigue before")


def _slump(event: Event, now: Moment, settings: Settings) -> Iterator[Condition]:
    rules = settings.monitoring.closure
    yield Condition("face lost", f"{now.face.held_s:.2f} s", f"from {rules.slump_lost_s:g} s", now.face.since)
    yield _held("eyes shut before that", event, f"face lost within {rules.slump_s:g} s")


def _drowsy(event: Event, settings: Settings) -> Iterator[Condition]:
    rules = settings.monitoring.drowsy
    perclos, yawns = event.details.get("perclos"), event.details.get("yawns")
    limit = rules.warning if event.level == "warning" else rules.advisory
    if perclos is not None:
        yield Condition(
            f"eyes closed of the last {rules.window_s:g} s", _percent(perclos, 1), f"from {_percent(limit)}"
        )
    yield Condition(f"yawns in {rules.yawns_s:g} s", str(yawns), f"from {rules.yawns}")


def _nod(event: Event, now: Moment, settings: Settings) -> Iterator[Condition]:
    rules = settings.monitoring.nod
    moved = words.reason(str(event.details.get("reason")))
    yield Condition(moved, "yes", f"{rules.drop_deg:g}° or more within {rules.within_s:g} s", event.began_at)
    shut_s = now.eyes.closure_s or now.eyes.held_s
    yield Condition("eyes shut before that", f"{shut_s:.2f} s", f"from {rules.closed_s:g} s, the head still up")


def _distracted(event: Event, now: Moment, signals: Signals, settings: Settings) -> Iterator[Condition]:
    rules, head, details = settings.monitoring.distraction, now.head, event.details
    where = words.looking(str(details.get("looking") or "away"))
    by = "the lids and " if now.lids.eyes_down else ""
    if details.get("reason") == "shared":
        limit = f"from {rules.shared_s:g} s within {rules.shared_window_s:g} s"
        yield Condition(f"looked away, total (now {where})", f"{details.get('shared_s', 0.0):.2f} s", limit)
    else:
        yield _held(
            f"looked {where}, by {by}the {details.get('by') or 'eyes'}", event, f"from {_long_s(now, settings):g} s"
        )
    named = ((rules.yaw_deg, "aside"), (rules.pitch_deg, "down"), (rules.up_deg, "up"))
    away = ", ".join(f"{limit:g}° {way}" for limit, way in named if limit)
    beyond = f"away beyond {away}" if away else "never away"
    for name, yaw, pitch in (("gaze", head.gaze_yaw, head.gaze_pitch), ("head", head.yaw, head.pitch)):
        if yaw is not None and pitch is not None:
            yield Condition(f"{name} from straight ahead", f"{_aside(yaw)}, {_up(pitch)}", beyond)
    speed = "unknown" if head.km_h is None else f"{head.km_h:.0f} km/h"
    yield Condition("speed", speed, f"no event below {rules.min_km_h:g} km/h")


def _long_s(now: Moment, settings: Settings) -> float:
    lids_s = settings.monitoring.closure.sleep_s
    if (now.lids.down_s or 0.0) + now.slack_s >= lids_s:
        return lids_s
    return long_s(settings.monitoring, now.head.km_h)


def _percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f} %"


def _yes(value: bool | None) -> str:
    return "unknown" if value is None else "yes" if value else "no"


def _aside(yaw: float) -> str:
    return f"{abs(yaw):.0f}° {'left' if yaw > 0 else 'right'}"


def _up(pitch: float) -> str:
    return f"{abs(pitch):.0f}° {'up' if pitch > 0 else 'down'}"
