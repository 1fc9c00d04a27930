"""What a person may look at: the newest frame with its signals and state, kept only while somebody looks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_edge.core import Frame
    from fer_edge.pipeline import Step


class Viewer:
    """A window into the daemon for the live page. Costs one lock a frame while nobody looks."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._looking = 0
        self._latest: tuple[Frame, Step] | None = None
        self._count = 0

    def show(self, frame: Frame, step: Step) -> None:
        """Called by the daemon for every frame."""
        with self._changed:
            if not self._looking:  # asked under the lock: whoever looked may just have left
                return
            self._latest = (frame, step)
            self._count += 1
            self._changed.notify_all()

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Somebody looks while this block runs; afterwards no picture is kept."""
        with self._changed:
            self._looking += 1
        try:
            yield
        finally:
            with self._changed:
                self._looking -= 1
                if not self._looking:
                    self._latest = None

    def newer(self, than: int, timeout_s: float) -> tuple[int, Frame, Step] | None:
        """The newest frame after count ``than`` with its count, or None when none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._latest is not None and self._count > than, timeout_s)
            if self._latest is None or self._count <= than:
                return None
            return (self._count, *self._latest)
