"""The capture thread: keeps a camera open, come what may, and offers its newest frame."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from fer_edge.errors import EndOfSource, FerEdgeError

if TYPE_CHECKING:
    from fer_edge.core import Frame, Source

log = logging.getLogger(__name__)

STUCK_S = 30.0
"""A capture thread silent for longer than this hangs in the driver: only a restart helps."""
OPENING_S = 15.0
"""With twice ``stall_s`` the longest that a source which works may take to say that it is missing, or frozen still."""

_NOT_YET = "not opened yet"


class LatestFrame:
    """A box for one frame. A newer frame pushes out one that nobody took, and that is counted."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self.received = 0
        self.skipped = 0
        self._last_number: int | None = None

    def put(self, frame: Frame) -> None:
        """Offer a frame; never waits. A gap in the numbers is what the source itself left out."""
        with self._changed:
            self.received += 1
            if self._last_number is not None and frame.number > self._last_number:
                self.skipped += frame.number - self._last_number - 1
            self._last_number = frame.number
            self.skipped += self._frame is not None
            self._frame = frame
            self._changed.notify()

    def take(self, timeout_s: float) -> Frame | None:
        """The newest frame, or None when none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None, timeout_s)
            frame, self._frame = self._frame, None
            return frame


class Capture:
    """Reads a source in a thread of its own and opens it again, with growing waits, when it is lost.

    ``box`` holds the newest frame. ``online`` is True while frames come; ``reason`` says in one line
    why they do not. ``finished`` is set after the last frame of a file.
    """

    def __init__(
        self,
        source: Source,
        *,
        reopen_s: tuple[float, float],
        stall_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source = source
        self.reason = _NOT_YET
        self.finished = threading.Event()
        self.box = LatestFrame()
        self._reopen_s = reopen_s
        self._stall_s = stall_s
        self._clock = clock
        self._stop = threading.Event()
        self._streaming = False
        self._began_at = self._progress_at = self._frame_at = clock()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    @property
    def online(self) -> bool:
        """Whether a frame came within the stall time."""
        return self._streaming and self._clock() - self._frame_at <= self._stall_s

    @property
    def opening(self) -> bool:
        """Whether it is too early to say: the first try to open is not over, nor the stall time."""
        return self.reason == _NOT_YET and self._clock() - self._began_at <= self._stall_s

    @property
    def stuck(self) -> bool:
        """Whether the thread hangs inside the driver, neither reading nor opening again."""
        silent_s = max(STUCK_S, OPENING_S + 2 * self._stall_s)
        return not self.finished.is_set() and self._clock() - self._progress_at > silent_s

    def start(self) -> None:
        """Begin to open and read."""
        self._began_at = self._clock()
        self._thread.start()

    def close(self, timeout_s: float = 1.0) -> bool:
        """Ask the thread to end; False if it did not within the time (it hangs in the driver)."""
        self._stop.set()
        self.source.close()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        wait_s = self._reopen_s[0]
        while not self._stop.is_set():
            frames_before = self.box.received
            try:
                self._read_until_lost()
            except EndOfSource as end:
                log.info("%s", end)
                self._streaming = False
                self.finished.set()
                return
            except FerEdgeError as fault:
                self._lost(str(fault))
            except Exception as fault:  # a driver may raise anything; the camera is then as good as unplugged
                self._lost(f"{self.source.name}: {fault!r}")
            finally:
                self.source.close()
            if self.box.received > frames_before:
                wait_s = self._reopen_s[0]
            self._wait(wait_s)
            wait_s = min(wait_s * 2, self._reopen_s[1])

    def _read_until_lost(self) -> None:
        self._progress_at = self._clock()
        self.source.open()
        while not self._stop.is_set():
            frame = self.source.read()
            self._progress_at = self._frame_at = self._clock()
            if not self._streaming:
                log.info("%s: frames of %d x %d", self.source.name, frame.image.shape[1], frame.image.shape[0])
                self._streaming, self.reason = True, ""
            self.box.put(frame)

    def _lost(self, reason: str) -> None:
        if reason != self.reason and not self._stop.is_set():
            log.warning("%s (trying again)", reason)
        self._streaming, self.reason = False, reason

    def _wait(self, seconds: float) -> None:
        """Wait before opening again, in steps that show the thread to be alive."""
        until = self._clock() + seconds
        while not self._stop.is_set() and self._clock() < until:
            self._progress_at = self._clock()
            self._stop.wait(min(1.0, max(0.0, until - self._clock())))
