"""First-order filters: whether a state changed, and when.

Deciding and timing are two things. A filter with hysteresis decides, a moment late; the beginning
is then dated back to the raw crossing, half way between the two frames around it.
"""

from __future__ import annotations

from math import exp

from fer_edge.settings.monitoring import FilterSettings

SETTLED = 0.02
"""A filter this near to a value that agrees with the state has settled: there is nothing to compute."""

STEP_MAX = 0.93
"""Longest step of a filter in time constants: 1 - exp(-0.93) is below 0.63 (openpilot's upper
threshold), so that however far apart the frames are, it takes two of them to change a state."""


class Switch:
    """A yes/no state read from a noisy value between 0 and 1, or None where it cannot be told.

    ``state`` is True, False or None; ``since`` is when it began, dated back to the raw crossing of
    0.5. The crossing is the change point that explains the frames best: the last moment before
    which those against a change outweigh those for it (a one-sided CUSUM), so one wrong frame near
    an edge does not move it.

    Unknown values leave the state as it is for ``bridge_s``, and so do lost frames for the ``gap_s`` of
    the settings; ``bridged_s`` is the time since the state began in which nothing could be told.
    """

    __slots__ = (
        "_against",
        "_bridged_before_s",
        "_bridging",
        "_crossing",
        "_filter",
        "_gap_s",
        "_off",
        "_on",
        "_raw",
        "_tau_s",
        "bridge_s",
        "bridged_s",
        "known_at",
        "since",
        "state",
    )

    def __init__(self, settings: FilterSettings, bridge_s: float | None = None) -> None:
        self._tau_s, self._on, self._off = settings.time_constant_s, settings.begins_above, settings.ends_below
        self._gap_s = settings.gap_s
        self.bridge_s = settings.bridge_s if bridge_s is None else bridge_s
        self.reset()

    def reset(self) -> None:
        """Forget everything: the state is unknown."""
        self.state: bool | None = None
        self.since = 0.0
        self.known_at: float | None = None
        self._filter = 0.5
        self._raw = False
        self._crossing = self._against = self.bridged_s = self._bridged_before_s = 0.0
        self._bridging = False

    @property
    def doubted(self) -> bool:
        """Whether the last frames spoke against the state."""
        return self._against > 0.0

    def held_s(self, at: float) -> float:
        """How long the present state has lasted at ``at``, seconds.

        Frames that speak against it do not count: they may turn out to be its end.
        """
        return (self._crossing if self._against else at) - self.since

    def unknown_s(self, at: float) -> float:
        """Seconds of the present state in which nothing could be told, up to ``at``."""
        open_s = at - self.known_at if self._bridging and self.known_at is not None else 0.0
        return self.bridged_s + open_s

    def coverage(self, at: float) -> float:
        """Share of the present state that could be judged, 0 to 1; 0 where it is unknown."""
        if self.state is None:
            return 0.0
        if not self.bridged_s and not self._bridging:
            return 1.0
        lasted_s = at - self.since
        return 1.0 - min(self.unknown_s(at) / lasted_s, 1.0) if lasted_s > 0 else 0.0

    def step(self, at: float, value: float | None, bridge_s: float | None = None) -> bool | None:
        """Take the value of the frame at ``at``; ``bridge_s`` overrides the usual bridge this once."""
        known_at = self.known_at
        if known_at is not None and at - known_at > self._limit_s(bridge_s):
            self.reset()
            self.since, known_at = known_at, None
        if value is None:
            self._bridging = True
            return self.state
        raw = value >= 0.5
        if known_at is None:
            self._raw, self._crossing = raw, at
        else:
            unknown_s = at - known_at if self._bridging or at - known_at > self._gap_s else 0.0
            self.bridged_s += unknown_s
            self._follow(at, known_at, value, raw, unknown_s)
        self.known_at, self._bridging = at, False
        return self.state

    def _limit_s(self, bridge_s: float | None) -> float:
        limit = self.bridge_s if bridge_s is None else bridge_s
        return limit if self._bridging or limit > self._gap_s else self._gap_s

    def _follow(self, at: float, known_at: float, value: float, raw: bool, unknown_s: float) -> None:
        change = value - self._filter
        if raw is self.state and -SETTLED < change < SETTLED and not self._against:
            return
        dt = at - known_at
        steps = dt / self._tau_s
        self._filter += (1.0 - exp(-steps if steps < STEP_MAX else -STEP_MAX)) * change
        if self.state is None:
            if raw is not self._raw:
                self._cross(at, known_at, unknown_s)
            self._raw = raw
        else:
            # A frame that hardly leans either way weighs next to nothing: doubt of a second must not outweigh
            # open eyes of half a second after it.
            weight = dt * (2 * value - 1 if raw else 1 - 2 * value)
            if raw is self.state:
                self._against = self._against - weight if self._against > weight else 0.0
            else:
                if not self._against:
                    self._cross(at, known_at, unknown_s)
                self._against += weight
        if self._filter > self._on:
            self._change(True, at)
        elif self._filter < self._off:
            self._change(False, at)

    def _cross(self, at: float, known_at: float, unknown_s: float) -> None:
        """The value crosses between two frames: half of what is unknown there lies after it."""
        self._crossing = (at + known_at) / 2
        self._bridged_before_s = self.bridged_s - unknown_s / 2

    def _change(self, state: bool, at: float) -> None:
        if state is not self.state:
            self.state, self.since = state, min(self._crossing, at)
            self.bridged_s -= self._bridged_before_s
            self._against = self._bridged_before_s = 0.0
