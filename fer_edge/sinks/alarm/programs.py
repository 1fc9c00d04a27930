"""Programs that events run: no shell, rarely enough, killed when they take too long."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fer_edge.core import Event, Level, Phase
from fer_edge.settings.alarm import CommandAlarm

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Rule:
    """One configured program, its last run, the open events it ran for with the level it told, and what waits."""

    settings: CommandAlarm
    started_at: float = float("-inf")
    level: Level = Level.NONE
    heard: dict[int, Level] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    waiting: Event | None = None


class Programs:
    """Used in one thread; ``now`` is a monotonic clock in seconds."""

    def __init__(self, commands: Sequence[CommandAlarm], now: Callable[[], float] = time.monotonic) -> None:
        self._rules = [_Rule(command) for command in commands]
        self._now = now

    @property
    def running(self) -> bool:
        """Whether a program has not ended yet."""
        return any(rule.process is not None for rule in self._rules)

    def event(self, event: Event) -> None:
        """Run every program that this start, or rise in level, calls for.

        What is worse than the last run told does not wait for ``every_s``, only for that run to end.
        """
        self.tend(self._now())
        for rule in self._rules:
            if event.phase is Phase.END:
                rule.heard.pop(event.key, None)
                if rule.waiting and rule.waiting.key == event.key:
                    rule.waiting = None
            elif not _is_wanted(rule, event):
                continue
            elif event.level.rank <= rule.level.rank:
                if rule.process is None and self._now() - rule.started_at >= rule.settings.every_s:
                    self._start(rule, event)
            elif rule.process is None:
                self._start(rule, event)
            elif rule.waiting is None or rule.waiting.level.rank <= event.level.rank:
                rule.waiting = event

    def tend(self, now: float) -> None:
        """Reap what has ended, kill what takes too long, and run what waited for that."""
        for rule in self._rules:
            if rule.process is None:
                continue
            code = rule.process.poll()
            if code is None and now - rule.started_at >= rule.settings.timeout_s:
                _log.warning("alarm %s took longer than %g s: killed", rule.settings.run[0], rule.settings.timeout_s)
                kill(rule.process)
                rule.process = None
            elif code is not None:
                if code != 0:
                    _log.warning("alarm %s exited with %d", rule.settings.run[0], code)
                rule.process = None
            if rule.process is None and rule.waiting:
                self._start(rule, rule.waiting)

    def close(self) -> None:
        """End what still runs."""
        for rule in self._rules:
            if rule.process is not None:
                kill(rule.process)
                rule.process = None

    def _start(self, rule: _Rule, event: Event) -> None:
        rule.started_at, rule.level, rule.waiting = self._now(), event.level, None
        rule.heard[event.key] = event.level
        told = {
            "FER_EDGE_EVENT_TYPE": event.event_type,
            "FER_EDGE_LEVEL": str(event.level),
            "FER_EDGE_PHASE": str(event.phase),
            "FER_EDGE_CATEGORY": event.category,
        }
        try:
            rule.process = subprocess.Popen(
                rule.settings.run,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment() | told,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            _log.error("alarm %s cannot be run: %s; check alarm.commands", rule.settings.run[0], why)


def _is_wanted(rule: _Rule, event: Event) -> bool:
    """Whether this program is for such events, and has not yet told of this one at its level."""
    wanted, rank = rule.settings, event.level.rank
    if wanted.event_types and event.event_type not in wanted.event_types:
        return False
    heard = rule.heard.get(event.key, Level.NONE)
    return rank >= Level(wanted.level).rank and rank > heard.rank


def environment() -> dict[str, str]:
    """The daemon's without what is its own: secrets and the way to systemd are no business of a program it runs."""
    own = ("FER_EDGE_", "CREDENTIALS_", "NOTIFY_", "WATCHDOG_")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}


def kill(process: subprocess.Popen[bytes]) -> None:
    """The program and whatever it has started: they are a session of their own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except PermissionError:  # it has become another user's (sudo), so it is not waited for either
        _log.error("alarm: process %d runs as another user and cannot be killed; it is left alone", process.pid)
        return
    except ProcessLookupError:
        pass
    process.wait()
