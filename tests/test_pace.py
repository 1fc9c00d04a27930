"""A machine that is late or hot looks at fewer frames, and at more again when it can."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.service.pace import Pace
from fer_edge.settings.health import HealthSettings


class Thermometer:
    """What a processor says of itself."""

    def __init__(self) -> None:
        self.celsius: float | None = None
        self.throttled: bool | None = None

    def __call__(self) -> tuple[float | None, bool | None]:
        return self.celsius, self.throttled


def made(fps: float = 30.0, sense: Thermometer | None = None, **settings: Any) -> Pace:
    return Pace(HealthSettings(**settings), fps, sense or Thermometer())


def drive(pace: Pace, began: float, seconds: float, busy_s: float) -> list[float]:
    """A camera of 30 frames a second for so long; the times of the frames looked at."""
    looked = []
    for n in range(int(seconds * 30)):
        at = began + n / 30
        if pace.admit(at):
            looked.append(at)
            pace.looked(at + busy_s, busy_s)
    return looked


def rate(times: list[float]) -> float:
    return (len(times) - 1) / (times[-1] - times[0])


def test_a_machine_that_keeps_up_looks_at_every_frame() -> None:
    pace = made()
    assert len(drive(pace, 0, 60, 0.01)) == 1800 and pace.fps is None


def test_a_late_machine_halves_its_rate_within_ten_seconds() -> None:
    pace = made()
    drive(pace, 0, 10, 0.030)
    assert pace.fps == 15
    assert rate(drive(pace, 10, 4, 0.030)) == pytest.approx(15, rel=0.02)


def test_a_very_late_machine_goes_down_to_five_and_no_further() -> None:
    pace = made()
    drive(pace, 0, 60, 0.5)
    assert pace.fps == 5
    assert rate(drive(pace, 60, 10, 0.01)) == pytest.approx(5, rel=0.05)


def test_it_rises_step_by_step_only_after_it_was_easy_for_long() -> None:
    pace = made()
    drive(pace, 0, 10, 0.030)
    drive(pace, 10, 25, 0.005)
    assert pace.fps == 15, "not yet"
    drive(pace, 35, 20, 0.005)
    assert pace.fps is None


def test_it_does_not_swing_where_the_next_rate_would_be_too_much() -> None:
    pace = made()
    drive(pace, 0, 10, 0.030)
    drive(pace, 10, 300, 0.030)
    assert pace.fps == 15, "30 frames of 30 ms would be late again"


def hot(celsius: float) -> Thermometer:
    sense = Thermometer()
    sense.celsius = celsius
    return sense


def test_heat_slows_it_down_until_it_is_clearly_cooler() -> None:
    sense = hot(81)
    pace = made(sense=sense, hot_c=80)
    drive(pace, 0, 6, 0.005)
    assert pace.fps == 15
    sense.celsius = 78
    drive(pace, 6, 120, 0.005)
    assert pace.fps == 15, "below hot, but not cool"
    sense.celsius = 70
    drive(pace, 126, 60, 0.005)
    assert pace.fps is None


def test_a_throttled_processor_counts_as_hot() -> None:
    sense = Thermometer()
    sense.throttled = True
    pace = made(sense=sense)
    drive(pace, 0, 6, 0.005)
    assert pace.fps == 15


def test_it_can_be_switched_off() -> None:
    pace = made(sense=hot(100), adaptive=False)
    drive(pace, 0, 60, 0.5)
    assert pace.fps is None


@given(fps=st.floats(6, 60), jitter=st.lists(st.floats(0, 0.02), min_size=200, max_size=200))
def test_at_any_camera_rate_the_rate_looked_at_stays_near_what_was_decided(fps: float, jitter: list[float]) -> None:
    pace = made(fps)
    at = 0.0
    for n in range(200):
        at = n / fps
        pace.looked(at, 1 / fps)
    if pace.fps is None:
        return
    times = [at + n / fps + late for n, late in enumerate(jitter)]
    looked = [t for t in times if pace.admit(t)]
    assert rate(looked) <= pace.fps * 1.2


def test_a_clock_that_jumps_does_not_stop_it() -> None:
    pace = made()
    drive(pace, 1000, 10, 0.030)
    assert pace.admit(5.0), "a frame from before the jump back is looked at"
    assert pace.admit(9000.0)


@pytest.mark.parametrize(
    ("celsius", "throttled", "why"),
    [
        (85.0, False, "the processor is at 85 °C"),
        (55.0, True, "the processor is throttled at 55 °C"),
        (None, True, "the processor is throttled"),
    ],
)
def test_why_it_looks_at_fewer_frames_is_told(
    celsius: float | None, throttled: bool, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    sense = Thermometer()
    sense.celsius, sense.throttled = celsius, throttled
    drive(made(sense=sense), 0, 6, 0.01)
    assert [r.getMessage() for r in caplog.records] == [f"reduced to 15 frames/s: {why}"]
