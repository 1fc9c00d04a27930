"""What every live source has in common: a device that may stop, hang or repeat itself.

A driver can block for seconds, and nothing interrupts it. So one thread per open device does all
that can block, and hands over the newest picture; whoever reads waits here, with a time limit and
where :meth:`LiveSource.close` reaches.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fer_edge.errors import SourceError, SourceLost, SourceUnavailable
from fer_edge.sources.freshness import Freshness

if TYPE_CHECKING:
    from fer_edge.core import Frame
    from fer_edge.sources.orient import Orient
    from fer_edge.sources.picture import Picture

Clock = Callable[[], float]


class Device(Protocol):
    """An open camera or stream. Only the reading thread calls it, but for :meth:`interrupt`.

    ``about`` says what the device promises, such as ``MJPG 640x480 at 30 fps``.
    """

    about: str

    def grab(self) -> Picture:
        """The next picture, waiting for it. Raises SourceLost when there will be none."""

    def interrupt(self) -> None:
        """Make a waiting :meth:`grab` return soon, if there is a way. Called from any thread."""

    def release(self) -> None:
        """Give the device back."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait, in seconds: for the first picture, and for each one after it."""

    open_s: float = 10.0
    stall_s: float = 2.0


class _Reading:
    """One open device and its thread, from the attempt to open it until it is given back."""

    def __init__(self, name: str, connect: Callable[[], Device], clock: Clock) -> None:
        self._name = name
        self._connect = connect
        self._clock = clock
        self._changed = threading.Condition()
        self._picture: Picture | None = None
        self._at = 0.0
        self._number = -1
        self._failure: SourceError | SourceUnavailable | None = None
        self.about: str | None = None
        self._stopped = False
        self._device: Device | None = None
        self._thread = threading.Thread(target=self._run, name=f"read {name}", daemon=True)
        self._thread.start()

    def newer(self, than: int, timeout_s: float) -> tuple[Picture, float, int] | None:
        """The newest picture after number ``than``; None when none came in time.

        Raises what ended the device, or SourceLost when it was closed meanwhile.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._failure or self._number > than, timeout_s)
            if self._failure is not None and self._number <= than:
                raise self._failure
            if self._stopped:
                raise SourceLost(f"{self._name}: closed while reading")
            if self._picture is None or self._number <= than:
                return None
            return self._picture, self._at, self._number

    def stop(self) -> None:
        """Ask the thread to end; does not wait for it."""
        with self._changed:
            self._stopped = True
            device = self._device
            self._changed.notify_all()
        if device is not None:
            device.interrupt()

    def ended(self, timeout_s: float) -> bool:
        """Whether the thread is over, after waiting for it at most so long."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            device = self._connect()
        except (SourceError, SourceUnavailable) as failure:
            self._fail(failure)
            return
        except Exception as error:  # whatever a driver's wrapper throws is the device's failure
            self._fail(SourceUnavailable(f"{self._name}: cannot be opened ({_one_line(error)})"))
            return
        with self._changed:
            self._device, self.about = device, device.about
        try:
            while not self._stopped:
                self._deliver(device.grab())
        except SourceError as failure:
            self._fail(failure)
        except Exception as error:
            self._fail(SourceLost(f"{self._name}: reading failed ({_one_line(error)})"))
        finally:
            device.release()

    def _deliver(self, picture: Picture) -> None:
        with self._changed:
            self._picture = picture
            self._at = self._clock()
            self._number += 1
            self._changed.notify_all()

    def _fail(self, failure: SourceError | SourceUnavailable) -> None:
        with self._changed:
            self._failure = failure
            self._changed.notify_all()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


class LiveSource:
    """A source that runs on its own time: the newest picture, never an old one.

    Frames nobody read in time are left out; ``Frame.number`` counts them, so a gap tells how many.
    ``at`` is the monotonic time at which the picture arrived.
    """

    live = True
    fps: float | None = None
    frames: int | None = None

    def __init__(self, name: str, connect: Callable[[], Device], orient: Orient, limits: Limits, clock: Clock) -> None:
        self.name = name
        self._connect = connect
        self._orient = orient
        self._limits = limits
        self._clock = clock
        self._reading: _Reading | None = None
        self._closed = threading.Event()
        self._last = -1
        self._base = 0
        self._freshness = Freshness()
        self._froze = False

    @property
    def about(self) -> str | None:
        """What the open device promises, such as ``MJPG 640x480 at 30 fps``; None before opening.

        Its real rate is another matter: count frames.
        """
        return self._reading.about if self._reading else None

    def open(self) -> None:
        """Take the device and wait for its first picture. Raises SourceUnavailable.

        A device that never came back from its driver cannot be opened a second time: then this
        blocks until it does or :meth:`close` is called, and a watchdog is what ends it.
        """
        self.close()
        self._closed.clear()
        while self._reading is not None and not self._reading.ended(timeout_s=0.2):
            if self._closed.is_set():
                raise SourceUnavailable(f"{self.name}: closed while waiting for its driver")
        reading = self._reading = _Reading(self.name, self._connect, self._clock)
        self._base, self._last = self._base + self._last + 1, -1
        try:
            self._wait_for_picture(reading)
        except SourceLost as lost:
            raise SourceUnavailable(str(lost)) from lost
        except SourceUnavailable:
            reading.stop()
            raise
        self._freshness, self._froze = Freshness(), False

    def _wait_for_picture(self, reading: _Reading) -> None:
        """Until a picture comes, and a new one where the camera froze before."""
        first = reading.newer(-1, self._limits.open_s)
        if first is None:
            raise SourceUnavailable(
                f"{self.name}: no picture came in {self._limits.open_s:g} s; check cable, power and network"
            )
        until = self._clock() + self._limits.stall_s
        while self._froze and first is not None and self._freshness.repeats(first[0].image):
            first = reading.newer(first[2], self._limits.stall_s)
            if self._clock() >= until:
                raise SourceUnavailable(f"{self.name}: still frozen, the same picture; unplug it and reconnect it")

    def read(self) -> Frame:
        """The newest picture not yet read. Raises SourceLost on unplugging, stall or freeze."""
        reading = self._reading
        if reading is None:
            raise SourceLost(f"{self.name}: not open")
        found = reading.newer(self._last, self._limits.stall_s)
        if found is None:
            raise SourceLost(f"{self.name}: no picture for {self._limits.stall_s:g} s")
        picture, at, self._last = found
        if self._freshness.same_s(picture.image, at) >= self._limits.stall_s:
            self._froze = True
            raise SourceLost(f"{self.name}: frozen, the same picture for {self._limits.stall_s:g} s")
        return self._orient.frame(picture, at, self._base + self._last)

    def close(self) -> None:
        """Give the device back and wake whoever reads; the thread ends when the driver lets it."""
        self._closed.set()
        if self._reading is not None:
            self._reading.stop()
            self._reading.ended(timeout_s=0.5)
