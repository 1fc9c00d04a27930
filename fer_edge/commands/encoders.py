"""Writes videos that browsers and phones play: H.264 by whoever can, else VP9, else what there is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fer_edge.errors import FerEdgeError, UsageError

if TYPE_CHECKING:
    import cv2

    from fer_edge.core import Image

SUFFIXES = (".mp4", ".avi", ".mkv", ".mov")
INSTALL = "sudo apt install ffmpeg"
_H264 = ("libx264", "h264_v4l2m2m", "libopenh264")
"""Encoders of the ffmpeg program, the best first; the second is the hardware of a Raspberry Pi 4."""


class Encoder(Protocol):
    """Takes pictures of one size, (height, width, 3) BGR. ``remark`` is what the user should know of it."""

    remark: str | None

    def write(self, picture: Image) -> None:
        """Add one picture."""

    def close(self) -> None:
        """Finish the file."""


def encoder(path: Path, fps: float, width: int, height: int) -> Encoder:
    """The best encoder there is for a file of this name. Raises UsageError where the file cannot be written."""
    try:
        path.write_bytes(b" ")  # a full disk takes an empty file
    except OSError as fault:
        raise UsageError(f"{path}: cannot be written ({fault.strerror}); choose a folder you can write to") from None
    suffix = path.suffix.lower()
    if suffix == ".avi":
        return _OpenCv(_opened(path, "MJPG", fps, width, height), path)
    if name := _of_ffmpeg():
        return _Ffmpeg(name, path, fps, width, height)
    if (writer := _opened(path, "avc1", fps, width, height)).isOpened():
        return _OpenCv(writer, path)
    if suffix != ".mov" and (writer := _opened(path, "vp09", fps, width, height)).isOpened():
        remark = f"written as VP9, which takes about 20 times as long as H.264: {INSTALL}"
        return _OpenCv(writer, path, remark)
    remark = f"written as MPEG-4 part 2, which browsers and phones do not play; for H.264: {INSTALL}"
    return _OpenCv(_opened(path, "mp4v", fps, width, height), path, remark)


def _of_ffmpeg() -> str | None:
    """The H.264 encoder of the ffmpeg program; None where there is neither."""
    if shutil.which("ffmpeg") is None:
        return None
    listed = subprocess.run(["ffmpeg", "-hide_banner", "-encoders"], capture_output=True, text=True, check=False)
    known = {words[1] for line in listed.stdout.splitlines() if len(words := line.split()) > 1}
    # Only the kernel knows whether the hardware is there.
    usable = [name for name in _H264 if name in known and ("v4l2" not in name or Path("/dev/video11").exists())]
    return usable[0] if usable else None


class _Ffmpeg:
    """The ffmpeg program, fed through a pipe."""

    remark: str | None = None

    def __init__(self, name: str, path: Path, fps: float, width: int, height: int) -> None:
        rate = Fraction(fps).limit_denominator(1001)
        raw = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}", "-r", f"{rate}", "-i", "-"]
        # H.264 wants even sizes, and 4:2:0 is what every player knows.
        made = ["-an", "-c:v", name, "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p"]
        made += ["-preset", "veryfast", "-crf", "21"] if name == "libx264" else ["-b:v", "4M"]
        made += ["-movflags", "+faststart"] if path.suffix.lower() in (".mp4", ".mov") else []
        self._path = path
        self._program = subprocess.Popen(
            ["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", *raw, *made, str(path)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,  # Ctrl-C is for fer-edge: ffmpeg ends with its input
        )

    def write(self, picture: Image) -> None:
        assert self._program.stdin is not None
        try:
            self._program.stdin.write(picture.tobytes())
        except OSError:
            self.close()
            raise FerEdgeError(_unfinished(self._path)) from None

    def close(self) -> None:
        _, said = self._program.communicate()
        if self._program.returncode:
            lines = said.decode("utf-8", "replace").strip().splitlines()
            why = f" (ffmpeg: {lines[-1]})" if lines else ""
            raise FerEdgeError(f"{_unfinished(self._path)}{why}")


class _OpenCv:
    """OpenCV's own writer."""

    def __init__(self, writer: cv2.VideoWriter, path: Path, remark: str | None = None) -> None:
        if not writer.isOpened():
            raise UsageError(f"{path}: OpenCV cannot write this format here; {INSTALL}")
        self._writer = writer
        self.remark = remark

    def write(self, picture: Image) -> None:
        self._writer.write(picture)

    def close(self) -> None:
        self._writer.release()


def _opened(path: Path, codec: str, fps: float, width: int, height: int) -> cv2.VideoWriter:
    import cv2

    # MPEG-4 counts in 65,535ths of a second at most: thousandths of a frame a second up to there.
    rate = round(min(fps, 240.0), 3 if fps < 65 else 2)
    with _silence():
        return cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, (width, height))


@contextmanager
def _silence() -> Iterator[None]:
    """What OpenCV and its FFmpeg say of an encoder that is not there is no news: the next one is tried."""
    sys.stderr.flush()
    real = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(real, 2)
        os.close(nowhere)
        os.close(real)


def _unfinished(path: Path) -> str:
    return f"{path}: could not be written completely; free some disk space"
