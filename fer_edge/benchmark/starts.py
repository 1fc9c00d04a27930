"""How exactly events start at a camera's rate with jitter and lost frames: closures, yawns, turns at odd moments."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from fer_edge.core import Phase
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import Camera, Story, signals
from fer_edge.settings import Settings

RATES = (15, 25, 30)
"""Frames a second at which it is measured."""
JITTER, LOSS = 0.3, 0.2
"""Share of the interval to either side by which a frame comes early or late; share of frames lost."""
WITHIN_S = 0.2
PLANTED, DRIVES = 60, 4
"""Acts in a drive, and drives."""
CHANGE: dict[str, dict[str, Any]] = {"yawn": {"mouth": True}, "distracted": {"yaw": 40.0}}
"""What the driver does for it; shuts the eyes for the others."""


def due_s(settings: Settings) -> dict[str, float]:
    """After how long of it, in seconds, each event is due."""
    rules = settings.monitoring
    closure, yawn, distraction = rules.closure, rules.yawn, rules.distraction
    return {
        "microsleep": closure.microsleep_s,
        "sleep": closure.sleep_s,
        "yawn": yawn.open_s,
        "distracted": distraction.long_s,
    }


def quiet(settings: Settings) -> Settings:
    """Settings in which nothing but what is planted is told: drowsiness needs nearly closed eyes throughout."""
    rules = settings.monitoring
    changes = {
        "drowsy": rules.drowsy.model_copy(update={"advisory": 0.98, "warning": 0.99}),
        "closure": rules.closure.model_copy(update={"unresponsive_s": 3600.0}),
    }
    return settings.model_copy(update={"monitoring": rules.model_copy(update=changes)})


def planted(count: int, seed: int, after_s: Mapping[str, float]) -> tuple[Story, list[tuple[str, float]]]:
    """``count`` closures, yawns and turns at odd moments, 15 s or more apart, and what is due when (seconds)."""
    random, apart_s = Random(seed), max(15.0, max(after_s.values()) + 12.0)
    story, due = Story(30 + apart_s * count), []
    for number in range(count):
        start = 20 + apart_s * number + random.uniform(0, 2)
        kind = tuple(after_s)[number % len(after_s)]
        length = after_s[kind] + random.uniform(0.4, 1.2)
        change = CHANGE.get(kind, {"lids": 0.0})
        story.during(start, start + length, **change)
        due.append((kind, start + after_s[kind]))
        if kind == "sleep":
            due.append(("microsleep", start + after_s["microsleep"]))
    return story, due


def lateness(camera: Camera, seed: int, settings: Settings, count: int = PLANTED) -> list[tuple[float, float]]:
    """For everything due: (told - due, told - the first frame received once it showed), seconds.

    It shows, to whoever sees only the frames, when its time has passed since the first frame
    received in which it had begun. What was never told is infinitely late.
    """
    after_s = due_s(settings)
    story, due = planted(count, seed, after_s)
    frames = list(signals(story, camera, seed=seed))
    times = [frame.at for frame in frames]
    monitor = Monitor(quiet(settings))
    told: dict[str, list[float]] = {kind: [float("inf")] for kind in after_s}
    for frame in frames:
        for event in monitor.step(frame)[1]:
            if event.event_type in after_s and event.phase is not Phase.END:
                told[event.event_type].append(frame.at)
    result = []
    for kind, at in due:
        came = min(told[kind], key=lambda t: abs(t - at))
        begun = times[bisect_left(times, at - after_s[kind])]
        shows = times[bisect_left(times, begun + after_s[kind])]
        result.append((came - at, came - shows))
    return result


def share_within(late: Sequence[float]) -> float:
    """The share of starts no more than 0.2 s early or late."""
    return sum(abs(x) <= WITHIN_S for x in late) / len(late)


def measure(fps: float, seed: int, settings: Settings) -> dict[str, Any]:
    """The share of planted starts within 0.2 s at this rate, and the largest error."""
    camera = Camera(fps, jitter=JITTER, loss=LOSS)
    late = [x for number in range(DRIVES) for x, _ in lateness(camera, seed * 1000 + number, settings)]
    return {
        "fps": fps,
        "planted": len(late),
        "within_0_2_s": round(share_within(late), 4),
        "furthest_s": round(max(abs(x) for x in late), 3) if float("inf") not in late else None,
    }


def lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The result for a person."""
    yield f"Starts of planted events, jitter {JITTER:.0%}, {LOSS:.0%} of the frames lost:"
    for row in rows:
        worst = "some never told" if row["furthest_s"] is None else f"the furthest {row['furthest_s']:.2f} s"
        yield f"  {row['fps']:>3g} fps: {row['within_0_2_s']:.1%} of {row['planted']} within 0.2 s, {worst}"
