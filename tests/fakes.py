"""Small real parts for tests: sources that do what a test says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import numpy as np

from fer_edge.core import Frame
from fer_edge.errors import EndOfSource, SourceLost, SourceUnavailable


def picture(number: int = 0) -> np.ndarray:  # type: ignore[type-arg]
    """A small grey picture that differs from frame to frame."""
    return np.full((48, 64), number % 256, np.uint8)


class ScriptedSource:
    """Plays a list of steps: a number of frames, "lost", "unavailable", "hang", or "end" (for good)."""

    live = True

    def __init__(self, steps: Iterable[int | str], clock: Callable[[], float] = time.monotonic) -> None:
        self.name = "scripted"
        self.opened = 0
        self._steps: Iterator[int | str] = iter(steps)
        self._clock = clock
        self._left = 0
        self._number = -1
        self._closed = threading.Event()

    def open(self) -> None:
        self.opened += 1
        self._closed.clear()
        step = next(self._steps, "end")
        if step == "unavailable":
            raise SourceUnavailable("scripted: not there; plug it in")
        if step == "hang":
            self._closed.wait()
            raise SourceUnavailable("scripted: closed while opening")
        self._left = int(step) if step != "end" else 0

    def read(self) -> Frame:
        if self._left == 0:
            step = next(self._steps, "end")
            if step == "end":
                raise EndOfSource("scripted: ended after its script")
            if step == "hang":
                self._closed.wait()
            raise SourceLost("scripted: unplugged")
        self._left -= 1
        self._number += 1
        return Frame(picture(self._number), self._clock(), self._number)

    def close(self) -> None:
        self._closed.set()


def wait_until(condition: Callable[[], bool], timeout_s: float = 30.0) -> bool:
    """Wait for something to become true; whether it did in time."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        with suppress(IndexError):  # the last of nothing: not yet
            if condition():
                return True
        time.sleep(0.01)
    return condition()
