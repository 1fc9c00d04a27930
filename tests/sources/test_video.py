"""Video files: every frame, the file's own times, the pace, and what is said of bad ones."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.errors import EndOfSource, SourceLost, SourceUnavailable
from fer_edge.settings import CameraSettings
from fer_edge.sources import make_source, video
from fer_edge.sources.video import FrameTimes
from tests.sources.servers import scene

SETTINGS = CameraSettings()


def write_video(path: Path, code: str, fps: float, frames: int) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), fps, (160, 120))
    for number in range(frames):
        writer.write(scene(number))
    writer.release()
    return path


def read_all(source: object, most: int = 10_000) -> list:
    frames = []
    with pytest.raises(EndOfSource):
        for _ in range(most):
            frames.append(source.read())
    return frames


@pytest.mark.parametrize(("name", "code", "fps"), [("a.mp4", "mp4v", 25.0), ("a.avi", "MJPG", 12.5)])
def test_every_frame_comes_with_the_time_of_the_file(tmp_path: Path, name: str, code: str, fps: float) -> None:
    source = make_source(str(write_video(tmp_path / name, code, fps, 30)), SETTINGS, paced=False)
    source.open()
    assert (source.frames, source.fps, source.live) == (30, fps, False)
    frames = read_all(source)
    source.close()
    assert [frame.number for frame in frames] == list(range(30))
    assert [frame.at for frame in frames] == pytest.approx([n / fps for n in range(30)], abs=1e-3)
    assert np.abs(frames[7].in_colour().astype(int) - scene(7)).mean() < 6


def test_motion_jpeg_is_unpacked_to_luma_and_to_colours_only_when_asked(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", "MJPG", 30, 5)
    turned = make_source(str(path), CameraSettings(rotation=90, roi=(0.0, 0.0, 1.0, 0.5)), paced=False)
    turned.open()
    frame = read_all(turned)[3]
    turned.close()
    assert frame.image.shape == (80, 120)
    assert frame.colour is not None
    colours = frame.colour(1)
    assert np.abs(colours.astype(int) - cv2.rotate(scene(3), cv2.ROTATE_90_CLOCKWISE)[:80]).mean() < 6
    assert np.abs(cv2.cvtColor(colours, cv2.COLOR_BGR2GRAY).astype(int) - frame.image).mean() < 2


def test_a_damaged_picture_of_a_motion_jpeg_file_is_left_out(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", "MJPG", 10, 6)
    content = bytearray(path.read_bytes())
    third = [n for n in range(len(content)) if content[n : n + 3] == b"\xff\xd8\xff"][2]
    content[third : third + 40] = bytes(40)
    path.write_bytes(content)
    source = make_source(str(path), SETTINGS, paced=False)
    source.open()
    frames = read_all(source)
    source.close()
    assert [frame.number for frame in frames] == list(range(5))
    assert np.abs(frames[2].in_colour().astype(int) - scene(3)).mean() < 6


def test_the_same_file_read_twice_gives_the_same_frames(tmp_path: Path) -> None:
    source = make_source(str(write_video(tmp_path / "a.avi", "MJPG", 30, 8)), SETTINGS, paced=False)
    runs = []
    for _ in range(2):
        source.open()
        runs.append([(frame.number, frame.at, frame.image.tobytes()) for frame in read_all(source)])
    source.close()
    assert runs[0] == runs[1]


def test_another_frame_rate_can_be_asked_for(tmp_path: Path) -> None:
    source = make_source(str(write_video(tmp_path / "a.mp4", "mp4v", 25, 5)), SETTINGS, paced=False, fps=10)
    source.open()
    assert [frame.at for frame in read_all(source)] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    source.close()


def test_at_its_own_pace_a_file_takes_as_long_as_it_lasts_and_is_stamped_by_the_clock(tmp_path: Path) -> None:
    source = make_source(str(write_video(tmp_path / "a.avi", "MJPG", 40, 20)), SETTINGS, paced=True)
    began = time.monotonic()
    source.open()
    arrived = []
    frames = []
    with pytest.raises(EndOfSource):
        while True:
            frames.append(source.read())
            arrived.append(time.monotonic())
    source.close()
    assert source.live
    assert arrived[-1] - began >= 19 / 40 - 0.005
    assert [b.at - a.at for a, b in itertools.pairwise(frames)] == pytest.approx([1 / 40] * 19, abs=1e-3)
    assert all(began <= frame.at <= when + 0.005 for frame, when in zip(frames, arrived, strict=True))


def test_a_looped_file_goes_on_with_rising_times(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", "MJPG", 20, 5)
    source = make_source(str(path), CameraSettings(loop=True), paced=True)
    source.open()
    frames = [source.read() for _ in range(13)]
    source.close()
    assert [frame.at - frames[0].at for frame in frames] == pytest.approx([n / 20 for n in range(13)], abs=1e-3)
    assert np.array_equal(frames[0].image, frames[10].image)


def test_a_looped_file_that_was_removed_is_lost_at_its_end(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", "MJPG", 100, 5)
    source = make_source(str(path), SETTINGS.model_copy(update={"loop": True}), paced=True)
    source.open()
    path.unlink()
    with pytest.raises(SourceLost, match="no such video file"):
        read_all(source, 20)


def test_a_file_that_is_not_watched_in_real_time_is_played_once_though_looped(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", "MJPG", 20, 5)
    source = make_source(str(path), CameraSettings(loop=True), paced=False)
    source.open()
    assert [source.read().number for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(EndOfSource):
        source.read()


def test_a_file_cut_short_gives_the_frames_it_has(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", "MJPG", 30, 60)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    source = make_source(str(path), SETTINGS, paced=False)
    source.open()
    assert 10 < len(read_all(source)) < 60
    source.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "no such video file"), (b"", "cannot be read as a video"), (os.urandom(5000), "cannot be read as a video")],
)
def test_a_file_that_is_no_video_is_said_in_one_line(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "bad.mp4"
    if content is not None:
        path.write_bytes(content)
    source = make_source(str(path), SETTINGS, paced=False)
    with pytest.raises(SourceUnavailable, match=words) as told:
        source.open()
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)
    with pytest.raises(SourceLost):
        source.read()


def test_opencv_and_ffmpeg_say_nothing_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(os.urandom(5000))
    code = (
        "from fer_edge.sources import make_source; from fer_edge.settings import CameraSettings\n"
        "try: make_source('bad.mp4', CameraSettings(), paced=False).open()\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.startswith("bad.mp4: cannot be read as a video")
    assert done.stderr == ""


def test_a_folder_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="not a video file"):
        make_source(str(tmp_path), SETTINGS, paced=False).open()


def test_close_wakes_a_reader_that_waits_for_a_frames_time(tmp_path: Path) -> None:
    source = make_source(str(write_video(tmp_path / "a.avi", "MJPG", 1, 3)), SETTINGS, paced=True, fps=0.1)
    source.open()
    source.read()
    threading.Timer(0.2, source.close).start()
    began = time.monotonic()
    with pytest.raises(SourceLost):
        source.read()
    assert time.monotonic() - began < 5


def test_a_file_closed_while_it_is_being_opened_is_not_taken_from_under_the_decoder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """FFmpeg crashes the whole process then, as when the daemon was stopped within moments of its start."""
    decoding, released_meanwhile = threading.Event(), []

    class Slow:
        def __init__(self, *given: object) -> None:
            self._capture = cv2.VideoCapture(*given)

        def __getattr__(self, name: str) -> object:
            return getattr(self._capture, name)

        def read(self) -> tuple[bool, np.ndarray]:
            decoding.set()
            threading.Event().wait(0.3)
            decoding.clear()
            return self._capture.read()

        def release(self) -> None:
            released_meanwhile.append(decoding.is_set())
            self._capture.release()

    monkeypatch.setattr(video, "cv2", SimpleNamespace(**vars(cv2) | {"VideoCapture": Slow}))
    source = make_source(str(write_video(tmp_path / "a.mp4", "mp4v", 20, 5)), SETTINGS, paced=True)
    opening = threading.Thread(target=source.open)
    opening.start()
    assert decoding.wait(10)
    source.close()
    opening.join(10)
    source.close()
    assert released_meanwhile and not any(released_meanwhile)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=50), st.floats(allow_nan=True))
def test_times_rise_whatever_the_stamps_say(stamps: list[float], file_fps: float) -> None:
    times = FrameTimes(file_fps)
    got = [times.next(stamp) for stamp in stamps]
    assert all(0 < b - a <= 1000 for a, b in itertools.pairwise(got))
    assert all(at >= 0 for at in got)


def test_uneven_stamps_are_believed_and_nonsense_is_counted() -> None:
    times = FrameTimes(10.0)
    got = [times.next(stamp) for stamp in (5.0, 5.1, 5.25, 5.25, 4.0, 5.6, 99.0, 5.9)]
    assert got == pytest.approx([0, 0.1, 0.25, 0.35, 0.45, 0.6, 0.7, 0.9])


def test_a_real_clip_has_all_its_frames(shared_data: Path) -> None:
    source = make_source(str(shared_data / "videos" / "fellway_me.mp4"), SETTINGS, paced=False)
    source.open()
    frames = 0
    with pytest.raises(EndOfSource):
        while frames < 1000:
            last = source.read()
            frames += 1
    source.close()
    assert (frames, round(last.at, 2)) == (570, 18.97)
