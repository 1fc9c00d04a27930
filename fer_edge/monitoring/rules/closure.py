"""microsleep, sleep, unresponsive: one closure of the eyes, or lids that are down, and how long it lasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from fer_edge.core import Event, Level
from fer_edge.monitoring.filters import Switch
from fer_edge.monitoring.moment import Moment
from fer_edge.monitoring.rules.base import QUIET, Rule
from fer_edge.monitoring.rules.distracted import Distracted
from fer_edge.monitoring.signs import Signs
from fer_edge.settings.monitoring import MonitoringSettings

STAGES = (("microsleep", Level.WARNING), ("sleep", Level.CRITICAL), ("unresponsive", Level.CRITICAL))
MICROSLEEP, SLEEP, UNRESPONSIVE = range(3)


YAWN_LAG_S = 0.5
"""Eyes that shut no more than this before the mouth is wide open shut in the yawn."""


YAWN_LEAST_S = 1.0
"""A mouth wide open for less is talking."""


HAND_S = 5.0
"""A hand before the mouth that came longer before the eyes shut holds the chin and hides no yawn."""


BLINK_S = 0.5
"""Lids that are down for less do not keep an event from its end."""


class Stage(NamedTuple):
    """How far it has come: a position in STAGES, since when, how well judged, and why if not by eyes."""

    rank: int
    since: float
    coverage: float
    reason: str | None


class Counted(NamedTuple):
    """The last closure that counts: since when, until when it was seen, and how well judged."""

    since: float
    until: float
    coverage: float


class Closure(Rule):
    """One event that rises as the closure goes on, and is held when the driver can no longer be seen.

    Eyes shut in a yawn are part of it, and an eye that looks down under its lid is none. Eyes that shut as the
    head went down get the benefit of the doubt until ``sleep_s``, unless ``signs`` of fatigue went before. Lids
    down for ``unresponsive_s`` are critical whatever they are. The event also rises when the face is lost soon
    after a closure that counts (a slump), and starts when ``distracted`` is left without an answer.
    """

    category = "fatigue"

    def __init__(self, keys: Iterator[int], settings: MonitoringSettings, distracted: Distracted, signs: Signs) -> None:
        super().__init__(keys)
        self._settings, self._distracted, self._signs = settings.closure, distracted, signs
        self._least, self._yawn_s = settings.filter.coverage, settings.yawn.longest_s
        rules = settings.closure
        self._times_s = (rules.microsleep_s, rules.sleep_s, rules.unresponsive_s)
        self._calm = Switch(settings.filter)
        self._rank, self._coverage = MICROSLEEP, 0.0
        self._reason: str | None = None
        self.reset()

    def reset(self) -> None:
        """See :class:`Rule`."""
        self._calm.reset()
        self._counted: Counted | None = None
        self._yawned = (0.0, 0.0)
        self._down_until = float("-inf")

    @property
    def tired(self) -> bool:
        """Whether an event is open that is about the lids, not about a look away."""
        return self.open is not None and self._reason != "distracted"

    def step(self, now: Moment) -> Sequence[Event]:
        """See :class:`Rule`."""
        stage = self._stage(now)
        if stage and (self.open is None or stage.rank > self._rank):
            return (self._rise(now, stage),)
        if self.open is None:
            return QUIET
        self._calm.step(now.at, self._calmness(now))
        return self._over(now)

    def _stage(self, now: Moment) -> Stage | None:
        found = self.lids_down(now)
        if found is None and now.eyes.closed and not now.lids.eyes_down:
            found = self._shut(now)
        if left := self._distracted.unanswered:
            return found or Stage(UNRESPONSIVE, left.since, left.coverage, "distracted")
        if (found is None or found.rank < SLEEP) and self._counted and self._slumped(now, self._counted.until):
            counted, self._counted = self._counted, None
            return Stage(SLEEP, counted.since, counted.coverage, "slump")
        return found

    def lids_down(self, now: Moment) -> Stage | None:
        """Lids down for so long that it no longer matters what they are; or undecided, with a sign of fatigue."""
        lids, eyes = now.lids, now.eyes
        down_s = (lids.down_s or 0.0) + now.slack_s
        if down_s < self._times_s[SLEEP] or lids.coverage < self._least or eyes.evidence is None:
            return None
        if down_s >= self._times_s[UNRESPONSIVE]:
            return Stage(UNRESPONSIVE, lids.since, lids.coverage, "lids_down")
        if lids.undecided and not lids.doubted and (lids.sinking or self._signs.tired(now.at)):
            return Stage(SLEEP, lids.since, lids.coverage, "lids_down")
        return None

    def _shut(self, now: Moment) -> Stage | None:
        """How far the closure going on has come; it starts nothing but in a frame that shows it."""
        eyes = now.eyes
        if now.lids.undecided and self.open is None and not self._signs.doubtful(now.at):
            return None
        since, coverage = self._after_yawn(now), eyes.closure_coverage
        yawned_s = since - eyes.since
        closed_s = (eyes.closure_s or 0.0) - yawned_s + now.slack_s
        if closed_s <= 0 or closed_s < self._times_s[MICROSLEEP] or (self.open is None and eyes.evidence is None):
            return None
        if yawned_s:
            # All that was not judged may lie after the yawn.
            coverage = max(1.0 - (1.0 - coverage) * (closed_s + yawned_s) / closed_s, 0.0)
        self._coverage = coverage
        if eyes.evidence is not None and (coverage >= self._least or self.open):
            self._counted = Counted(since, now.at, coverage)
        if coverage < self._least:
            return None
        return Stage(sum(closed_s >= time for time in self._times_s) - 1, since, coverage, None)

    def _after_yawn(self, now: Moment) -> float:
        """When the closure began, leaving out a yawn or a laugh in it, but no more than ``longest_s`` of that.

        The mouth opened first, or was hidden by a hand, then the eyes shut.
        """
        eyes, mouth = now.eyes, now.mouth
        opened = now.at - mouth.wide_s if mouth.wide_s >= YAWN_LEAST_S else mouth.hidden_since
        behind_hand = opened is not None and opened == mouth.hidden_since and opened < eyes.since - HAND_S
        if opened is not None and opened <= eyes.since + YAWN_LAG_S and not behind_hand:
            self._yawned = (opened, now.at)
        # What the yawn hid counts from its end; a closure from before it, or from after it, whole.
        if not self._yawned[0] - YAWN_LAG_S <= eyes.since < self._yawned[1]:
            return eyes.since
        return min(self._yawned[1], eyes.since + self._yawn_s)

    def _slumped(self, now: Moment, closed_until: float) -> bool:
        face, rules = now.face, self._settings
        lost = not now.seen and face.gone(rules.slump_lost_s, self._least)
        return lost and face.since - closed_until <= rules.slump_s

    def _rise(self, now: Moment, stage: Stage) -> Event:
        event_type, level = STAGES[stage.rank]
        details: dict[str, Any] = {"perclos": now.eyes.perclos, "coverage": stage.coverage}
        if stage.reason:
            details["reason"] = stage.reason
        phase = self._update if self.open else self._start
        if not self.open:
            self._calm.reset()
            self._down_until = float("-inf")
        self._rank, self._coverage, self._reason = stage.rank, stage.coverage, stage.reason
        return phase(event_type, level, now.at, stage.since, details)

    def _calmness(self, now: Moment) -> float | None:
        """1 for an upright, ahead face whose eyes cannot be judged."""
        if now.eyes.evidence is not None:
            return 0.0
        if not now.seen or now.head.away is None:
            return None
        return float(now.head.upright and not now.head.away)

    def _over(self, now: Moment) -> Sequence[Event]:
        eyes, rules, at, calm = now.eyes, self._settings, now.at, self._calm
        down_s = now.lids.down_s or 0.0
        details = {"perclos": eyes.perclos, "coverage": self._coverage}
        if down_s >= BLINK_S:
            self._wait(None)
            self._down_until = now.lids.since + down_s
        elif eyes.closed is False:
            since, held_s = self._awake(now)
            self._wait(since)
            wait_s = rules.microsleep_end_s if self._rank == MICROSLEEP else rules.critical_end_s
            if since is not None and min(held_s, at - self._down_until) >= wait_s:
                return (self._end(at, since, details),)
        elif eyes.closed is None:
            self._wait(calm.since if calm.state else None)
            if calm.state and calm.held_s(at) >= rules.upright_end_s:
                return (self._end(at, calm.since, {**details, "reason": "upright"}),)
        elif eyes.held_s >= BLINK_S:
            self._wait(None)
        return QUIET

    def _awake(self, now: Moment) -> tuple[float | None, float]:
        """Since when, and for how long, the driver has been awake: eyes open, and ahead where nobody responded."""
        eyes, head = now.eyes, now.head
        if self._rank != UNRESPONSIVE:
            return eyes.awake_since, eyes.awake_s
        if head.away is not False:
            return None, 0.0
        return max(eyes.awake_since, head.since), min(eyes.awake_s, head.held_s)
