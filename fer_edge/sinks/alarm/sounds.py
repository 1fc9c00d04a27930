"""Sounds for open events: played by a program such as aplay, and again for as long as nobody minds them."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import IO

from fer_edge.core import Level
from fer_edge.errors import UnavailableError
from fer_edge.settings.alarm import SoundAlarm
from fer_edge.sinks.alarm.programs import environment, kill
from fer_edge.sinks.alarm.remaining import Remaining

_log = logging.getLogger(__name__)

AGAIN_S: dict[Level, float] = {Level.INFO: 60.0, Level.ADVISORY: 15.0, Level.WARNING: 5.0, Level.CRITICAL: 1.5}
"""Seconds from the beginning of a sound to its next, while the event is open and not acknowledged."""
STUCK_S = 5.0
"""A player that takes longer for a sound of a second hangs, and is killed."""


class Sounds:
    """Plays the sound of the highest open level at once, and again after :data:`AGAIN_S`.

    Used in one thread; ``now`` is a monotonic clock in seconds. Raises UnavailableError where the player or a
    sound is missing.
    """

    def __init__(self, settings: SoundAlarm, now: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._now = settings, now
        self._remaining = Remaining(settings.longest_s)
        self._playing: Level | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._began = float("-inf")
        self._told = False
        self._files = {level: _file(settings, level) for level in AGAIN_S}
        player = settings.player[0]
        if shutil.which(player) is None:
            raise UnavailableError(
                f"alarm.sound.player: {player} is not installed; sudo apt install alsa-utils, or choose another player"
            )

    @property
    def sounding(self) -> bool:
        """Whether something is to be heard, now or again."""
        return self._playing is not None or self._process is not None

    def sound(self, events: Mapping[int, Level]) -> None:
        """Sound for these events, by key, and for no others."""
        now = self._now()
        self._remaining.take(events, now)
        self.tend(now)

    def tend(self, now: float) -> None:
        """Play what is due, end what is over."""
        self._reap(now)
        level = self._remaining.loudest(now)
        rises = level is not None and (self._playing is None or level.rank > self._playing.rank)
        if level is None or rises:
            self._end()
        self._playing = level
        if level is not None and self._process is None and (rises or now - self._began >= AGAIN_S[level]):
            self._play(level, now)

    def close(self) -> None:
        """Silence."""
        self._playing = None
        self._end()

    def _play(self, level: Level, now: float) -> None:
        self._began = now
        try:
            self._process = subprocess.Popen(
                [*self._settings.player, str(self._files[level])],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment(),
                start_new_session=True,
            )
        except OSError as error:
            self._complain(error.strerror or str(error))

    def _reap(self, now: float) -> None:
        process = self._process
        if process is None:
            return
        code = process.poll()
        if code is None and now - self._began >= STUCK_S:
            self._end()
            self._complain(f"hung for {STUCK_S:g} s")
        elif code is not None:
            words = _first_line(process.stderr) if code and process.stderr else ""
            self._let_go()
            if code:
                self._complain(words or f"ended with {code}")
            else:
                self._told = False

    def _end(self) -> None:
        if self._process is not None:
            kill(self._process)
            self._let_go()

    def _let_go(self) -> None:
        if self._process is not None and self._process.stderr is not None:
            self._process.stderr.close()
        self._process = None

    def _complain(self, why: str) -> None:
        """Once until it works again: an alarm repeats, its log need not."""
        if not self._told:
            self._told = True
            _log.error(
                "alarm.sound: %s: %s; check the sound card and alarm.sound.player", self._settings.player[0], why
            )


def _first_line(words: IO[bytes]) -> str:
    """What is there now: something that the player has left running may hold the other end for ever."""
    os.set_blocking(words.fileno(), False)
    return (words.read() or b"").decode(errors="replace").split("\n")[0]


def _file(settings: SoundAlarm, level: Level) -> Path:
    own = Path(settings.folder) / f"{level}.wav" if settings.folder else None
    shipped = Path(str(resources.files("fer_edge.sounds") / f"{level}.wav"))
    if own is None or own.is_file():
        return own or shipped
    raise UnavailableError(f"alarm.sound.folder: {own} is missing; put info, advisory, warning and critical.wav there")
