"""The simulated driver as a source: its truth, its pace, and failing as a camera does."""

from __future__ import annotations

import contextlib
import functools
import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_edge.core import Frame
from fer_edge.errors import EndOfSource, SourceLost, SourceUnavailable
from fer_edge.settings import CameraSettings
from fer_edge.sources import make_source
from fer_edge.sources.live import Clock
from fer_edge.sources.simulated import SimulatedSource


def source_of(
    tmp_path: Path, script: str, *, paced: bool = False, clock: Clock = time.monotonic, **settings: object
) -> SimulatedSource:
    path = tmp_path / "script.txt"
    path.write_text(script)
    source = make_source(f"sim:{path}", CameraSettings(**settings), clock=clock, paced=paced)
    assert isinstance(source, SimulatedSource)
    return source


def clock_of_looks(step_s: float = 0.02) -> Clock:
    """Time that goes on with every look at it: the same on a machine that draws a face in 5 ms or in half a second."""
    return functools.partial(next, itertools.count(100.0, step_s))


def frames_of(source: SimulatedSource) -> Iterator[Frame]:
    source.open()
    while True:
        try:
            yield source.read()
        except EndOfSource:
            source.close()
            return


def test_the_truth_of_a_frame_is_known_and_the_same_every_time(tmp_path: Path) -> None:
    script = "seed 5\n0 awake\n0.5 eyes-closed passenger\n1 awake covered=0.8\n1.5 end"
    runs = []
    for _ in range(2):
        source = source_of(tmp_path, script, fps=20)
        runs.append([(frame.at, frame.image.tobytes(), source.truth_of(frame)) for frame in frames_of(source)])
    assert runs[0] == runs[1]
    assert source.frames == len(runs[0]) == 30
    assert [at for at, _, _ in runs[0]] == pytest.approx([n / 20 for n in range(30)])
    asleep = runs[0][19][2]
    assert (asleep.eyes_closed, asleep.openness, asleep.faces, asleep.covered) == (True, 0.0, 2, False)
    assert runs[0][29][2].covered
    assert not runs[0][5][2].eyes_closed


def test_size_and_turning_are_as_configured(tmp_path: Path) -> None:
    source = source_of(tmp_path, "0 awake\n1 end", width=320, height=240, rotation=90, roi=(0, 0, 1, 0.5))
    source.open()
    assert source.read().image.shape == (160, 240, 3)


def test_another_frame_rate_can_be_asked_for(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("0 awake\n2 end")
    source = make_source(f"sim:{tmp_path / 's.txt'}", CameraSettings(), paced=False, fps=5)
    assert len(list(frames_of(source))) == 10


def test_in_real_time_it_keeps_pace_and_stamps_by_the_clock(tmp_path: Path) -> None:
    source = source_of(tmp_path, "0 awake\n1 end", paced=True, fps=10)
    began = time.monotonic()
    frames = list(frames_of(source))
    assert 0.85 < time.monotonic() - began < 10
    assert all(began <= frame.at <= time.monotonic() for frame in frames)
    assert source.live
    assert source.truth_of(frames[0]).at == pytest.approx(0, abs=1e-6)


def test_a_frozen_camera_is_lost_stays_lost_and_comes_back(tmp_path: Path) -> None:
    script = "0 awake\n0.3 frozen\n2.5 awake\n20 end"
    source = source_of(tmp_path, script, paced=True, clock=clock_of_looks(), stall_s=0.5)
    source.open()
    with pytest.raises(SourceLost, match=r"frozen, the same picture for 0\.5 s") as lost:
        while True:
            last = source.read()
    assert 0.3 < source.truth_of(last).at < 2.5
    assert lost
    with pytest.raises(SourceUnavailable, match="still frozen"):
        source.open()
    source.close()
    assert opened_again(source).at > last.at + 0.5


def test_an_unplugged_camera_is_lost_at_once_and_comes_back(tmp_path: Path) -> None:
    source = source_of(tmp_path, "0 awake\n0.3 unplugged\n1.5 awake\n20 end", paced=True, clock=clock_of_looks())
    source.open()
    with pytest.raises(SourceLost, match="unplugged"):
        while True:
            last = source.read()
    assert source.truth_of(last).at < 0.3
    with pytest.raises(SourceUnavailable, match="unplugged"):
        source.open()
    assert source.truth_of(opened_again(source)).at >= 1.5


def opened_again(source: SimulatedSource, tries: int = 1000) -> Frame:
    for _ in range(tries):
        with contextlib.suppress(SourceUnavailable):
            source.open()
            return source.read()
    raise AssertionError("it did not come back")


def test_replayed_a_freeze_repeats_the_picture_and_an_unplugged_time_is_left_out(tmp_path: Path) -> None:
    source = source_of(tmp_path, "0 awake\n1 frozen\n2 unplugged\n3 awake\n4 end", fps=10)
    frames = list(frames_of(source))
    assert [round(frame.at, 1) for frame in frames] == [n / 10 for n in (*range(20), *range(30, 40))]
    assert len({frame.image.tobytes() for frame in frames[10:20]}) == 1
    assert len({frame.image.tobytes() for frame in frames[:10]}) == 10


@pytest.mark.parametrize(("last", "loop"), [("repeat", False), ("end", True)])
def test_it_repeats_in_real_time_where_script_or_settings_say_so_but_is_replayed_once(
    tmp_path: Path, last: str, loop: bool
) -> None:
    script = f"0 awake\n0.5 eyes-closed\n1 {last}"
    once = source_of(tmp_path, script, fps=10, loop=loop)
    assert once.frames == len(list(frames_of(once))) == 10
    looped = source_of(tmp_path, script, paced=True, clock=clock_of_looks(0.05), fps=10, loop=loop)
    looped.open()
    seen = [looped.truth_of(looped.read()) for _ in range(18)]
    assert looped.frames is None
    assert [truth.eyes_closed for truth in seen] == [round(10 * truth.at) % 10 >= 6 for truth in seen]
    assert seen[-1].at > 1.6


def test_close_wakes_a_reader_that_waits(tmp_path: Path) -> None:
    source = source_of(tmp_path, "0 awake\n90 end", paced=True, fps=0.1)
    source.open()
    source.read()
    threading.Timer(0.2, source.close).start()
    began = time.monotonic()
    with pytest.raises(SourceLost):
        source.read()
    assert time.monotonic() - began < 5
