"""The package used from Python, as ``help(fer_edge)`` shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import fer_edge
from fer_edge.core import Frame
from fer_edge.errors import SourceLost, SourceUnavailable
from fer_edge.pipeline import opened
from fer_edge.settings import CameraSettings
from fer_edge.sources import make_source


@pytest.fixture
def sleepy(tmp_path: Path) -> str:
    script = tmp_path / "sleepy.txt"
    script.write_text("0 awake\n3 eyes-closed\n8 end\n")
    return f"sim:{script}"


def test_the_example_of_the_package_tells_that_a_driver_falls_asleep(
    sleepy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    example = dedent(str(fer_edge.__doc__).partition("::\n")[2])
    assert "drive.mp4" in example
    exec(example.replace("drive.mp4", sleepy), {})
    said = capsys.readouterr().out
    assert "microsleep start" in said
    assert "sleep update" in said


def test_the_examples_of_the_simulated_driver_run_as_they_stand() -> None:
    page = (Path(__file__).parents[1] / "docs" / "simulated-driver.md").read_text("utf-8")
    truth, people = (part.partition("```")[0] for part in page.split("```python\n")[1:])
    known: dict[str, Any] = {}
    exec(truth, known)
    assert known["truth"].faces == 1 and not known["truth"].eyes_closed
    exec(people.replace("range(100)", "range(1)").replace("each=24", "each=2"), known)
    assert known["example"].left.seen in (True, False)


def test_a_source_is_closed_after_its_block_however_that_ends(sleepy: str) -> None:
    source = make_source(sleepy, CameraSettings(), paced=False)

    def first(frames: Iterator[Frame]) -> Frame:
        raise RuntimeError(f"no use for frame {next(frames).number}")

    with pytest.raises(RuntimeError, match="frame 0"), opened(source) as frames:
        first(frames)
    with pytest.raises(SourceLost, match="not open"):
        source.read()


def test_a_source_that_is_not_there_says_so_before_the_block(tmp_path: Path) -> None:
    source = make_source(str(tmp_path / "missing.mp4"), CameraSettings(), paced=False)
    with pytest.raises(SourceUnavailable, match="no such video file"), opened(source):
        pytest.fail("the block runs without frames")
