"""Settings of alarms on this machine, which need no network."""

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
    """A buzzer or light on a pin; sounds while an event is open, faster the more urgent it is."""

    pin: int | None = Field(None, ge=0, le=53, description="BCM number of the pin; empty: no buzzer or light")
    active_high: bool = Field(True, description="false: the pin is low while it sounds")
    level: AlarmLevel = Field("warning", description="lowest level that sounds")
    event_types: tuple[EventType, ...] = Field((), description="event types that sound; empty: all of them")
    longest_s: float = Field(
        120.0,
        gt=0,
        le=3600,
        description="an event falls silent after this long at a level, seconds (a lost camera must not sound for ever)",
    )


class SoundAlarm(Section):
    """Sounds for open events, one per level, repeated until the event ends or is acknowledged."""

    enabled: bool = Field(False, description="play a sound while an event is open")
    player: tuple[str, ...] = Field(
        ("aplay", "-q"),
        min_length=1,
        description="program that plays a .wav file, e.g. [aplay, -q, -D, plughw:1]; the file name is appended",
    )
    folder: str | None = Field(
        None,
        description="folder with your own info, advisory, warning and critical.wav; empty: the shipped ones",
    )
    level: AlarmLevel = Field("advisory", description="lowest level that sounds")
    event_types: tuple[EventType, ...] = Field((), description="event types that sound; empty: all of them")
    longest_s: float = Field(
        120.0, gt=0, le=3600, description="an event falls silent after this long at a level, seconds"
    )


class CommandAlarm(Section):
    """A program that is run, without a shell, when an event starts or rises in level."""

    run: tuple[str, ...] = Field(
        min_length=1, description="the program's path and its arguments; FER_EDGE_EVENT_TYPE, _LEVEL, _PHASE are set"
    )
    level: AlarmLevel = Field("warning", description="least level of an event that runs it")
    event_types: tuple[EventType, ...] = Field((), description="event types that run it; empty: all of that level")
    every_s: float = Field(5.0, ge=0, le=3600, description="least time between two runs, seconds")
    timeout_s: float = Field(10.0, gt=0, le=600, description="killed when it runs longer, seconds")


class AlarmSettings(Section):
    """Alarms on this machine, which need no network."""

    gpio: GpioAlarm = GpioAlarm()
    sound: SoundAlarm = SoundAlarm()
    commands: tuple[CommandAlarm, ...] = Field(
        (), description="programs to run: run, level, event_types, every_s, timeout_s each (see docs/alarms.md)"
    )

    @property
    def wanted(self) -> bool:
        """Whether anything is configured."""
        return self.gpio.pin is not None or self.sound.enabled or bool(self.commands)
