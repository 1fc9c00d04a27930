"""What libraries written in C say on stderr: once, in the log, and not twenty times a second."""

from __future__ import annotations

import faulthandler
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

AGAIN_S = 600.0
"""The same line, whatever its numbers, is said again after so long at the soonest."""
_MOST_KINDS = 100
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+")


class Quieter:
    """Lets through what is new; the same again is counted."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._clock = clock
        self._known: dict[str, tuple[float, int]] = {}

    def take(self, line: str) -> None:
        """One line as it was written."""
        kind, now = _NUMBER.sub("#", line)[:200], self._clock()
        said_at, more = self._known.get(kind, (float("-inf"), 0))
        if now - said_at < AGAIN_S:
            self._known[kind] = (said_at, more + 1)
            return
        if len(self._known) >= _MOST_KINDS:
            self._known.clear()
        self._known[kind] = (now, 0)
        self._say(f"{line} ({more} more like this since)" if more else line)


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """While this block runs, descriptor 2 is read and said once; Python's own stderr is what it was.

    libjpeg tells every damaged picture there and has no other way. Log handlers have to be made within the block.
    """
    sys.stderr.flush()
    real, before = os.dup(2), sys.stderr
    read, write = os.pipe()
    os.dup2(write, 2)
    os.close(write)
    sys.stderr = os.fdopen(os.dup(real), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    if faulthandler.is_enabled():  # it must not wait for a thread
        faulthandler.enable(sys.stderr)
    reader = threading.Thread(target=_read, args=(read,), name="fer-edge-stderr", daemon=True)
    reader.start()
    try:
        yield
    finally:
        os.dup2(real, 2)  # which ends the reader, unless a program that was started still holds the pipe
        os.close(real)
        reader.join(0.5)
        if faulthandler.is_enabled():
            faulthandler.enable(before)
        sys.stderr = before


def _read(descriptor: int) -> None:
    quieter = Quieter(lambda line: log.warning("%s", line))
    with os.fdopen(descriptor, "r", encoding="utf-8", errors="backslashreplace") as lines:
        for line in lines:
            if text := line.strip():
                quieter.take(text)
