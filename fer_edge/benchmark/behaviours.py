"""False and missed events for everything drivers do with eyes, head and hands, before each mounting of the camera.

The signals are simulated: what the eye networks say is drawn from :mod:`readings`, the rest from the noise of
perception. ``networks`` is whose readings: ``ideal``, or a name in readings.json.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from fer_edge.core import DriverState, Event, Phase, Signals
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import MEASURED, Camera, Driver, signals
from fer_edge.monitoring.simulation.alert import alert_drive, anyone
from fer_edge.monitoring.simulation.behaviours import (
    BEHAVIOURS,
    MOUNTINGS,
    QUIET,
    TOLD_S,
    Behaviour,
    Done,
    Mounting,
    acts_of,
    looks_away,
    reads_instruments,
    strew,
)
from fer_edge.monitoring.simulation.networks import Network, networks
from fer_edge.settings import Settings

CAMERA = Camera(fps=15, jitter=0.2, loss=0.02)
LATE_S = 0.3
"""An event may come so much late, seconds."""
EVERY_S = 75.0
"""In alert drives something of this is done so often."""
NO_NOISE_OF_EYES = replace(MEASURED, probability_spread=0.0, openness_spread=0.0)

Progress = Callable[[str, float], None]


def network_before(name: str, mounting: Mounting) -> Network | None:
    """The eye network behind this camera; None: ideal."""
    return None if name == "ideal" else networks(name)[mounting.name]


def driver_before(mounting: Mounting, random: Random, settings: Settings, network: Network | None) -> Driver:
    """Anybody, seen from this mounting."""
    driver = anyone(random, settings.monitoring.calibration.open_prior)
    return replace(driver, yaw=-mounting.yaw + random.gauss(0, 4), pitch=-mounting.pitch, network=network)


def told(monitor: Monitor, drive: Iterable[Signals]) -> Iterator[tuple[DriverState, Event | None]]:
    """Every state with each event that came with it."""
    for frame in drive:
        state, events = monitor.step(frame)
        yield state, None
        for event in events:
            yield state, event


def judge(
    done: Sequence[Done],
    heard: Iterable[tuple[DriverState, Event | None]],
    away: Sequence[tuple[float, float]] = (),
) -> dict[str, Any]:
    """What was said wrongly of these acts, and what was not said.

    A yawn may be told of a yawn, and a distraction in one of the looks ``away`` (start and end, seconds), whichever
    acts made it 3 s long. ``judged`` is the share of frames within acts in which the state of the eyes was known.
    """
    tally = _Tally(done, away)
    for state, event in heard:
        if event is None:
            tally.frame(state)
        elif event.phase is not Phase.END and event.category in ("fatigue", "attention"):
            tally.event(event, state.at)
    due = [number for number, act in enumerate(done) if act.distracts and act.end - act.start >= TOLD_S]
    missed = [done[number] for number in due if number not in tally.found]
    return {
        "acts": len(done),
        "false_fatigue": dict(tally.fatigue),
        "false_distracted": dict(tally.distracted),
        "chance_distracted": tally.by_chance,
        "due": len(due),
        "missed": len(missed),
        "missed_acts": [f"{act.name} at {act.start:.1f} s" for act in missed],
        "judged": round(tally.known / tally.frames, 3) if tally.frames else None,
        "examples": tally.examples[:10],
    }


class _Tally:
    """What was told of the acts so far. ``found`` are the numbers of those that were rightly called a distraction."""

    def __init__(self, done: Sequence[Done], away: Sequence[tuple[float, float]]) -> None:
        self._done, self._away = done, away
        self.fatigue: Counter[str] = Counter()
        self.distracted: Counter[str] = Counter()
        self.found: set[int] = set()
        self.frames = self.known = self.by_chance = 0
        self.examples: list[dict[str, Any]] = []

    def frame(self, state: DriverState) -> None:
        """A frame within an act counts."""
        number = _act_at(self._done, state.at)
        if number is not None and state.at <= self._done[number].end:
            self.frames += 1
            self.known += state.eyes_closed is not None or state.eyes_down is True

    def event(self, event: Event, at: float) -> None:
        """A start or an update of fatigue or attention."""
        number = _act_at(self._done, at)
        name = None if number is None else self._done[number].name
        if event.category == "attention" and event.phase is Phase.START:
            if self._rightly_distracted(number, at):
                return
            self.distracted[str(event.details.get("reason"))] += 1
        elif event.category == "fatigue":
            if event.event_type == "yawn" and name and "yawn" in name:
                return
            self.fatigue[event.event_type] += 1
        self.examples.append({"at": round(at, 2), "event_type": event.event_type, "act": name})

    def _rightly_distracted(self, number: int | None, at: float) -> bool:
        act = None if number is None else self._done[number]
        if number is not None and act and act.distracts and at <= act.end + LATE_S:
            self.found.add(number)
            return True
        by_chance = any(start + TOLD_S - LATE_S <= at <= end + LATE_S for start, end in self._away)
        self.by_chance += by_chance
        return by_chance


def _act_at(done: Sequence[Done], at: float) -> int | None:
    """The act at this time, or up to 3 s before it: what is told late belongs to it."""
    for number, act in enumerate(done):
        if act.start <= at <= act.end + 3.0:
            return number
    return None


def row(
    behaviour: Behaviour, mounting: Mounting, count: int, name: str, settings: Settings, seed: int
) -> dict[str, Any]:
    """``count`` acts of a behaviour before a camera, each ten by another driver."""
    parts = []
    for number in range(0, count, 10):
        random = Random(f"{seed} {behaviour.name} {mounting.name} {number}")
        story, done = acts_of(behaviour, min(10, count - number), random)
        driver = driver_before(mounting, random, settings, network_before(name, mounting))
        drive = signals(story, CAMERA, NO_NOISE_OF_EYES, driver, random.randrange(1 << 30))
        away = looks_away(story, settings.monitoring.distraction)
        parts.append(judge(done, told(Monitor(settings), drive), away))
    return {"behaviour": behaviour.name, "mounting": mounting.name, **summed(parts)}


def summed(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Several judgements as one."""
    judged = [part["judged"] for part in parts if part["judged"] is not None]
    return {
        "acts": sum(part["acts"] for part in parts),
        "false_fatigue": dict(sum((Counter(part["false_fatigue"]) for part in parts), Counter())),
        "false_distracted": dict(sum((Counter(part["false_distracted"]) for part in parts), Counter())),
        "chance_distracted": sum(part["chance_distracted"] for part in parts),
        "due": sum(part["due"] for part in parts),
        "missed": sum(part["missed"] for part in parts),
        "missed_acts": [act for part in parts for act in part["missed_acts"]][:10],
        "judged": round(sum(judged) / len(judged), 3) if judged else None,
        "examples": [example for part in parts for example in part["examples"]][:10],
    }


def rows(count: int, name: str, settings: Settings, seed: int, progress: Progress) -> list[dict[str, Any]]:
    """The whole table."""
    found = []
    for place, mounting in enumerate(MOUNTINGS):
        found += [row(behaviour, mounting, count, name, settings, seed) for behaviour in BEHAVIOURS]
        progress("behaviours", (place + 1) / len(MOUNTINGS))
    return found


def alert_hours(wanted_h: float, name: str, settings: Settings, seed: int, progress: Progress) -> dict[str, Any]:
    """Hours of alert driving with all that is quiet done in it: every fatigue event is false."""
    parts, left_s, number = [], wanted_h * 3600.0, 0
    while left_s > 0.5:
        random = Random(f"{seed} alert behaviours {number}")
        story = alert_drive(min(left_s, 3600.0), random, reads_instruments)
        done = strew(story, random, QUIET, EVERY_S, 70.0)
        mounting = MOUNTINGS[number % 2]
        driver = driver_before(mounting, random, settings, network_before(name, mounting))
        drive = signals(story, CAMERA, NO_NOISE_OF_EYES, driver, random.randrange(1 << 30))
        part = judge(done, told(Monitor(settings), drive), looks_away(story, settings.monitoring.distraction))
        parts.append(part | {"examples": [{"drive": number, **example} for example in part["examples"]]})
        left_s -= story.seconds
        number += 1
        progress("alert drivers, all behaviours", 1 - left_s / (wanted_h * 3600.0))
    result = summed(parts)
    per_hour = {reason: round(count / wanted_h, 3) for reason, count in result["false_distracted"].items()}
    return {"hours": round(wanted_h, 3), **result, "distracted_per_hour": per_hour}


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """The result for a person."""
    alert = result["alert"]
    yield f"Simulated behaviours, networks {result['networks']}:"
    yield (
        f"  alert drivers, {alert['hours']:g} h simulated: false fatigue {_counts(alert['false_fatigue'])}; distracted"
        f" {_counts(alert['distracted_per_hour'])} a simulated hour; judged {_share(alert['judged'], 1)}"
    )
    yield (
        f"  distractions told rightly besides, since acts that met by chance took the eyes off the road for "
        f"{TOLD_S:g} s: {alert['chance_distracted']}"
    )
    if not result["table"]:
        yield "  each behaviour on its own: none in so short a time; use --drives 2h or more"
        return
    yield f"  {'':<26}{'acts':>6}{'false fatigue':>15}{'false distr.':>14}{'missed':>12}{'judged':>8}"
    for name in dict.fromkeys(one[key] for key in ("behaviour", "mounting") for one in result["table"]):
        part = summed([one for one in result["table"] if name in (one["behaviour"], one["mounting"])])
        missed = f"{part['missed']} of {part['due']}" if part["due"] else "-"
        wrong, distracted = (sum(part[key].values()) for key in ("false_fatigue", "false_distracted"))
        yield f"  {name:<26}{part['acts']:>6}{wrong:>15}{distracted:>14}{missed:>12}{_share(part['judged']):>8}"


def _share(judged: float | None, digits: int = 0) -> str:
    return "-" if judged is None else f"{judged:.{digits}%}"


def _counts(counts: Mapping[str, float]) -> str:
    return ", ".join(f"{kind} {count:g}" for kind, count in sorted(counts.items())) or "none"
