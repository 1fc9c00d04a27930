"""Ten seconds of driving in six numbers: what the logbook keeps of states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_edge.core import DriverState

SPAN_S = 10
"""Seconds of the wall clock that one summary covers."""
MOST_STEP_S = 1.0
"""A longer silence between two states was not watched."""


@dataclass(frozen=True)
class Moment:
    """``at``: when it began, seconds since 1970, a multiple of SPAN_S. Seconds watched, with a driver, with eyes
    judged, with eyes closed; highest PERCLOS, None where it was never known."""

    at: int
    watched: float
    present: float
    judged: float
    closed: float
    perclos: float | None

    @property
    def values(self) -> tuple[float, float, float, float, float | None]:
        """All but ``at``."""
        numbers = (self.watched, self.present, self.judged, self.closed)
        return *(round(number, 2) for number in numbers), self.perclos  # type: ignore[return-value]


class Summary:
    """Adds states up."""

    def __init__(self) -> None:
        self._began: int | None = None
        self._last: float | None = None
        self._sums = [0.0] * 4
        self._perclos: float | None = None

    def add(self, state: DriverState, wall: float, *, watched: bool) -> Moment | None:
        """Take a state at a time of day; returns the summary that it ends, if it does and anything was watched in it.

        ``watched`` is whether it comes from a picture.
        """
        began, ended = int(wall // SPAN_S) * SPAN_S, None
        if self._began is not None and began != self._began:
            ended = self.rest()
        self._began = began
        step = 0.0 if self._last is None else state.at - self._last
        self._last = state.at
        if not watched or not 0 < step <= MOST_STEP_S:
            return ended
        flags = (True, state.present, state.eyes_closed is not None, state.eyes_closed)
        self._sums = [total + (step if flag else 0.0) for total, flag in zip(self._sums, flags, strict=True)]
        if state.perclos is not None:
            self._perclos = max(self._perclos or 0.0, state.perclos)
        return ended

    def rest(self) -> Moment | None:
        """What has been added up and not returned; begins anew."""
        began, sums, perclos = self._began, self._sums, self._perclos
        self._began, self._sums, self._perclos = None, [0.0] * 4, None
        if began is None or not sums[0]:
            return None
        watched, present, judged, closed = sums
        return Moment(began, watched, present, judged, closed, None if perclos is None else round(perclos, 3))
