"""The Raspberry Pi's CSI camera: raw pictures from ``rpicam-vid``.

OpenCV cannot open a camera that libcamera runs. ``rpicam-vid`` can, and writes YUV 4:2:0 to its
standard output; the first plane of it is the grey picture, used as it is.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable
from typing import IO, TYPE_CHECKING

import numpy as np

from fer_edge.errors import SourceLost, SourceUnavailable
from fer_edge.sources.picture import Picture

if TYPE_CHECKING:
    from fer_edge.settings import CameraSettings
    from fer_edge.sources.live import Device

COMMANDS = ("rpicam-vid", "libcamera-vid")
"""Today's name, and the one before Debian 12 (bookworm)."""
_ALIGN = 64
"""Bytes: libcamera pads each line to a multiple of it, so only such widths come without padding."""


class CsiDevice:
    """A running ``rpicam-vid`` as a :class:`~fer_edge.sources.live.Device`."""

    def __init__(self, process: subprocess.Popen[bytes], name: str, width: int, height: int, fps: float) -> None:
        self._process = process
        self._name = name
        self._size = (height, width)
        self.about = f"YUV420 {width}x{height} at {fps:g} fps"
        self._frame_bytes = width * height * 3 // 2
        self._words: deque[str] = deque(maxlen=20)
        self._listener = threading.Thread(target=self._listen, name=f"messages of {name}", daemon=True)
        self._listener.start()

    def grab(self) -> Picture:
        """The next picture as (height, width) luma. Raises SourceLost when the program ended."""
        buffer = np.empty(self._frame_bytes, np.uint8)
        _fill(_pipe(self._process.stdout), buffer.data, self._ended)
        height, width = self._size
        return Picture(buffer[: height * width].reshape(height, width))

    def interrupt(self) -> None:
        """End the program, which ends its output and so a waiting :meth:`grab`."""
        _signal(self._process, signal.SIGTERM)

    def release(self) -> None:
        """End the program, by force after a second."""
        _signal(self._process, signal.SIGTERM)
        try:
            self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            _signal(self._process, signal.SIGKILL)
            self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdout, self._process.stderr):
            _pipe(pipe).close()

    def _listen(self) -> None:
        """Keep the last lines of stderr: a full pipe would stop the program, and they say why it ended."""
        for line in _pipe(self._process.stderr):
            if words := line.decode(errors="replace").strip():
                self._words.append(words)

    def _ended(self) -> SourceLost:
        try:
            code: int | str = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            code = "none yet"
        self._listener.join(timeout=1.0)
        return SourceLost(f"{self._name}: the camera program ended (exit {code}): {_telling(self._words)}")


def csi_connector(number: int, settings: CameraSettings) -> Callable[[], Device]:
    """What starts the camera program when called. It raises SourceUnavailable with the reason."""
    name = f"csi:{number}"
    width = max(_ALIGN, round(settings.width / _ALIGN) * _ALIGN)
    height = settings.height - settings.height % 2

    def connect() -> Device:
        program = next((found for command in COMMANDS if (found := shutil.which(command))), None)
        if program is None:
            raise SourceUnavailable(f"{name}: rpicam-vid is not installed; sudo apt install rpicam-apps")
        process = _start([program, *arguments(number, width, height, settings.fps)], name)
        return CsiDevice(process, name, width, height, settings.fps)

    return connect


def arguments(number: int, width: int, height: int, fps: float) -> list[str]:
    """The options of rpicam-vid: no preview, no end, every frame written out at once."""
    return [
        *("--camera", str(number), "--codec", "yuv420", "--timeout", "0", "--nopreview", "--flush"),
        *("--width", str(width), "--height", str(height), "--framerate", f"{fps:g}", "--output", "-"),
    ]


def _start(command: list[str], name: str) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SourceUnavailable(f"{name}: {command[0]} cannot be started ({reason}); reinstall rpicam-apps") from error


def _fill(pipe: IO[bytes], room: memoryview, ended: Callable[[], SourceLost]) -> None:
    descriptor = pipe.fileno()
    while room:
        count = os.readv(descriptor, [room])
        if count == 0:
            raise ended()
        room = room[count:]


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None, "started with PIPE"
    return pipe


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(number)


def _telling(lines: deque[str]) -> str:
    """The line that says what is wrong, among libcamera's many that do not."""
    telling = [line for line in lines if re.search(r"error|no cameras|fail|busy|\*\*\*", line, re.IGNORECASE)]
    return (telling or list(lines) or ["it said nothing"])[-1]
