"""Settings of alarms on this machine; they need no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from fer_edge.core import EVENT_TYPES
from fer_edge.settings.base import Section

if TYPE_CHECKING:
    EventType = str
else:
    EventType = Literal[tuple(EVENT_TYPES)]
AlarmLevel = Literal["info", "advisory", "warning", "critical"]


class GpioAlarm(Section):
    """A buzzer or light on a pin; active while an event is open, faster for higher levels."""

    pin: int | None = Field(None, ge=0, le=53, description="BCM number of the pin; empty: no buzzer or light")
    active_high: bool = Field(True, description="false: the pin is low while active")
    level: AlarmLevel = Field("warning", description="lowest level that triggers it")
    event_types: tuple[EventType, ...] = Field((), description="event types that trigger it; empty: all")
    longest_s: float = Field(
        120.0,
        gt=0,
        le=3600,
        description="maximum duration at one level, seconds (so that a lost camera cannot sound for ever)",
    )


class SoundAlarm(Section):
    """Sounds for open events, one per level, repeated until the event ends or is acknowledged."""

    enabled: bool = Field(False, description="play a sound while an event is open")
    player: tuple[str, ...] = Field(
        ("aplay", "-q"),
        min_length=1,
        description="program that plays a .wav file, for example [aplay, -q, -D, plughw:1]; the file name is appended",
    )
    folder: str | None = Field(
        None,
        description="folder with your own info, advisory, warning and critical.wav; empty: the shipped ones",
    )
    level: AlarmLevel = Field("advisory", description="lowest level that triggers it")
    event_types: tuple[EventType, ...] = Field((), description="event types that trigger it; empty: all")
    longest_s: float = Field(120.0, gt=0, le=3600, description="maximum duration at one level, seconds")


class CommandAlarm(Section):
    """A program to run, without a shell, when an event starts or its level rises."""

    run: tuple[str, ...] = Field(
        min_length=1,
        description="path of the program and its arguments; its environment has FER_EDGE_EVENT_TYPE, _LEVEL, _PHASE",
    )
    level: AlarmLevel = Field("warning", description="lowest level of an event that runs it")
    event_types: tuple[EventType, ...] = Field((), description="event types that run it; empty: all")
    every_s: float = Field(
        5.0, ge=0, le=3600, description="minimum time between two runs, seconds; a higher level does not wait"
    )
    timeout_s: float = Field(10.0, gt=0, le=600, description="the program is killed if it runs longer, seconds")


class AlarmSettings(Section):
    """Alarms on this machine; they need no network."""

    gpio: GpioAlarm = GpioAlarm()
    sound: SoundAlarm = SoundAlarm()
    commands: tuple[CommandAlarm, ...] = Field(
        (), description="programs to run: run, level, event_types, every_s, timeout_s each (see docs/alarms.md)"
    )

    @property
    def wanted(self) -> bool:
        """Whether anything is configured."""
        return self.gpio.pin is not None or self.sound.enabled or bool(self.commands)
