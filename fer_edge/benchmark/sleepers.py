"""Drivers who fall asleep in every order of lids and head, and when it is told. All of it is simulated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from fer_edge.benchmark.behaviours import CAMERA, LATE_S, NO_NOISE_OF_EYES, Progress, driver_before, network_before
from fer_edge.core import Event, Level, Phase
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import Story, signals
from fer_edge.monitoring.simulation.alert import blinks
from fer_edge.monitoring.simulation.behaviours import MOUNTINGS
from fer_edge.settings import Settings

ORDERS = {"eyes first": 0.4, "head and lids together": 0.3, "head first": 0.15, "head already low": 0.15}
"""Shares of the sleepers."""
LEARN_S, ASLEEP_S = 72.0, 9.0
BLINK_S = 1.0
"""None blinks so shortly before: a blink and the closure after it would be one."""
SLOW_KM_H = 10.0
"""Half of them roll slower than the speed under which distraction is quiet."""


@dataclass(frozen=True, slots=True)
class Sleeper:
    """One who falls asleep ``at`` (the lids), in an ``order``, with an earlier sign of tiredness or none."""

    order: str
    at: float
    sign: bool
    slow: bool
    story: Story


def sleeper(order: str, random: Random, sign: bool, slow: bool) -> Sleeper:
    """Draw one."""
    at = LEARN_S + random.uniform(12, 20)
    story = Story(at + ASLEEP_S)
    blinks(story, random, until=at - BLINK_S)
    if sign:
        start = LEARN_S + random.uniform(0, 3)
        if random.random() < 0.5:
            story.during(start, start + random.uniform(2.5, 5), mouth=True)
        else:
            story.closed(start, start + random.uniform(0.9, 1.3))
    low = random.uniform(-32, -15)
    match order:
        case "eyes first":
            sinks = at + random.uniform(1.0, 4.0)
        case "head and lids together":
            sinks = at + random.uniform(-0.4, 0.2)
        case "head first":
            sinks = at - random.uniform(1.0, 2.2)
        case _:
            sinks, low = at - random.uniform(8, 11), random.uniform(-22, -13)
    taken = random.uniform(0.4, 1.2)
    story.moving(sinks, sinks + taken, "pitch", 0.0, low)
    story.during(sinks + taken, story.seconds, pitch=low)
    story.closed(at, story.seconds)
    return Sleeper(order, at, sign, slow, story)


def heard(one: Sleeper, name: str, settings: Settings, random: Random) -> list[Event]:
    """What the monitor says of a sleeper."""
    mounting = MOUNTINGS[random.randrange(2)]
    driver = driver_before(mounting, random, settings, network_before(name, mounting))
    monitor = Monitor(settings)
    events: list[Event] = []
    for frame in signals(one.story, CAMERA, NO_NOISE_OF_EYES, driver, random.randrange(1 << 30)):
        if one.slow:
            monitor.speed(SLOW_KM_H, frame.at)
        events += monitor.step(frame)[1]
    return events


def faults(one: Sleeper, events: list[Event]) -> list[str]:
    """What was due and did not come in time; nothing where all is well.

    In all cases a warning after 3.0 s and a critical event after 6.0 s of lids down; who shuts the eyes first is told
    after 1.5 s; where there was a sign before, it is sleep after 3.0 s.
    """
    due = [event for event in events if event.phase is not Phase.END and event.at >= one.at + 0.5]
    asleep = [event for event in due if event.event_type in ("microsleep", "sleep", "unresponsive")]
    found = []
    if not any(event.level.rank >= Level.WARNING.rank and event.at <= one.at + 3.0 + LATE_S for event in due):
        found.append("no warning at 3.0 s")
    if not any(event.level is Level.CRITICAL and event.at <= one.at + 6.0 + LATE_S for event in due):
        found.append("nothing critical at 6.0 s")
    if one.order == "eyes first" and not any(abs(event.at - one.at - 1.5) <= LATE_S for event in asleep):
        found.append("not detected at 1.5 s")
    if one.sign and not any(event.level is Level.CRITICAL and event.at <= one.at + 3.0 + LATE_S for event in asleep):
        found.append("no sleep at 3.0 s after a sign")
    return found


def measure(count: int, name: str, settings: Settings, seed: int, progress: Progress) -> dict[str, Any]:
    """``count`` sleepers: by order how many there were, and what was missed."""
    orders = [order for order, share in ORDERS.items() for _ in range(round(share * count))]
    result: dict[str, Any] = {order: {"sleepers": 0, "missed": 0, "faults": {}, "examples": []} for order in ORDERS}
    for number, order in enumerate(orders):
        random = Random(f"{seed} sleeper {number}")
        one = sleeper(order, random, sign=number % 2 == 0, slow=number % 4 < 2)
        wrong = faults(one, heard(one, name, settings, random))
        part = result[order]
        part["sleepers"] += 1
        part["missed"] += bool(wrong)
        for fault in wrong:
            part["faults"][fault] = part["faults"].get(fault, 0) + 1
        if wrong and len(part["examples"]) < 5:
            part["examples"].append({"number": number, "faults": wrong, "sign": one.sign, "slow": one.slow})
        if number % 10 == 9 or number + 1 == len(orders):
            progress("sleepers", (number + 1) / len(orders))
    return result


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """The result for a person."""
    drawn = {order: part for order, part in result.items() if part["sleepers"]}
    if not drawn:
        yield "Simulated sleepers: none in so short a time; use --drives 30m or more"
        return
    yield "Simulated sleepers (a warning after 3.0 s and critical after 6.0 s in all cases):"
    for order, part in drawn.items():
        faults_told = (
            ", ".join(f"{fault}: {count}" for fault, count in part["faults"].items()) or "all detected in time"
        )
        yield f"  {order:<26}{part['sleepers']:>6}{part['missed']:>6} missed   {faults_told}"
