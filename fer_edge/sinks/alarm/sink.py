"""Alarms on this machine: a buzzer or light on a pin, sounds, and programs that are run. No network needed.

The main loop decides what should be heard (pure, quick) and hands that to a thread, which drives
the pin and starts and reaps the programs.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from fer_edge.core import DriverState, Event, Level, Phase, Signals
from fer_edge.errors import FerEdgeError
from fer_edge.settings.alarm import AlarmLevel, AlarmSettings, GpioAlarm, SoundAlarm
from fer_edge.sinks.alarm.buzzer import Buzzer
from fer_edge.sinks.alarm.programs import Programs
from fer_edge.sinks.alarm.sounds import Sounds

_log = logging.getLogger(__name__)

_LOOK_S = 0.1
_STOP_S = 1.0


class Loudness:
    """What should sound: the open events that count and that nobody has acknowledged, by key with their level."""

    def __init__(self, least: AlarmLevel, event_types: tuple[str, ...]) -> None:
        self._least = Level(least).rank
        self._types = frozenset(event_types)
        self._open: dict[int, Level] = {}
        self._acknowledged: dict[int, Level] = {}

    def event(self, event: Event) -> Mapping[int, Level]:
        """Take one phase in and return what should sound now."""
        if event.phase is Phase.END:
            self._open.pop(event.key, None)
            self._acknowledged.pop(event.key, None)
        elif self.counts(event):
            self._open[event.key] = event.level
        return self.heard()

    def counts(self, event: Event) -> bool:
        """Whether such an event sounds at all."""
        return event.level.rank >= self._least and (not self._types or event.event_type in self._types)

    def acknowledge(self, key: int) -> bool:
        """Be quiet about an event until it rises; False where it does not sound."""
        if key not in self._open:
            return False
        self._acknowledged[key] = self._open[key]
        return True

    def heard(self) -> Mapping[int, Level]:
        """What should sound now; nothing for silence."""
        return {key: level for key, level in self._open.items() if level.rank > self._quiet_up_to(key)}

    def _quiet_up_to(self, key: int) -> int:
        level = self._acknowledged.get(key)
        return -1 if level is None else level.rank


class _Voice:
    """One thing that sounds: the events that count for it, and how it is made. ``device`` is None until it was had."""

    def __init__(self, settings: GpioAlarm | SoundAlarm, make: Callable[[], Buzzer | Sounds]) -> None:
        self.loudness = Loudness(settings.level, settings.event_types)
        self.make = make
        self.device: Buzzer | Sounds | None = None


class AlarmSink:
    """Sounds and runs what the settings say. ``key_of`` finds an event's key by its published id.

    ``works`` is False until pin and player were had, where they are wanted.
    """

    def __init__(self, settings: AlarmSettings, key_of: Callable[[str], int | None]) -> None:
        self._key_of = key_of
        self._voices: list[_Voice] = []
        if settings.gpio.pin is not None:
            self._voices.append(_Voice(settings.gpio, lambda: Buzzer(settings.gpio)))
        if settings.sound.enabled:
            self._voices.append(_Voice(settings.sound, lambda: Sounds(settings.sound)))
        self._programs = Programs(settings.commands)
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="fer-edge-alarm", daemon=True)

    @property
    def works(self) -> bool:
        """Whether everything that should sound can."""
        return all(voice.device is not None for voice in self._voices)

    def start(self) -> None:
        """Take pin and player and begin. Raises MissingExtra or UnavailableError where one cannot be had.

        An alarm that silently does not work is worse than none; what can be had works all the same.
        """
        faults: list[FerEdgeError] = []
        for voice in self._voices:
            try:
                voice.device = voice.make()
            except FerEdgeError as fault:
                faults.append(fault)
        self._thread.start()
        if faults:
            raise faults[0]

    def state(self, state: DriverState, signals: Signals) -> None:
        """States make no noise."""

    def event(self, event: Event) -> None:
        """Sound or fall silent, and run what is due. Returns at once."""
        for voice in self._voices:
            self._sound(voice, voice.loudness.event(event))
        self._calls.put(partial(self._programs.event, event))

    def acknowledge(self, event_id: str) -> bool:
        """Be quiet about this event until it rises in level; whether it sounded."""
        key = self._key_of(event_id)
        if key is None:
            return False
        known = [voice.loudness.acknowledge(key) for voice in self._voices]
        for voice in self._voices:
            self._sound(voice, voice.loudness.heard())
        return any(known)

    def close(self) -> None:
        """Be silent, end what runs, give the pin back."""
        self._calls.put(None)
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def _sound(self, voice: _Voice, events: Mapping[int, Level]) -> None:
        if voice.device is not None:
            self._calls.put(partial(voice.device.sound, events))

    @property
    def _devices(self) -> list[Buzzer | Sounds]:
        return [voice.device for voice in self._voices if voice.device is not None]

    def _run(self) -> None:
        while True:
            busy = self._programs.running or any(device.sounding for device in self._devices)
            try:
                call = self._calls.get(timeout=_LOOK_S if busy else None)
            except queue.Empty:
                call = self._tend
            if call is None:
                break
            try:
                call()
            except Exception as error:
                _log.error("alarm failed: %r", error)
        self._programs.close()
        for device in self._devices:
            with suppress(Exception):
                device.close()

    def _tend(self) -> None:
        now = time.monotonic()
        self._programs.tend(now)
        for device in self._devices:
            device.tend(now)
