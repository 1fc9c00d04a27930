"""Video files: as fast as they are read, or at their own pace."""

from __future__ import annotations

import math
import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.errors import EndOfSource, SourceLost, SourceUnavailable
from fer_edge.sources.opencv import cv2, is_motion_jpeg
from fer_edge.sources.picture import Picture, unpacked
from fer_edge.sources.sim.script import built_in

if TYPE_CHECKING:
    from fer_edge.core import Frame
    from fer_edge.sources.live import Clock
    from fer_edge.sources.orient import Orient

_LONGEST_GAP_S = 10.0
"""A longer step between two frames of a file is a damaged time-stamp, not a pause."""
_LATE_S = 0.5
"""A reader later than this has lost the pace: the file goes on from now instead of racing after it."""


class FrameTimes:
    """The time of each frame of a file: its own stamp where that makes sense, else counted.

    Stamps must rise, and not by more than 10 s; a frame with another one is put one frame period
    after the one before. With ``fps`` given, stamps are not looked at. Times start at 0.
    """

    def __init__(self, file_fps: float, fps: float | None = None) -> None:
        sane = fps or (file_fps if _sane(file_fps) else 30.0)
        self._counted = fps is not None
        self._period = 1.0 / sane
        self._first: float | None = None
        self._last = -self._period

    @property
    def end(self) -> float:
        """When the file is over: one frame period after its last frame, seconds."""
        return self._last + self._period

    def next(self, stamp_s: float) -> float:
        """Seconds since the first frame, always more than for the frame before."""
        if self._first is None:
            self._first = stamp_s if math.isfinite(stamp_s) else 0.0
        at = stamp_s - self._first
        if self._counted or not 0 < at - self._last <= _LONGEST_GAP_S:
            at = self._last + self._period
        self._last = at
        return at


def _sane(fps: float) -> bool:
    """Whether a file's word on its frame rate can be true; damaged ones say 0, nan or 90,000."""
    return math.isfinite(fps) and 0.01 <= fps <= 1000


class VideoSource:
    """A video file.

    ``paced`` releases frames when they are due and stamps them with that moment of ``clock``;
    else they come as fast as they are read, stamped with the file's own time from 0. ``frames``
    is how many the file says it has, None where it does not say; ``fps`` its rate.
    """

    def __init__(
        self, path: Path, orient: Orient, clock: Clock, *, paced: bool, loop: bool = False, fps: float | None = None
    ) -> None:
        self.name = str(path)
        self.live = paced
        self.frames: int | None = None
        self.fps: float | None = fps
        self._path = path
        self._orient = orient
        self._clock = clock
        self._loop = loop
        self._wanted_fps = fps
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._capture: cv2.VideoCapture | None = None
        self._ahead: tuple[Picture, float] | None = None
        self._number = 0
        self._start = 0.0

    def open(self) -> None:
        """Open the file and decode its first frame. Raises SourceUnavailable."""
        self.close()
        self._closed.clear()
        self._number = 0
        with self._lock:
            self._start_file()
        self._start = self._clock()

    def read(self) -> Frame:
        """The next frame. Raises EndOfSource after the last, SourceLost when closed, or gone at its end, meanwhile."""
        with self._lock:
            if self._capture is None:
                raise SourceLost(f"{self.name}: not open")
            picture = self._next()
        if picture is None:
            raise EndOfSource(f"{self.name}: ended after {self._number} frames")
        shown, at = picture
        if self.live:
            at = self._wait_until(at)
        if self._closed.is_set():
            raise SourceLost(f"{self.name}: closed while reading")
        frame = self._orient.frame(shown, at, self._number)
        self._number += 1
        return frame

    def close(self) -> None:
        """Close the file and wake a reader that waits for the next frame's time."""
        self._closed.set()
        with self._lock:
            if self._capture is not None:
                self._capture.release()
            self._capture = None
            self._ahead = None

    def _start_file(self, offset_s: float = 0.0) -> None:
        self._offset = offset_s
        path = self._readable()
        capture = self._begin(path, packed=True)
        if self._packed and not self._is_whole(capture):
            capture.release()
            capture = self._begin(path, packed=False)
        if self._ahead is None:
            capture.release()
            self._capture = None
            raise SourceUnavailable(
                f"{self.name}: cannot be read as a video; it is damaged, cut short or of an unknown format"
            )

    def _begin(self, path: Path, *, packed: bool) -> cv2.VideoCapture:
        """Open the file and read its first picture ahead; ``packed`` leaves Motion-JPEG packed."""
        capture = self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        file_fps = float(capture.get(cv2.CAP_PROP_FPS))
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
        self._packed = packed and is_motion_jpeg(capture) and capture.set(cv2.CAP_PROP_FORMAT, -1)
        self._times = FrameTimes(file_fps, self._wanted_fps)
        self.frames = count if 0 < count < 10**9 else None
        self.fps = self._wanted_fps or (file_fps if _sane(file_fps) else None)
        self._ahead = self._decode()
        return capture

    def _is_whole(self, capture: cv2.VideoCapture) -> bool:
        """Whether a JPEG is a whole picture: old capture cards packed two half pictures together."""
        height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        return self._ahead is not None and self._ahead[0].image.shape[0] == height

    def _readable(self) -> Path:
        try:
            found = self._path.stat()
        except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a name with a zero byte
            do = f"did you mean sim:{self.name}?" if self.name in built_in() else "check the path"
            raise SourceUnavailable(f"{self.name}: no such video file; {do}") from None
        except OSError as fault:
            why = (fault.strerror or str(fault)).lower()
            raise SourceUnavailable(f"{self.name}: cannot be read ({why}); check path and permissions") from None
        if not stat.S_ISREG(found.st_mode):
            raise SourceUnavailable(f"{self.name}: not a video file; give the path of one")
        if not os.access(self._path, os.R_OK):
            raise SourceUnavailable(f"{self.name}: cannot be read; check its permissions")
        return self._path

    def _next(self) -> tuple[Picture, float] | None:
        picture, self._ahead = self._ahead, None
        if picture is None:
            picture = self._decode()
        if picture is None and self._loop and self._capture is not None:
            last = self._offset + self._times.end
            self._capture.release()
            self._capture = None
            try:
                self._start_file(offset_s=last)
            except SourceUnavailable as gone:
                raise SourceLost(str(gone)) from gone
            picture, self._ahead = self._ahead, None
        return picture

    def _decode(self) -> tuple[Picture, float] | None:
        if self._capture is None:
            return None
        picture: Picture | None = None
        while picture is None:
            try:
                ok, image = self._capture.read()
            except cv2.error:
                ok = False
            if not ok:
                return None
            picture = unpacked(image) if self._packed else Picture(image)
        return picture, self._offset + self._times.next(self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)

    def _wait_until(self, at: float) -> float:
        late = self._clock() - (self._start + at)
        if late > _LATE_S:
            self._start += late
        elif late < 0:
            self._closed.wait(-late)
        return self._start + at
