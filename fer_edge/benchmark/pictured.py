"""Drives at picture level: the simulated head acts, the shipped networks see, the rules judge. All of it is simulated.

Each drive is ten minutes of another person, of whom no network has learned, before another mounting of the camera, with
everything of :mod:`behaviours` in it, and ends in sleep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from fer_edge.benchmark.acted import frames
from fer_edge.benchmark.behaviours import Progress, judge, summed
from fer_edge.core import DriverState, Event, Phase
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import Camera, Story
from fer_edge.monitoring.simulation.alert import blinks
from fer_edge.monitoring.simulation.behaviours import BEHAVIOURS, MOUNTINGS, Done, Mounting, looks_away, strew
from fer_edge.perception.reader import Perception
from fer_edge.settings import Settings
from fer_edge.sources.sim.looks import STRANGERS

CAMERA = Camera(fps=15)
DRIVE_S, LEARN_S, ASLEEP_S = 600.0, 65.0, 8.0
EVERY_S = 12.0
Heard = list[tuple[DriverState, Event | None]]


def drive(random: Random, seconds: float) -> tuple[Story, list[Done], float]:
    """The story of a drive, what is done in it, and when the driver falls asleep at its end."""
    story = Story(seconds)
    done = strew(story, random, BEHAVIOURS, EVERY_S, LEARN_S)
    asleep = seconds - ASLEEP_S
    blinks(story, random, until=asleep - 1)
    story.closed(asleep, seconds)
    return story, done, asleep


def heard(story: Story, mounting: Mounting, person: int, settings: Settings, seed: int) -> Heard:
    """Every state and event of a drive that this person acts before this camera."""
    perception, monitor, said = Perception(settings), Monitor(settings), Heard()
    for frame in frames(story, CAMERA, mounting, person, seed):
        state, events = monitor.step(perception.read(frame))
        said.append((state, None))
        said += [(state, event) for event in events]
    return said


def measure(wanted_h: float, settings: Settings, seed: int, progress: Progress) -> dict[str, Any]:
    """So many simulated hours; the rows are drives."""
    count = max(round(wanted_h * 3600 / DRIVE_S), 1)
    seconds = wanted_h * 3600 / count
    settings = settings.model_copy(update={"emotion": settings.emotion.model_copy(update={"enabled": False})})
    rows = []
    for number in range(count):
        random, mounting = Random(f"{seed} pictured {number}"), MOUNTINGS[number % len(MOUNTINGS)]
        story, done, asleep = drive(random, seconds)
        said = heard(story, mounting, STRANGERS + number, settings, seed + number)
        away = looks_away(story, settings.monitoring.distraction)
        part = judge(done, [(state, event) for state, event in said if state.at < asleep], away)
        told = [event.at - asleep for state, event in said if event and state.at >= asleep and _is_sleep(event)]
        rows.append(
            {
                "drive": number,
                "mounting": mounting.name,
                **part,
                "slept": round(told[0], 2) if told else None,
            }
        )
        progress("acted drives", (number + 1) / count)
    return {"hours": round(wanted_h, 3), "drives": rows, "all": summed(rows)}


def _is_sleep(event: Event) -> bool:
    return event.phase is not Phase.END and event.event_type in ("microsleep", "sleep", "unresponsive")


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """The result for a person."""
    yield f"{result['hours']:g} h simulated, acted by the simulated head and seen by the networks:"
    yield (
        f"  {'drive':<6}{'mounting':<20}{'acts':>5}{'false fatigue':>15}{'false distr.':>14}"
        f"{'missed':>10}{'judged':>8}{'sleep told':>12}"
    )
    for row in [*result["drives"], {"drive": "all", "mounting": "", "slept": None, **result["all"]}]:
        wrong, distracted = (sum(row[key].values()) for key in ("false_fatigue", "false_distracted"))
        slept = "" if row["drive"] == "all" else "never" if row["slept"] is None else f"{row['slept']:.1f} s"
        yield (
            f"  {row['drive']:<6}{row['mounting']:<20}{row['acts']:>5}{wrong:>15}{distracted:>14}"
            f"{row['missed']:>5} of {row['due']:<2}{row['judged'] or 0:>8.0%}{slept:>12}"
        )
