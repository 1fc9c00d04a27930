"""Simulated drives: false alarms of alert drivers, closures missed, people who differ, the cost of a step.

``fer-edge benchmark --drives 100h`` drives so long with the measured noise of perception, a tenth as
long with it twice and five times as bad, plants 10 microsleeps and draws 100 drivers per hour. As long again
drivers laugh, squint, eat and look into their laps, with eye signals drawn from what the networks say of such lids;
each of these acts is judged on its own, before cameras mounted everywhere, and drivers fall asleep in every order of
lids and head. How exactly events start is measured at three frame rates, whatever the hours.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from fer_edge.benchmark import behaviours, sleepers, starts
from fer_edge.benchmark.behaviours import CAMERA, Progress
from fer_edge.core import Event, Phase
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import MEASURED, Camera, Noise, Story, signals
from fer_edge.monitoring.simulation.alert import alert_drive, anyone, microsleeps
from fer_edge.settings import Settings

COARSE = Camera(fps=1.25)
"""Enough to learn a driver's open eyes; the closures after it are seen at the usual rate."""

ALARMS = ("fatigue", "attention")
WORSE = {"1x": 1.0, "2x": 2.0, "5x": 5.0}
MICROSLEEPS_PER_HOUR, DRIVERS_PER_HOUR = 10, 100
ACTS_PER_HOUR, SLEEPERS_PER_HOUR = 0.4, 10
"""Acts of each behaviour before each mounting of the camera, and drivers who fall asleep."""
WORSE_SHARE = 0.1
MOST_EXAMPLES = 20
"""False alarms that are told with their place, so that they can be looked into."""


def measure(wanted_h: float, seed: int, settings: Settings, progress: Progress, networks: str) -> dict[str, Any]:
    """Everything, as JSON-able values; the same for the same hours, seed and settings, times apart."""
    began = time.perf_counter()
    alert = [
        alert_hours(
            name, wanted_h * (1.0 if factor == 1.0 else WORSE_SHARE), MEASURED.times(factor), settings, seed, progress
        )
        for name, factor in WORSE.items()
    ]
    count, asleep = round(ACTS_PER_HOUR * wanted_h), round(SLEEPERS_PER_HOUR * wanted_h)
    return {
        "seed": seed,
        "fps": CAMERA.fps,
        "alert": alert,
        "behaviours": {
            "networks": networks,
            "alert": behaviours.alert_hours(wanted_h, networks, settings, seed, progress),
            "table": behaviours.rows(count, networks, settings, seed, progress) if count else [],
            "sleepers": sleepers.measure(asleep, networks, settings, seed, progress) if asleep else {},
        },
        "starts": [starts.measure(fps, seed, settings) for fps in starts.RATES],
        "microsleeps": _planted(max(round(MICROSLEEPS_PER_HOUR * wanted_h), 1), settings, seed, progress),
        "people": _people(max(round(DRIVERS_PER_HOUR * wanted_h), 1), settings, seed, progress),
        "step_us": step_us(settings, seed),
        "seconds": round(time.perf_counter() - began, 1),
    }


def alert_hours(
    name: str,
    wanted_h: float,
    noise: Noise,
    settings: Settings,
    seed: int,
    progress: Progress,
) -> dict[str, Any]:
    """Hours of alert driving, another driver each hour: every alarm is a false one."""
    told: Counter[str] = Counter()
    examples: list[dict[str, Any]] = []
    frames, left_s, number = 0, wanted_h * 3600.0, 0
    while left_s > 0.5:
        random = Random(f"{seed} {name} {number}")
        story = alert_drive(min(left_s, 3600.0), random)
        driver = anyone(random, settings.monitoring.calibration.open_prior)
        monitor = Monitor(settings)
        for frame in signals(story, CAMERA, noise, driver, seed=random.randrange(1 << 30)):
            frames += 1
            for event in monitor.step(frame)[1]:
                if event.phase is not Phase.START or event.category == "emotion":
                    continue
                told[event.event_type] += 1
                if event.category in ALARMS and len(examples) < MOST_EXAMPLES:
                    examples.append({"drive": number, "at": round(event.at, 2), "event_type": event.event_type})
        left_s -= story.seconds
        number += 1
        progress(f"alert drivers, noise {name}", 1 - left_s / (wanted_h * 3600.0))
    view = {kind: told.pop(kind, 0) for kind in ("absent", "view_degraded")}
    return {
        "noise": name,
        "hours": round(wanted_h, 3),
        "frames": frames,
        "false_alarms": sum(told.values()),
        "by_type": {kind: count for kind, count in sorted(told.items()) if count},
        "examples": examples,
        "view": view,
    }


def step_us(settings: Settings, seed: int) -> dict[str, float]:
    """CPU time of a step, microseconds, away from what makes the signals.

    Over twenty stretches of a drive: the median, and the least, which a busy machine disturbs less.
    """
    random = Random(f"{seed} cost")
    drive = list(signals(alert_drive(900.0, random), CAMERA, MEASURED, seed=seed))
    monitor, costs = Monitor(settings), []
    for part in range(20):
        stretch = drive[part * len(drive) // 20 : (part + 1) * len(drive) // 20]
        began = time.process_time()
        for frame in stretch:
            monitor.step(frame)
        costs.append((time.process_time() - began) / len(stretch) * 1e6)
    return {"p50": round(sorted(costs)[10], 1), "min": round(min(costs), 1)}


def _planted(count: int, settings: Settings, seed: int, progress: Progress) -> dict[str, Any]:
    """Microsleeps planted in drives of fifty, with the measured noise."""
    found, late, left, number = 0, [], count, 0
    while left > 0:
        random = Random(f"{seed} microsleeps {number}")
        story, closures = microsleeps(min(left, 50), random)
        events = _events(story, MEASURED, settings, random)
        starts = [e for e in events if e.event_type in ("microsleep", "sleep") and e.phase is not Phase.END]
        for start, end in closures:
            own = [e.at for e in starts if start < e.at <= end + 0.5]
            found += bool(own)
            late += [own[0] - start - settings.monitoring.closure.microsleep_s] if own else []
        left -= len(closures)
        number += 1
        progress("microsleeps", 1 - left / count)
    late.sort()
    return {
        "planted": count,
        "missed": count - found,
        "within_0_2_s": round(sum(abs(x) <= 0.2 for x in late) / max(len(late), 1), 4),
        "late_s_p50": round(late[len(late) // 2], 3) if late else None,
        "late_s_p99": round(late[int(len(late) * 0.99)], 3) if late else None,
    }


def _events(story: Story, noise: Noise, settings: Settings, random: Random) -> list[Event]:
    monitor = Monitor(settings)
    driver = anyone(random, settings.monitoring.calibration.open_prior)
    drive = signals(story, CAMERA, noise, driver, seed=random.randrange(1 << 30))
    return [event for frame in drive for event in monitor.step(frame)[1]]


def _people(count: int, settings: Settings, seed: int, progress: Progress) -> dict[str, Any]:
    """Drivers drawn from the population, before a network that calls narrow eyes closed."""
    random = Random(f"{seed} people")
    flagged = found = fooled = 0
    learn_s = settings.monitoring.calibration.full_s + 10
    noise = Noise(openness_spread=MEASURED.openness_spread)
    for number in range(count):
        driver = anyone(random, settings.monitoring.calibration.open_prior, fooled=True)
        fooled += driver.closed(driver.openness, False) >= 0.5
        monitor = Monitor(settings)
        for frame in signals(Story(learn_s), COARSE, noise, driver, seed=number):
            state, _ = monitor.step(frame)
        flagged += state.eyes_closed is not False
        closure = Story(learn_s + 4).closed(learn_s + 1.5, learn_s + 3.5)
        told = [
            event
            for frame in signals(closure, CAMERA, noise, driver, seed=number, start=learn_s)
            for event in monitor.step(frame)[1]
        ]
        found += any(e.event_type == "microsleep" and abs(e.began_at - learn_s - 1.5) < 0.2 for e in told)
        if number % 20 == 0:
            progress("people", number / count)
    return {
        "drivers": count,
        "flagged_by_the_network_alone": round(fooled / count, 5),
        "flagged_for_good": round(flagged / count, 5),
        "closures_found": round(found / count, 5),
    }


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """The result for a person."""
    yield f"Alert drivers at {result['fps']:g} fps, seed {result['seed']}:"
    yield f"{'noise':<7}{'hours':>8}{'false alarms':>14}   by type"
    for row in result["alert"]:
        kinds = ", ".join(f"{kind} {count}" for kind, count in row["by_type"].items()) or "none"
        yield f"{row['noise']:<7}{row['hours']:>8g}{row['false_alarms']:>14}   {kinds}"
    planted, people = result["microsleeps"], result["people"]
    yield from ("", *behaviours.lines(result["behaviours"]), *sleepers.lines(result["behaviours"]["sleepers"]))
    yield from ("", *starts.lines(result["starts"]))
    yield (
        f"Microsleeps: {planted['planted']} planted, {planted['missed']} missed, "
        f"{planted['within_0_2_s']:.1%} told within 0.2 s of their time"
    )
    yield (
        f"People: {people['drivers']} drivers, {people['flagged_for_good']:.2%} flagged permanently "
        f"(by the network alone {people['flagged_by_the_network_alone']:.1%}), "
        f"{people['closures_found']:.2%} of closures found"
    )
    yield f"A step of monitoring: {result['step_us']['p50']} us CPU (least {result['step_us']['min']})"
    yield f"All of it took {result['seconds']:.0f} s"
