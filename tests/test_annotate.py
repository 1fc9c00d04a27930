"""A copy of a video with everything drawn in: whole, at its own speed, and never over what was there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.commands import encoders
from tests.conftest import NO_EMOTION, Run, clean_environment
from tests.fakes import wait_until


@pytest.mark.parametrize("name", ["copy.mp4", "copy.avi", "copy.mkv", "copy.mov"])
def test_annotate_draws_every_frame_into_a_copy(fer_edge: Run, clip: Path, tmp_path: Path, name: str) -> None:
    result = fer_edge("annotate", clip, name, NO_EMOTION)
    assert result.returncode == 0, result.stderr
    copy, original = cv2.VideoCapture(str(tmp_path / name)), cv2.VideoCapture(str(clip))
    count = 0
    while True:
        (drawn, picture), (_, before) = copy.read(), original.read()
        if not drawn:
            break
        count += 1
        assert picture.shape == before.shape
    assert count == 30
    assert copy.get(cv2.CAP_PROP_FPS) == pytest.approx(15, abs=0.1)


def test_a_picture_given_as_a_video_is_told_with_the_command_for_pictures(fer_edge: Run, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "driver.jpg"), np.full((120, 160, 3), 90, np.uint8))
    for words in (["annotate", "driver.jpg", "copy.mp4"], ["replay", "driver.jpg"]):
        result = fer_edge(*words)
        assert result.returncode == 0
        told = result.stderr.splitlines()[-1]
        assert told.endswith("driver.jpg: has only one frame; for a picture use fer-edge classify")


def test_annotate_refuses_to_overwrite_the_video_it_reads(fer_edge: Run, clip: Path) -> None:
    before = clip.read_bytes()
    result = fer_edge("annotate", clip, clip)
    assert result.returncode == 2 and clip.read_bytes() == before


@pytest.mark.parametrize(
    ("blocks", "code", "says"), [(0, 2, "cannot be written (File too"), (40, 1, "could not be written completely")]
)
def test_annotate_on_a_full_disk_says_so_and_leaves_the_last_copy(
    clip: Path, tmp_path: Path, blocks: int, code: int, says: str
) -> None:
    (tmp_path / "copy.mp4").write_text("the last one")
    command = [sys.executable, "-m", "fer_edge", "annotate", str(clip), "copy.mp4", NO_EMOTION]
    result = subprocess.run(
        ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", *command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=clean_environment(tmp_path),
        check=False,
    )
    assert result.returncode == code, result.stderr
    assert f"\ncopy.mp4: {says}" in f"\n{result.stderr}".replace("fer-edge: ", "")
    assert "Traceback" not in result.stderr
    assert [path.read_text() for path in tmp_path.glob("*copy*")] == ["the last one"]


def test_annotate_that_is_stopped_leaves_nothing_half_made(clip: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fer_edge", "annotate", "sim:demo", "copy.mp4", NO_EMOTION]
    with subprocess.Popen(command, cwd=tmp_path, env=clean_environment(tmp_path)) as annotating:
        assert wait_until(lambda: bool(list(tmp_path.glob("*copy*"))), 60)
        annotating.terminate()
        assert annotating.wait(30) == 128 + signal.SIGTERM
    assert not list(tmp_path.glob("*copy*"))


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_ctrl_c_is_no_full_disk(tmp_path: Path) -> None:
    """A terminal sends it to whatever runs in the foreground, ffmpeg included."""
    # Of tests that run in the background Ctrl-C would be ignored.
    program = ["env", "--default-signal=INT", sys.executable, "-m", "fer_edge"]
    command = [*program, "annotate", "sim:demo", "copy.mp4", NO_EMOTION]
    with subprocess.Popen(
        command, cwd=tmp_path, env=clean_environment(tmp_path), stderr=subprocess.PIPE, text=True, process_group=0
    ) as annotating:
        assert wait_until(lambda: any(part.stat().st_size for part in tmp_path.glob(".copy.part.mp4")), 60)
        os.killpg(annotating.pid, signal.SIGINT)
        _, said = annotating.communicate(timeout=30)
    assert (annotating.returncode, said) == (130, "")
    assert not list(tmp_path.glob("*copy*"))


def test_a_copy_plays_as_fast_as_a_video_whose_first_frame_stood_longer(fer_edge: Run, tmp_path: Path) -> None:
    from PIL import Image

    pictures = [Image.new("L", (160, 120), 8 * n) for n in range(30)]
    pictures[0].save(tmp_path / "slow.gif", save_all=True, append_images=pictures[1:], duration=[1000] + [70] * 29)
    assert fer_edge("annotate", "slow.gif", "copy.mp4", NO_EMOTION).returncode == 0
    copy = cv2.VideoCapture(str(tmp_path / "copy.mp4"))
    assert copy.get(cv2.CAP_PROP_FPS) == pytest.approx(1 / 0.07, rel=0.02)


def test_a_copy_can_have_a_rate_that_mpeg_4_does_not_know(fer_edge: Run, clip: Path, tmp_path: Path) -> None:
    done = fer_edge("annotate", clip, "copy.mp4", "--fps", "123.4567", NO_EMOTION)
    assert done.stderr.endswith("copy.mp4: 30 frames\n")
    assert cv2.VideoCapture(str(tmp_path / "copy.mp4")).get(cv2.CAP_PROP_FPS) == pytest.approx(123.46, abs=0.01)


def test_a_copy_has_the_pictures_that_change_their_size(fer_edge: Run, clip: Path, tmp_path: Path) -> None:
    capture = cv2.VideoCapture(str(clip))
    picture = capture.read()[1]
    sizes = [(320, 240)] * 5 + [(160, 120)] * 5
    pictures = [cv2.imencode(".jpg", cv2.resize(picture, size))[1].tobytes() for size in sizes]
    (tmp_path / "camera.mjpg").write_bytes(b"".join(pictures))
    done = fer_edge("annotate", "camera.mjpg", "copy.mp4", NO_EMOTION)
    assert done.stderr.endswith("copy.mp4: 10 frames\n")
    assert cv2.VideoCapture(str(tmp_path / "copy.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 10


def codec(path: Path) -> str:
    capture = cv2.VideoCapture(str(path))
    return int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode()


@pytest.mark.parametrize("size", [(320, 240), (161, 121)], ids=["even", "odd"])
def test_a_copy_is_what_browsers_and_phones_play(fer_edge: Run, tmp_path: Path, size: tuple[int, int]) -> None:
    if not encoders._of_ffmpeg():
        pytest.skip("no ffmpeg with H.264 here (sudo apt install ffmpeg)")
    writer = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 15.0, size)
    for n in range(6):
        writer.write(np.full((size[1], size[0], 3), 40 * n, np.uint8))
    writer.release()
    done = fer_edge("annotate", "clip.avi", "copy.mp4", NO_EMOTION)
    assert (done.returncode, done.stderr) == (0, "copy.mp4: 6 frames\n")
    assert codec(tmp_path / "copy.mp4") in ("h264", "avc1")


def test_without_ffmpeg_a_copy_is_vp9_and_how_slow_that_is_is_said_at_once(
    fer_edge: Run, clip: Path, tmp_path: Path
) -> None:
    nothing = tmp_path / "empty"
    nothing.mkdir()
    done = fer_edge("annotate", clip, "copy.mp4", NO_EMOTION, PATH=str(nothing))
    assert done.returncode == 0, done.stderr
    kind = codec(tmp_path / "copy.mp4")
    told = {"VP90": "written as VP9, which takes about 20 times", "FMP4": "which browsers and phones do not play"}
    assert kind in ("h264", "avc1") or told[kind if kind in told else "VP90"] in done.stderr.splitlines()[0]
