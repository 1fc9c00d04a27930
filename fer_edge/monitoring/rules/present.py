"""present: a person stands in view (profile kiosk)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fer_edge.core import Event, Level
from fer_edge.monitoring.rules.base import QUIET, Phases
from fer_edge.settings.monitoring import PeopleSettings


class Present(Phases):
    """Starts when one person has been in view for ``present_s``; ends when not seen for ``gone_s``."""

    category = "view"

    def __init__(self, keys: Iterator[int], settings: PeopleSettings, details: Mapping[str, Any]) -> None:
        super().__init__(keys, details)
        self._present_s = settings.present_s

    def seen(self, at: float, since: float) -> Sequence[Event]:
        """The person, here since ``since``, is in the frame at ``at``."""
        if self.open or at - since < self._present_s:
            return QUIET
        return (self._start("present", Level.INFO, at, since, {}),)
