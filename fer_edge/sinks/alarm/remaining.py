"""How long which open event may still be heard; shared by everything that sounds."""

from __future__ import annotations

from collections.abc import Mapping

from fer_edge.core import Level


class Remaining:
    """Each event is heard for ``longest_s`` seconds at a level at most: a lost camera must not sound for ever."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._until: dict[int, tuple[Level, float]] = {}

    def take(self, events: Mapping[int, Level], now: float) -> None:
        """These events, by key, are open now, and no others."""
        before = self._until
        self._until = {key: (level, now + self._longest_s) for key, level in events.items()}
        # An event that goes on at its level has no more time for it.
        self._until |= {key: known for key, known in before.items() if events.get(key) is known[0]}

    def loudest(self, now: float) -> Level | None:
        """The highest level that still has time, None for silence."""
        heard = [level for level, until in self._until.values() if now < until]
        return max(heard, key=lambda level: level.rank, default=None)
