"""What was learned of the driver, on disk: written when it has changed, and while frames go on being looked at."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fer_edge.service.memory import Memory

NAME = "calibration"
OPENNESS, DEGREES = 0.005, 1.0
"""What has moved by less, against what was last written, is not worth wearing a card."""


class Learned:
    """Keeps in ``memory`` what the monitor has learned. For the main loop only."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._written: Mapping[str, Any] | None = None
        self._writing: threading.Thread | None = None

    def save(self, learned: Mapping[str, Any]) -> None:
        """Have it in the file when this returns, after whatever is still being written."""
        if self._writing is not None:
            self._writing.join()
        self._written = learned
        self._memory.save(NAME, learned)

    def keep_up(self, learned: Mapping[str, Any]) -> None:
        """Write it in a thread if it has moved: a slow card takes seconds, in which eyes may shut."""
        busy = self._writing is not None and self._writing.is_alive()
        if busy or (self._written is not None and _alike(self._written, learned)):
            return
        self._written = learned
        self._writing = threading.Thread(
            target=self._memory.save, args=(NAME, learned), name="fer-edge-learned", daemon=True
        )
        self._writing.start()


def _alike(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return before.keys() == now.keys() and all(_near(name, before[name], now[name]) for name in now)


def _near(name: str, before: float | str | None, now: float | str | None) -> bool:
    if not isinstance(before, float) or not isinstance(now, float):
        return before == now
    return abs(now - before) < (OPENNESS if name == "openness" else DEGREES)
