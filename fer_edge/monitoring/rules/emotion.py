"""emotion: the expression that leads, once it has led clearly for long enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import exp
from typing import Any

from fer_edge.core import Event, Level
from fer_edge.monitoring.moment import Moment
from fer_edge.monitoring.rules.base import QUIET, Rule
from fer_edge.settings import EmotionSettings

READ_EVERY_S = 0.1
"""Expressions are smoothed at most so often: they are read at a few hertz and repeated between."""


class Expression:
    """Expression probabilities smoothed over time, and which of them leads.

    Probabilities are averaged, not labels: a face between two expressions keeps both. ``leader`` has
    been ahead of the runner-up by the margin without interruption since ``since``; None when no
    expression is.
    """

    def __init__(self, settings: EmotionSettings) -> None:
        self._window_s, self._margin = settings.window_s, settings.margin
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.smoothed: dict[str, float] = {}
        self.leader: str | None = None
        self.since = 0.0
        self._unread_s = READ_EVERY_S

    def step(self, at: float, dt: float, emotions: Mapping[str, float]) -> None:
        """Take the probabilities of a frame, ``dt`` seconds after the last."""
        self._unread_s += dt
        if self._unread_s < READ_EVERY_S:
            return
        dt, self._unread_s = self._unread_s, 0.0
        smoothed = self.smoothed
        if smoothed.keys() != emotions.keys():
            self.smoothed = smoothed = dict(emotions)
        else:
            share = 1.0 - exp(-dt / self._window_s) if self._window_s > 0 else 1.0
            for name, value in emotions.items():
                smoothed[name] += share * (value - smoothed[name])
        leader = self._leading(smoothed)
        if leader != self.leader:
            self.leader, self.since = leader, at

    def _leading(self, smoothed: Mapping[str, float]) -> str | None:
        best, first, second = None, -1.0, 0.0
        for name, value in smoothed.items():
            if value > first:
                best, first, second = name, value, max(first, 0.0)
            elif value > second:
                second = value
        return best if first - second >= self._margin else None


class Emotion(Rule):
    """Starts when another expression has led for ``hold_s``; ends when the next starts or the face goes.

    Unread for longer than ``gap_s``, it has to lead anew; ``gone_s`` is how long the face may be missing
    before the expression is forgotten. ``details`` go into every event (``person`` in profile kiosk).
    """

    category = "emotion"

    def __init__(
        self,
        keys: Iterator[int],
        settings: EmotionSettings,
        gap_s: float,
        gone_s: float,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(keys, details)
        self._hold_s, self._gap_s, self._gone_s = settings.hold_s, gap_s, gone_s
        self.expression = Expression(settings)
        self.current: str | None = None
        self._seen_at: float | None = None

    @property
    def smoothed(self) -> Mapping[str, float] | None:
        """The smoothed probabilities; None when nothing was read lately."""
        return self.expression.smoothed or None

    def reset(self) -> None:
        """Forget the expression."""
        self.expression.reset()
        self.current = self._seen_at = None

    def step(self, now: Moment) -> Sequence[Event]:
        """See :class:`Rule`.

        A wide open mouth that does not laugh is most often a yawn, which the seven expressions have no name for
        (networks say angry, surprise or happy): it is left out, as if it had not been read.
        """
        if now.mouth.open and not now.mouth.laughs:
            return QUIET
        return self.read(now.at, now.dt, now.emotions)

    def read(self, at: float, dt: float, emotions: Mapping[str, float] | None) -> Sequence[Event]:
        """Take the probabilities of one frame, None where none were read."""
        if not emotions:
            gone = self._seen_at is not None and at - self._seen_at >= self._gone_s
            return self.abort(at, "absent", self._seen_at) if gone else QUIET
        expression = self.expression
        if self._seen_at is not None and at - self._seen_at > self._gap_s:
            expression.since = at  # nobody knows what the face showed meanwhile
        self._seen_at = at
        expression.step(at, dt, emotions)
        leader = expression.leader
        if leader is None or leader == self.current or at - expression.since < self._hold_s:
            return QUIET
        return self._change(at, leader)

    def _subject(self) -> Mapping[str, Any]:
        return {"emotion": self.current}

    def _change(self, at: float, leader: str) -> Sequence[Event]:
        since, before = self.expression.since, self.current
        ended = [self._end(at, since, {"emotion": before})] if self.open else []
        self.current = leader
        details = {
            "emotion": leader,
            "probability": self.expression.smoothed[leader],
            "previous": before,
        }
        return [*ended, self._start("emotion", Level.INFO, at, since, details)]
