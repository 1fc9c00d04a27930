"""A singer takes breath between two held notes, and the camera misreads half of it: that is no yawn."""

from __future__ import annotations

from fer_edge.core import Box, Face, Signals
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.face import MouthReader
from fer_edge.settings import Settings
from fer_edge.settings.monitoring import FilterSettings

FACE = Face(Box(200, 100, 150, 200), 0.9, track=1)
FPS = 15


def told(mouth: str) -> list[str]:
    """The events of a mouth that is O wide open or . closed, frame by frame at 15 a second."""
    monitor, events = Monitor(Settings()), []
    for n, letter in enumerate("." * FPS + mouth + "." * FPS):
        signals = Signals(
            n / FPS, n, face=FACE, faces=1, eyes_closed=0.02, mouth_open=0.97 if letter == "O" else 0.03,
            yaw=0.0, pitch=0.0, roll=0.0,
        )  # fmt: skip
        events += [event.event_type for event in monitor.step(signals)[1] if event.phase == "start"]
    return events


def test_two_notes_with_a_breath_misread_in_its_middle_are_no_yawn() -> None:
    assert "yawn" not in told("O" * 17 + ".OO." + "O" * 17)


def test_one_misread_frame_does_not_hide_a_yawn() -> None:
    assert told("O" * 12 + "." + "O" * 15).count("yawn") == 1


def test_a_mouth_that_is_wide_open_from_the_first_frame_of_a_file_is_seen_so_all_the_time() -> None:
    reader = MouthReader(FilterSettings())
    last = [reader.step(Signals(n / 10, n, mouth_open=0.97), 0.1) for n in range(3)][-1]
    assert (last.wide_s, last.coverage) == (0.2, 1.0)
