"""Which settings each part reads, named once.

A part takes its protocol in place of :class:`~fer_edge.settings.Settings`, so mypy refuses one that reads what it
does not name; and a reload builds a part anew exactly where :func:`read_by` gives something else. A part that reads
one section only (camera, alarm) takes that and needs no protocol.
"""

from __future__ import annotations

from typing import Any, Protocol, get_type_hints

from fer_edge.settings.monitoring import DrowsySettings, MonitoringSettings
from fer_edge.settings.mqtt import MqttSettings
from fer_edge.settings.perception import EmotionSettings, PerceptionSettings
from fer_edge.settings.traces import TraceSettings
from fer_edge.settings.web import WebSettings


class Watched(Protocol):
    """Who is watched, and for what."""

    @property
    def profile(self) -> str:
        """``driver`` or ``kiosk``."""

    @property
    def fatigue(self) -> bool:
        """Whether somebody is watched for fatigue."""

    @property
    def attention(self) -> bool:
        """Whether somebody is watched for attention."""


class PerceptionReads(Watched, Protocol):
    """What perception reads."""

    @property
    def perception(self) -> PerceptionSettings:
        """Its own section."""

    @property
    def emotion(self) -> EmotionSettings:
        """The expressions' section."""


class MonitorReads(Watched, Protocol):
    """What the rules read."""

    @property
    def monitoring(self) -> MonitoringSettings:
        """Their own section."""

    @property
    def emotion(self) -> EmotionSettings:
        """The expressions' section."""


class Switch(Protocol):
    """Of a section, whether it is on."""

    @property
    def enabled(self) -> bool:
        """Whether it is."""


class MqttReads(Watched, Protocol):
    """What MQTT reads."""

    @property
    def page_url(self) -> str | None:
        """Where other machines find the live page."""

    @property
    def node(self) -> str:
        """This device's name."""

    @property
    def mqtt(self) -> MqttSettings:
        """Its own section."""

    @property
    def emotion(self) -> Switch:
        """Whether there are expressions to be announced."""


class Trust(Protocol):
    """Of MQTT's section, what is believed of the time."""

    @property
    def trust_clock(self) -> bool:
        """Whether the wall clock is right without a sign of it."""


class TraceReads(Protocol):
    """What the recorder of traces reads."""

    @property
    def node(self) -> str:
        """This device's name."""

    @property
    def profile(self) -> str:
        """``driver`` or ``kiosk``."""

    @property
    def traces(self) -> TraceSettings:
        """Its own section."""

    @property
    def monitoring(self) -> MonitoringSettings:
        """The rules that an event came from."""

    @property
    def mqtt(self) -> Trust:
        """How an event's time is told."""


class Drowsiness(Protocol):
    """Of the rules, those that a curve is drawn with."""

    @property
    def drowsy(self) -> DrowsySettings:
        """The limits of PERCLOS."""


class PageReads(Protocol):
    """What the live page reads."""

    @property
    def node(self) -> str:
        """This device's name."""

    @property
    def web(self) -> WebSettings:
        """Its own section."""

    @property
    def monitoring(self) -> Drowsiness:
        """The limits that it shows."""

    @property
    def mqtt(self) -> Trust:
        """How an event's time is told."""


def read_by(reads: type, settings: object) -> dict[str, Any]:
    """The settings that a protocol names and their values; where it names a protocol in turn, what that one names."""
    found: dict[str, Any] = {}
    for kind in reads.__mro__:
        for name, member in vars(kind).items():
            if isinstance(member, property):
                value, wanted = getattr(settings, name), get_type_hints(member.fget)["return"]
                found[name] = read_by(wanted, value) if getattr(wanted, "_is_protocol", False) else value
    return found
