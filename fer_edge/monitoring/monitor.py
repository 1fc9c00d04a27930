"""The monitor: signals in, the driver's state and events out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any

from fer_edge.core import DriverState, Event, Lens, Level, Signals
from fer_edge.monitoring.calibration import Learner
from fer_edge.monitoring.eyes import EyesReader, seen_openness
from fer_edge.monitoring.face import FaceReader, MouthReader
from fer_edge.monitoring.head import HeadReader
from fer_edge.monitoring.moment import FaceNow, Moment
from fer_edge.monitoring.people import People
from fer_edge.monitoring.rules import Rules
from fer_edge.monitoring.rules.closure import BLINK_S
from fer_edge.monitoring.timeline import Step, Timeline
from fer_edge.settings.reads import MonitorReads

SHUT = 0.5
"""Probability of shut eyes from which, in a closure, their openness is learned as this driver's shut one."""


class Monitor:
    """Reads signals over time: filters and windows first, then the rules, then the state.

    Knows no clock but the frames' own and no picture. ``saved`` is what :meth:`saved` gave in an
    earlier run: a driver who need not be learned again. ``keys`` numbers its events, where they must
    differ from another monitor's. ``moment`` is what was known at the last frame, for whoever explains.
    """

    def __init__(
        self, settings: MonitorReads, *, saved: Mapping[str, Any] | None = None, keys: Iterator[int] | None = None
    ) -> None:
        monitoring = settings.monitoring
        self._settings, self._absent_s = settings, monitoring.closure.absent_s
        self._gap_s, self._least = monitoring.filter.gap_s, monitoring.filter.coverage
        self._timeline = Timeline(monitoring.filter.gap_s, monitoring.filter.min_fps)
        self._learner = Learner(monitoring.calibration)
        self._learner.restore(saved)
        self._face, self._mouth = FaceReader(monitoring.filter), MouthReader(monitoring.filter)
        self._eyes, self._head = EyesReader(monitoring, self._learner), HeadReader(monitoring, self._learner)
        keys = count(1) if keys is None else keys
        self._rules = Rules(keys, settings, self._head)
        self._people = People(keys, settings) if settings.profile == "kiosk" else None
        self._km_h, self._km_h_until = 0.0, float("-inf")
        self._forgotten = False
        self._person: int | None = None
        self._face_at = 0.0
        self.moment: Moment | None = None
        self._state = DriverState(at=0.0, profile=settings.profile, calibration=self._learner.describe(0.0))

    def step(self, signals: Signals) -> tuple[DriverState, tuple[Event, ...]]:
        """The state after one frame and the phases of events it brought, in order.

        A frame that is not later than the last is ignored: the state stays and nothing happens.
        """
        events: list[Event] = []
        last_at = self._timeline.at
        match self._timeline.step(signals.at):
            case Step.LATE:
                return self._state, ()
            case Step.RESTARTED:
                events += self._interrupt(signals.at, "clock", last_at)
                self._rules.signs.reset()
                self._km_h_until = float("-inf")
        if self._timeline.dt > self._gap_s and self._timeline.dt >= self._absent_s:
            events += self._lost(signals.at, last_at)
        if self._another(signals):
            events += self._rules.another(signals.at, last_at)
            for reader in (self._mouth, self._eyes, self._head):
                reader.reset()
            self._learner.reset()
        now = self.moment = self._read(signals)
        events += self._rules.step(now)
        if signals.face is not None:
            self._face_at = now.at
        elif signals.lens is not Lens.CLEAR and now.at - self._face_at >= self._absent_s:
            events += self._rules.unjudged(now.at, self._face_at)
        if self._people:
            events += self._people.step(signals, now.dt)
        if now.face.gone(self._absent_s, self._least):
            events += self._forget(now.at)
        else:
            self._forgotten = False
            self._learn(now, signals)
        self._state = self._describe(now, signals)
        return self._state, tuple(events)

    def _another(self, signals: Signals) -> bool:
        """Whether the face may be somebody else's: a closure is not carried from one person to another."""
        if signals.face is None or signals.face.track is None or self._settings.profile != "driver":
            return False
        before, self._person = self._person, signals.face.track
        return before is not None and before != self._person

    def recalibrate(self) -> None:
        """Forget this driver and learn anew from here."""
        self._learner.reset()

    def speed(self, km_h: float, at: float, valid_s: float = 5.0) -> None:
        """The vehicle's speed, known from ``at`` for ``valid_s`` seconds of the frames' clock."""
        self._km_h, self._km_h_until = km_h, at + valid_s

    def saved(self) -> dict[str, Any]:
        """What was learned of the driver, JSON-able, for the next run; empty until it is calibrated."""
        return self._learner.saved()

    def remembers(self, at: float) -> dict[str, Any]:
        """What it knows at ``at`` from longer ago than a rule's window, JSON-able, for :meth:`recall`."""
        return {
            "calibration": self.saved(),
            "shut": self._learner.shut.value,
            "signs": self._rules.signs.saved(at),
        }

    def recall(self, remembered: Mapping[str, Any], at: float) -> None:
        """Go on at ``at`` from what another monitor remembered; what is missing or damaged is as good as nothing."""
        calibration, shut, signs = (remembered.get(name) for name in ("calibration", "shut", "signs"))
        if isinstance(calibration, Mapping):
            self._learner.restore(calibration)
        if isinstance(shut, float) and 0.0 <= shut <= 1.0:
            self._learner.shut.value = shut
        if isinstance(signs, Mapping):
            self._rules.signs.restore(signs, at)

    def abort(self, at: float, reason: str, *, until: float | None = None) -> tuple[Event, ...]:
        """End every open event: watching stops or pauses. What is known of the driver stays.

        ``until`` is the moment up to which it was watched, where that is not ``at``.
        """
        self._timeline.pause()
        return tuple(self._interrupt(at, reason, until))

    def lost(self, at: float, *, until: float) -> tuple[Event, ...]:
        """No frames for so long that another driver may sit there: end every open event and forget this one.

        ``until`` is the moment of the last frame.
        """
        self._timeline.pause()
        return tuple(self._lost(at, until))

    def perception_renewed(self) -> None:
        """Perception counts its people anew: the next face is still this driver's."""
        self._person = None

    def _lost(self, at: float, until: float | None) -> list[Event]:
        self._learner.reset()
        self._rules.signs.reset()
        return self._interrupt(at, "gap", until)

    def _interrupt(self, at: float, reason: str, until: float | None) -> list[Event]:
        self._face_at = at
        events = list(self._rules.abort(at, reason, until))
        if self._people:
            events += self._people.abort(at, reason)
        for reader in (self._face, self._mouth, self._eyes, self._head):
            reader.reset()
        return events

    def _forget(self, at: float) -> Iterable[Event]:
        """The driver is gone: what was open ends, and whoever comes next is learned anew."""
        if self._forgotten:
            return ()
        self._forgotten = True
        self._learner.reset()
        for reader in (self._mouth, self._eyes, self._head):
            reader.reset()
        return self._rules.abandon(at)

    def _read(self, signals: Signals) -> Moment:
        at, dt, slack_s = signals.at, self._timeline.dt, self._timeline.slack_s
        eyes, lids = self._eyes.step(signals, dt, slack_s, self._head.pitch(signals))
        looks_down = bool(lids.eyes_down) and not lids.doubted
        return Moment(
            at,
            dt,
            slack_s,
            self._face.step(signals),
            eyes,
            lids,
            self._head.step(signals, dt, self._km_h if at <= self._km_h_until else None, looks_down),
            self._mouth.step(signals, dt),
            signals.emotions,
            signals.face is not None,
        )

    def _learn(self, now: Moment, signals: Signals) -> None:
        """From confident frames: at first all of them, once calibrated only the clearly awake."""
        if not now.seen or now.dt > self._gap_s:
            return
        learner, eyes = self._learner, now.eyes
        awake = eyes.evidence is not None and eyes.evidence < 0.3 and eyes.closed is False and not self._rules.tired
        awake = awake and not now.lids.down_s
        # Nobody looks straight ahead in a yawn or under lids that are down, where narrow eyes are not taken for shut;
        # who stands still may look elsewhere for long.
        down = signals.eyes_lowered is not None and (now.lids.down_s or 0.0) >= BLINK_S
        looks = not down and not now.mouth.open
        ahead = awake and not now.head.quiet if learner.ahead.settled else looks
        if signals.yaw is not None and signals.pitch is not None and ahead:
            learner.ahead.learn(signals.yaw, signals.pitch, now.dt)
            if signals.gaze_yaw is not None and signals.gaze_pitch is not None:
                learner.gaze.learn(signals.gaze_yaw, signals.gaze_pitch, now.dt)
        openness = seen_openness(signals)
        turned = now.head.turned and now.head.yaw is not None  # a camera at 40 degrees aside sees everybody turned
        if openness is None or eyes.evidence is None or now.head.away or turned:
            return
        shut = eyes.closed and not (now.lids.eyes_down or now.lids.undecided)
        if shut and signals.eyes_closed is not None and signals.eyes_closed >= SHUT:
            learner.shut.learn(openness, now.dt)
        if awake or learner.eyes.value is None:
            learner.eyes.learn(openness, now.dt)

    def _level(self, face: FaceNow) -> Level | None:
        """Of what is open; none where the driver is judged, unknown where nobody is or nothing can be."""
        watched = face.present and face.lens is Lens.CLEAR and self._rules.watching and not self._rules.blind
        return self._rules.level or (Level.NONE if watched else None)

    def _describe(self, now: Moment, signals: Signals) -> DriverState:
        face, eyes, head, rules = now.face, now.eyes, now.head, self._rules
        opened = rules.open
        if self._people:
            opened += tuple(self._people.open)
        return DriverState(
            at=now.at,
            profile=self._settings.profile,
            present=face.present,
            level=self._level(face),
            open_events=opened,
            emotion=rules.emotion.current if rules.emotion else None,
            emotions=dict(rules.emotion.smoothed) if rules.emotion and rules.emotion.smoothed else None,
            eyes_closed=False if now.lids.eyes_down else eyes.closed,
            eyes_down=now.lids.eyes_down,
            lids_down_s=now.lids.down_s,
            openness=eyes.openness,
            closure_s=eyes.closure_s,
            perclos=eyes.perclos,
            coverage=eyes.coverage,
            blinks_per_min=eyes.blinks_per_min,
            yawns=rules.yawns(now.at),
            yaw=head.yaw,
            pitch=head.pitch,
            roll=head.roll,
            gaze_yaw=head.gaze_yaw,
            gaze_pitch=head.gaze_pitch,
            looking=head.looking,
            faces=signals.faces,
            lens=face.lens,
            fps=self._timeline.fps,
            degraded_rate=self._timeline.degraded,
            calibration=self._learner.describe(now.at),
            people=self._people.describe(now.at) if self._people else (),
        )
