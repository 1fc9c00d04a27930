"""Lids that are down: one clock, and by what the time is to be called.

A lid follows the eye, so lids are down in sleep and in a look into the lap. Which of the two it is, the eye says
where it can: an iris under the lid looks at something. Where it cannot, a head that went down with the lids speaks
for a look, and only time decides (:class:`LidsNow`).
"""

from __future__ import annotations

from collections import deque

from fer_edge.core import Signals
from fer_edge.monitoring.filters import Switch
from fer_edge.monitoring.moment import LidsNow
from fer_edge.monitoring.windows import Share
from fer_edge.settings.monitoring import MonitoringSettings

NEAR_SHUT, HALF = 0.1, 0.5
"""Shut eyes are no wider than the first, lids that are down no wider than the second: shares of the way from this
driver's shut eyes to the open ones. In marked clips shut eyes keep 3 % of it (nine in ten below 7 %), those of a
laugh 18 % (none below 12 %)."""
TOLD_S = 1.0
"""Iris or gaze told in half of the last so many seconds: the eyes look down."""
UP_S = 0.3
"""Lids are up again once the eyes have been open for so long."""
OPEN_SHARE = 0.15
"""Shorter openings do not part the time with lids down, unless they make up more of it: blinks in a row are none."""
BEFORE_S, AFTER_S = 0.5, 0.5
"""A head that passes the limit within so long around the moment the lids went down went down with them."""
AGAIN_S = 0.7
"""Lids that fall again within so long have only blinked before: the head goes down with them if it does so then."""
SHALLOW_DEG, LOW = 8.0, 0.25
"""A lid that looks down follows the eye: one over an eye that looks no further down than the first, from straight ahead
or out of the face, is low and not lowered; and it is up unless the eyes are narrower than the second."""
SURER_PER_DEG = 0.02
"""Eyes must be read as shut so much more surely for each degree that the head fell as the lids went down."""
LOOKS = 0.25
"""Eyes that are read as lowered with so much probability, over the last ``TOLD_S``, may look down though they are
read as shut rather: in marked clips a look into the lap gives 0.2 to 0.95, real closures up to 0.2 until they end."""
LOWERED = 0.4
"""Eyes that are not shut and are read as lowered with so much probability look down, though no iris is told."""
LOOKED_S = 0.5
"""An iris told for so long since the lids went down was a look down, and what is read as shut after it may be, too."""
FIRST_S = 1.0
"""Sinking and rolling are measured from this long after the lids went down: until then the head moves with them."""


class LidsReader:
    """Follows the lids, whatever the eyes under them do."""

    def __init__(self, settings: MonitoringSettings) -> None:
        self._rules = settings.lids
        self._down = Switch(settings.filter, bridge_s=settings.closure.hold_s)
        self._told, self._shut, self._lowered = (Share(TOLD_S, buckets=20) for _ in range(3))
        self._head: deque[tuple[float, float]] = deque()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._down.reset()
        self._head.clear()
        self._up()

    def _up(self) -> None:
        self._since: float | None = None
        self._open_s = 0.0
        for share in (self._told, self._shut, self._lowered):
            share.reset()
        self._passed, self._unsure, self._fell_deg, self._looked_s = False, False, 0.0, 0.0
        self._first: tuple[float, float] | None = None
        self._sinking = False
        self._fell_at, self._opened = 0.0, False

    @property
    def with_head(self) -> bool:
        """Whether the head went down with the lids that are down."""
        return self._passed

    def step(
        self,
        signals: Signals,
        dt: float,
        evidence: float | None,
        width: float | None,
        pitch: float | None,
        gaze: float | None = None,
    ) -> LidsNow:
        """Read one frame, ``dt`` seconds after the last.

        ``evidence`` is the probability of shut eyes, ``width`` how wide they are between this driver's shut (0) and
        open (1) ones, ``pitch`` the head's, degrees from straight ahead where that is known, else against the camera.
        ``gaze`` is the pitch of the gaze from straight ahead, degrees, None where it is not known.
        """
        at, down = signals.at, self._down
        shallow = gaze is not None and pitch is not None and max(gaze, gaze - pitch) > -SHALLOW_DEG
        up = shallow and (width is None or width >= LOW)
        lids = evidence if up else self._lids(signals, evidence, width, pitch)
        down.step(at, lids)
        if down.state is None or (down.state is False and down.held_s(at) >= UP_S):
            self._up()
        elif down.state:
            if self._since is None:
                self._since = self._fell_at = down.since
                self._opened = False
            elif self._open_s > OPEN_SHARE * (at - self._since):
                # The closure may go on all the same: what the head did as the lids first went down stays known.
                self._since = self._fell_at = down.since
                self._open_s = 0.0
        else:
            self._open_s += dt
        self._follow_head(at, pitch)
        self._follow_fall(at, lids)
        if self._since is None:
            return LidsNow(
                None if down.state is None else 0.0, at, 1.0, None if down.state is None else False, 0.0, False, False
            )
        # A flutter in which the eyes are open says nothing of the lids that are down before and after it.
        if evidence is not None and lids is not None and lids >= 0.5:
            told = not shallow and _told(signals, evidence)
            self._told.add(at, dt, dt if told else 0.0)
            # Lids that sink over an eye nobody can read are no look.
            self._looked_s += dt if told and gaze is not None else 0.0
            self._shut.add(at, dt, dt * evidence)
            self._lowered.add(at, dt, dt * (signals.eyes_lowered or 0.0))
        share = self._told.share
        eyes_down = share is not None and share >= 0.5
        self._judge_head(at, pitch, signals.roll)
        if evidence is not None and evidence >= 0.5:
            self._unsure = self._is_unsure()
        undecided = not eyes_down and (self._passed or self._unsure or self._looked_s >= LOOKED_S)
        # Frames that speak against it may be its end: they do not count until they are overruled.
        until = down.since + down.held_s(at) if down.state else down.since
        return LidsNow(
            max(until - self._since, 0.0),
            self._since,
            down.coverage(at),
            eyes_down,
            share or 0.0,
            undecided,
            self._sinking,
            down.doubted or not down.state,
        )

    def _is_unsure(self) -> bool:
        """Whether the eyes were read as shut only now and then, for a head that moved so: it may be a look down."""
        shut, lowered = self._shut.share, self._lowered.share
        if shut is None or lowered is None:
            return False
        return lowered >= LOOKS or shut < self._rules.sure + SURER_PER_DEG * self._fell_deg

    def _lids(self, signals: Signals, evidence: float | None, width: float | None, pitch: float | None) -> float | None:
        """Probability that the lids are down: shut, lowered, or narrowed where that excuses nothing."""
        if evidence is None or signals.eyes_closed is None or signals.eyes_lowered is None:
            return evidence
        if width is not None and width >= HALF:
            return evidence
        # A laugh or a squint leaves the iris in sight, and lids that are no wider than shut ones excuse nothing.
        bent = pitch is not None and pitch < -self._rules.bent_deg
        hidden = signals.gaze_pitch is None and (width or 0.0) < NEAR_SHUT
        narrowed = (signals.eyes_narrowed or 0.0) if bent or hidden else 0.0
        return max(evidence, min(signals.eyes_closed + signals.eyes_lowered + narrowed, 1.0))

    def _follow_fall(self, at: float, lids: float | None) -> None:
        """When the lids went down, or did so again after a blink."""
        if lids is None or self._since is None:
            return
        if lids < 0.5:
            self._opened = True
        elif self._opened:
            self._opened = False
            if at - self._since <= AGAIN_S:
                self._fell_at = at

    def _follow_head(self, at: float, pitch: float | None) -> None:
        if pitch is not None:
            self._head.append((at, pitch))
        while self._head and self._head[0][0] < at - BEFORE_S - AFTER_S:
            self._head.popleft()

    def _judge_head(self, at: float, pitch: float | None, roll: float | None) -> None:
        """Did the head go down with the lids, and does it go on sinking or rolling after that?"""
        if self._since is None or pitch is None:
            return
        if not self._passed and at <= self._fell_at + AFTER_S:
            around = [value for when, value in self._head if when >= self._fell_at - BEFORE_S]
            highest, before = around[0], 0.0
            for value in around:
                fell = highest - value >= self._rules.passed_deg
                crossed = highest > -self._rules.passed_deg > value and highest - value >= self._rules.passed_deg / 2
                self._passed = self._passed or fell or crossed
                # A pose that is off for one frame is no movement.
                self._fell_deg = max(self._fell_deg, min(highest - value, before))
                before = highest - value
                highest = max(highest, value)
        if at < self._since + FIRST_S:
            return
        if self._first is None:
            self._first = pitch, roll or 0.0
        sank, rolled = self._first[0] - pitch, abs((roll or 0.0) - self._first[1])
        self._sinking = self._sinking or max(sank, rolled) >= self._rules.sinking_deg


def _told(signals: Signals, evidence: float) -> bool:
    """Whether this frame shows an iris under the lid."""
    return evidence < 0.5 and (signals.gaze_pitch is not None or (signals.eyes_lowered or 0.0) >= LOWERED)
