"""The Pi's camera through a program with the interface of rpicam-vid: it runs, stalls, dies, is missing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from fer_edge.errors import SourceLost, SourceUnavailable
from fer_edge.settings import CameraSettings
from fer_edge.sources import make_source
from fer_edge.sources.live import LiveSource

PROGRAM = '''#!{python}
"""Takes the options of rpicam-vid and writes YUV 4:2:0 to its standard output, as CAMERA says."""
import argparse, os, sys, time
options = argparse.ArgumentParser()
for name in ("--camera", "--width", "--height", "--timeout"):
    options.add_argument(name, type=int, required=True)
options.add_argument("--framerate", type=float, required=True)
options.add_argument("--codec", choices=["yuv420"], required=True)
options.add_argument("--output", choices=["-"], required=True)
options.add_argument("--nopreview", action="store_true", required=True)
options.add_argument("--flush", action="store_true", required=True)
args = options.parse_args()
open(os.environ["LOG"], "a").write(f"{{os.getpid()}} {{args.camera}} {{args.width}}x{{args.height}}\\n")
how = os.environ["CAMERA"]
sys.stderr.write("[0:28:40] INFO Camera camera_manager.cpp:284 libcamera v0.3.0\\n" * (5000 if how == "chatty" else 1))
if how == "none":
    sys.exit("ERROR: *** no cameras available ***")
for number in range(10**9):
    if number == 10 and how == "die":
        sys.exit("ERROR: *** Camera frontend has timed out! ***")
    if number == 10 and how == "stall":
        time.sleep(60)
    luma = bytes([16 + (number * 5 + column) % 200 for column in range(args.width)]) * args.height
    part = luma + bytes([128]) * (len(luma) // 2)
    sys.stdout.buffer.write(part[: len(part) // 2] if number == 10 and how == "torn" else part)
    if number == 10 and how == "torn":
        sys.exit(0)
    sys.stdout.buffer.flush()
    time.sleep(1 / args.framerate)
'''

SETTINGS = CameraSettings(width=200, height=97, fps=60, stall_s=0.7)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "bin" / "rpicam-vid"
    path.parent.mkdir()
    path.write_text(PROGRAM.format(python=os.path.realpath("/proc/self/exe")))
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent), prepend=os.pathsep)
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setenv("CAMERA", "live")
    return path


def source_of(number: int = 0, settings: CameraSettings = SETTINGS) -> LiveSource:
    source = make_source(f"csi:{number}", settings, paced=True)
    assert isinstance(source, LiveSource)
    return source


def starts(tmp_path: Path) -> list[list[str]]:
    return [line.split() for line in (tmp_path / "log").read_text().splitlines()]


def running(pid: str) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_the_luma_plane_is_the_picture(program: Path, tmp_path: Path) -> None:
    source = source_of(1)
    source.open()
    frames = [source.read() for _ in range(5)]
    assert source.about == "YUV420 192x96 at 60 fps"
    source.close()
    image = frames[-1].image
    # A width that libcamera would pad is rounded to the next that it does not, a height to an even one.
    assert (image.shape, image.dtype) == ((96, 192), np.uint8)
    assert (np.diff(image[0].astype(int)) % 200 == 1).all()
    assert (image == image[0]).all()
    assert starts(tmp_path)[0][1:] == ["1", "192x96"]
    assert not running(starts(tmp_path)[0][0])


def test_a_program_that_says_much_does_not_stop_for_it(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA", "chatty")  # more than a pipe holds
    source = source_of()
    source.open()
    assert source.read().image.shape == (96, 192)
    source.close()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("die", "Camera frontend has timed out"),
        ("torn", r"ended \(exit 0\)"),
        ("stall", r"no picture for 0\.7 s"),
    ],
)
def test_its_death_or_stall_is_a_loss_and_opening_starts_it_again(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, words: str
) -> None:
    monkeypatch.setenv("CAMERA", how)
    source = source_of()
    for _ in range(2):
        source.open()
        last = time.monotonic()
        with pytest.raises(SourceLost, match=words):
            while True:
                source.read()
                last = time.monotonic()
        assert time.monotonic() - last < 5
        source.close()
    pids = [start[0] for start in starts(tmp_path)]
    assert len(set(pids)) == 2
    assert not any(running(pid) for pid in pids)


def test_no_camera_at_all_is_said_in_its_words(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA", "none")
    with pytest.raises(SourceUnavailable, match="no cameras available") as told:
        source_of().open()
    assert "\n" not in str(told.value)


def test_without_the_program_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceUnavailable, match="sudo apt install rpicam-apps"):
        source_of().open()


def test_a_program_that_cannot_be_started_is_said(program: Path) -> None:
    program.write_text("#!/nowhere/python\n")
    with pytest.raises(SourceUnavailable, match="cannot be started"):
        source_of().open()


def test_the_older_name_of_the_program_will_do(program: Path) -> None:
    program.rename(program.with_name("libcamera-vid"))
    source = source_of()
    source.open()
    source.close()
