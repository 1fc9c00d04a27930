"""A week of driving takes no more memory than an hour."""

from __future__ import annotations

import gc
import sys
from dataclasses import replace

from fer_edge.core import Signals
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import Camera, Story, signals
from tests.monitoring.telling import settings

HOUR = 3600.0


def busy_hour() -> Story:
    """Something of everything, again and again."""
    story = Story(HOUR)
    for at in range(0, int(HOUR), 60):
        story.closed(at + 5, at + 5.2).closed(at + 10, at + 12)
        story.during(at + 20, at + 24, mouth=True).during(at + 30, at + 35, yaw=45.0)
        story.during(at + 40, at + 42, face=False).during(at + 45, at + 50, emotion="happy")
    return story


def blocks() -> int:
    """What the interpreter holds, in blocks of memory: every number, tuple and event kept is one at least.

    tracemalloc would tell bytes, at ten times the time.
    """
    gc.collect()
    return sys.getallocatedblocks()


def after(monitor: Monitor, hours: range, hour: list[Signals]) -> int:
    """Blocks held after these hours of driving."""
    for number in hours:
        for frame in hour:
            monitor.step(replace(frame, at=frame.at + number * HOUR))
    return blocks()


def test_a_simulated_week_in_constant_memory() -> None:
    """A frame every 53 s for 168 hours, all of them judged: memory after twelve hours and at the end."""
    monitor = Monitor(settings(monitoring={"filter": {"gap_s": 59, "bridge_s": 59}}))
    hour = list(signals(busy_hour(), Camera(fps=1 / 53)))
    early = after(monitor, range(12), hour)
    late = after(monitor, range(12, 168), hour)
    assert late - early < 156, "not one block an hour"


def test_fast_cameras_take_no_more_memory() -> None:
    """At 100 frames a second: memory after 70 s, when every window is full, and after 140 s."""
    monitor, sizes = Monitor(settings()), []
    for number, frame in enumerate(signals(busy_hour(), Camera(fps=100))):
        monitor.step(frame)
        if number in (7000, 14000):
            sizes.append(blocks())
        if number == 14000:
            break
    assert sizes[1] - sizes[0] < 100
