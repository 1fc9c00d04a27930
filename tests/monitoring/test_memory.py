"""A week of driving takes no more memory than an hour."""

from __future__ import annotations

import gc
import tracemalloc
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


def memory_after(monitor: Monitor, hours: range, hour: list[Signals]) -> int:
    """Bytes held after these hours of driving."""
    for number in hours:
        for frame in hour:
            monitor.step(replace(frame, at=frame.at + number * HOUR))
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_a_simulated_week_in_constant_memory() -> None:
    """A frame every 53 s for 168 hours, all of them judged: memory after twelve hours and at the end."""
    monitor = Monitor(settings(monitoring={"filter": {"gap_s": 59, "bridge_s": 59}}))
    hour = list(signals(busy_hour(), Camera(fps=1 / 53)))
    tracemalloc.start()
    try:
        early = memory_after(monitor, range(12), hour)
        late = memory_after(monitor, range(12, 168), hour)
    finally:
        tracemalloc.stop()
    assert late - early < 20_000


def test_fast_cameras_take_no_more_memory() -> None:
    """At 100 frames a second: memory after 70 s, when every window is full, and after 140 s."""
    monitor, sizes = Monitor(settings()), []
    tracemalloc.start()
    try:
        for number, frame in enumerate(signals(busy_hour(), Camera(fps=100))):
            monitor.step(frame)
            if number in (7000, 14000):
                gc.collect()
                sizes.append(tracemalloc.get_traced_memory()[0])
            if number == 14000:
                break
    finally:
        tracemalloc.stop()
    assert sizes[1] - sizes[0] < 20_000
