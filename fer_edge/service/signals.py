"""The signals of a daemon: SIGTERM and SIGINT stop it, SIGHUP reloads."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Flag:
    """What a signal handler sets and a loop looks at.

    A threading.Event has a lock: a signal that comes while the main thread holds it, in the handler of another one
    or in a clear(), would wait for itself for ever.
    """

    def __init__(self) -> None:
        self._set = False

    def is_set(self) -> bool:
        """Whether it was set and not cleared since."""
        return self._set

    def set(self) -> None:
        """Set it; from a signal handler or any thread."""
        self._set = True

    def clear(self) -> None:
        """As if it had not been set."""
        self._set = False


@contextmanager
def handled(*, stop: Callable[[str], None], reload: Callable[[], None]) -> Iterator[None]:
    """Handle them while this block runs: ``stop`` gets the signal's name. Outside the main thread nothing is done."""

    def on_signal(number: int, _: FrameType | None) -> None:
        if number == signal.SIGHUP:
            reload()
        else:
            stop(signal.Signals(number).name)

    main = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) if main else ()
    restore = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in restore.items():
            signal.signal(number, handler)
