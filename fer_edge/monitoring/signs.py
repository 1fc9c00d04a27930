"""Signs of fatigue: what happened lately that makes lids that are down suspect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from fer_edge.core import Event
from fer_edge.monitoring.moment import EyesNow, LidsNow
from fer_edge.settings.monitoring import LidsSettings

SLEPT = frozenset({"microsleep", "sleep", "nod"})
OF_LIDS = frozenset({"microsleep", "sleep", "unresponsive", "drowsy"})
"""Events of shut eyes: a sign of fatigue once the lids have come up again."""


class Signs:
    """When this driver last showed fatigue, and when the eyes last fell shut of it."""

    def __init__(self, settings: LidsSettings) -> None:
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Another driver."""
        self._tired_at = self._slept_at = self._shut_at = float("-inf")
        self._drowsy = False
        self._perclos: float | None = None

    def note(self, at: float, events: Iterable[Event], eyes: EyesNow, lids: LidsNow, drowsy: bool) -> None:
        """Take what a moment brought; ``drowsy`` is whether that event is open."""
        self._drowsy = drowsy
        for event in events:
            if event.category == "fatigue" and event.details.get("reason") != "distracted":
                if event.event_type in OF_LIDS:
                    self._shut_at = at
                else:
                    self._tired_at = at
                if event.event_type in SLEPT:
                    self._slept_at = at
        surely = eyes.closed is True and not lids.undecided and not lids.eyes_down
        if surely and eyes.evidence is not None and eyes.held_s >= self._settings.sign_closure_s:
            self._shut_at = at
        if not lids.down_s:
            # What they were before: lids that are down are no sign of themselves.
            self._perclos, self._tired_at = eyes.perclos, max(self._tired_at, self._shut_at)

    def saved(self, at: float) -> dict[str, float | None]:
        """How long ago each was at ``at``, seconds, None for never; JSON-able, for :meth:`restore`."""
        tired_s = (
            0.0 if (self._perclos or 0.0) >= self._settings.sign_perclos else at - max(self._tired_at, self._shut_at)
        )
        slept_s = 0.0 if self._drowsy else at - self._slept_at
        return {"tired_s": tired_s if isfinite(tired_s) else None, "slept_s": slept_s if isfinite(slept_s) else None}

    def restore(self, saved: Mapping[str, Any], at: float) -> None:
        """Take what :meth:`saved` gave, as seen at ``at``; anything else is as good as nothing."""
        ago = [saved.get(name) for name in ("tired_s", "slept_s")]
        self._tired_at, self._slept_at = (at - s if isinstance(s, int | float) else float("-inf") for s in ago)

    def tired(self, at: float) -> bool:
        """Whether there was any sign within ``signs_s``."""
        return at - self._tired_at <= self._settings.signs_s or (self._perclos or 0.0) >= self._settings.sign_perclos

    def doubtful(self, at: float) -> bool:
        """Whether the benefit of the doubt is spent: the eyes fell shut within ``doubt_s``, or drowsy is open."""
        return self._drowsy or at - self._slept_at <= self._settings.doubt_s
