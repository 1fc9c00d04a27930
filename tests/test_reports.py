"""What replay draws and writes of a drive: nothing lost, unknown left blank, and one page that needs no other."""

from __future__ import annotations

import re
from argparse import Namespace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.commands import replay, timeline
from fer_edge.core import Box as Rectangle
from fer_edge.core import DriverState, Event, Face, Level, Phase, Signals
from fer_edge.errors import UsageError
from fer_edge.reports import page, plot
from fer_edge.reports.recording import COLUMNS, Recording
from fer_edge.settings import Settings
from tests.conftest import Run

pytest.importorskip("matplotlib", reason="no matplotlib here: pip install 'fer-edge[plot]'")


def told(recording: Recording, event_type: str, began: float, ended: float | None, level: Level = Level.INFO) -> None:
    key = len(recording.spans) + 1
    recording.event(Event(key, "fatigue", event_type, Phase.START, level, began + 1, began, 1.0))
    if ended is not None:
        why = {"reason": "unjudged"}
        last = Event(key, "fatigue", event_type, Phase.END, level, ended + 0.5, began, ended - began, why)
        recording.event(last)


@pytest.fixture
def drive() -> Recording:
    """A minute from 1000 s on: the first half without a face."""
    recording = Recording()
    face = Face(Rectangle(0, 0, 9, 9), 0.9)
    for n in range(600):
        at = 1000 + n / 10
        seen = n >= 300
        signals = Signals(at, n, face=face if seen else None, eyes_closed=0.25 if seen else None)
        recording.state(DriverState(at, eyes_closed=False if seen else None, perclos=0.1 if seen else None), signals)
    told(recording, "yawn", 1010, 1014)
    return recording


def test_unknown_is_neither_zero_nor_false(drive: Recording) -> None:
    assert np.isnan(drive.column("closed")[:300]).all() and (drive.column("closed")[300:] == 0).all()
    assert np.isnan(drive.column("eyes_closed")[0]) and drive.column("eyes_closed")[599] == 0.25
    assert drive.column("seen").sum() == 300 and np.isnan(drive.column("happy")).all()


def test_times_run_from_the_first_frame_and_stay_sharp_after_hours() -> None:
    recording = Recording()
    for n in range(3):
        recording.state(DriverState(400_000 + n / 240), Signals(0, n))
    assert recording.column("at").tolist() == pytest.approx([0, 1 / 240, 2 / 240], abs=1e-9)


def test_two_hours_are_kept_in_a_few_megabytes() -> None:
    recording = Recording()
    recording.state(DriverState(0.0), Signals(0.0, 0))
    frame = sum(column.itemsize for column in recording._columns.values())
    assert len(recording._columns) == len(COLUMNS)
    assert frame * 2 * 3600 * 30 < 17e6


def test_an_event_is_as_long_as_it_was_held_and_as_bad_as_it_got(drive: Recording) -> None:
    drive.event(Event(9, "fatigue", "microsleep", Phase.START, Level.WARNING, 1041.5, 1040, 1.5))
    drive.event(Event(9, "fatigue", "sleep", Phase.UPDATE, Level.CRITICAL, 1043, 1040, 3.0))
    drive.event(Event(9, "fatigue", "sleep", Phase.END, Level.CRITICAL, 1047, 1040, 5.0))
    told(drive, "drowsy", 1050, None)
    yawn, sleep, drowsy = drive.spans
    assert (yawn.began_s, yawn.ended_s, yawn.detail) == (10, 14, "ended: no longer visible")
    assert (sleep.event_type, sleep.level, sleep.began_s, sleep.ended_s) == ("sleep", Level.CRITICAL, 40, 45)
    assert drowsy.ongoing and drowsy.ended_s == pytest.approx(59.9)


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_the_drive_is_drawn(drive: Recording, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"drive.{kind}"
    plot.write(drive, Settings(), "Fahrt über Land $x^$", path)
    assert path.stat().st_size > 10_000
    if kind == "png":
        picture = cv2.imread(str(path))
        assert picture.shape[1] == 1440
        grey = (picture == (0xE9, 0xE5, 0xDF)).all(axis=2)
        columns = np.flatnonzero(grey.sum(axis=0) > 200)
        assert 500 < len(columns) < 700, "the half without a face is grey"
        assert columns[-1] < 850


@pytest.mark.parametrize("frames", [0, 1])
def test_a_drive_of_nothing_is_still_a_picture_and_a_page(frames: int, tmp_path: Path) -> None:
    recording = Recording()
    for n in range(frames):
        recording.state(DriverState(5.0), Signals(5.0, n))
    plot.write(recording, Settings(), "empty", tmp_path / "empty.png")
    assert "No events." in page.html(recording, Settings(), "empty")


class References(HTMLParser):
    """Everything a page would fetch, and its table cells."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.cells: list[str] = []
        self._cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._cell = tag == "td"
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        if self._cell and data.strip():
            self.cells.append(data)


def test_the_page_needs_no_other_and_lists_every_event(drive: Recording) -> None:
    text = page.html(drive, Settings(), "<b>drive</b> & co.mp4")
    read = References()
    read.feed(text)
    assert len(read.fetched) == 1 and read.fetched[0].startswith("data:image/png;base64,")
    assert read.cells == ["Yawning", "● info", "0:10.0", "0:14.0", "4.0", "ended: no longer visible"]
    assert "&lt;b&gt;drive&lt;/b&gt; &amp; co.mp4" in text and "<b>drive" not in text
    assert "50.0 %" in text and "10.0 %" in text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00.0"), (59.96, "1:00.0"), (68.44, "1:08.4"), (3725, "62:05.0")])
def test_a_time_reads_as_a_time(seconds: float, text: str) -> None:
    assert page.clock(seconds) == text


def test_the_lines_of_a_replay_never_say_sixty_seconds() -> None:
    assert [timeline.clock(seconds) for seconds in (0.0, 59.994, 59.996, 68.4)] == [
        "00:00.00", "00:59.99", "01:00.00", "01:08.40",
    ]  # fmt: skip


def test_replay_writes_both(fer_edge: Run, tmp_path: Path) -> None:
    script = tmp_path / "short.txt"
    script.write_text("0 awake\n1 eyes-closed\n5 awake\n8 end\n")
    arguments = ("--plot", "out.png", "--report", "out.html", "--set=emotion.enabled=false")
    result = fer_edge("replay", f"sim:{script}", *arguments)
    assert result.returncode == 0, result.stderr
    assert cv2.imread(str(tmp_path / "out.png")) is not None
    text = (tmp_path / "out.html").read_text("utf-8")
    assert re.search(r"<td>Asleep</td><td class=\"critical\">", text), result.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--plot", "out.jpg"), "the name must end in .png"),
        (("--report", "out.txt"), "the name must end in .html"),
        (("--plot", "no/such/out.png"), "the folder does not exist"),
    ],
)
def test_what_cannot_be_written_is_told_before_the_drive_is_replayed(
    fer_edge: Run, arguments: tuple[str, str], says: str
) -> None:
    result = fer_edge("replay", "sim:demo", *arguments)
    assert result.returncode == 2 and says in result.stderr and result.stdout == ""


def test_a_page_that_the_disk_has_no_room_for_is_told_by_its_name(drive: Recording, tmp_path: Path) -> None:
    out = tmp_path / "out.html"
    out.symlink_to("/dev/full")
    with pytest.raises(
        UsageError, match=r"/out\.html: cannot be written \(No space left on device\); choose a different"
    ):
        replay._write(Namespace(video="sim:demo", plot=None, report=out), drive, Settings())


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(ImportError, match="install matplotlib"):
        plot.check(Path("out.png"))
