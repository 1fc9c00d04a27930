"""Settings of what is published and how."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from fer_edge.settings.base import Section

_HOST = r"^[^\s/@\[\]]+$"
_PLAIN, _ENCRYPTED = ("", "mqtt", "tcp"), ("mqtts", "ssl", "tls")
"""Schemes of a broker's URL, none included: with another one (http, ws), the port is none of MQTT's."""
LONGEST_PREFIX = 200
"""Characters; MQTT ends at 65,535 bytes a topic, and many brokers sooner."""
_TOPIC = r"^[^/+#$\x00]([^+#\x00]*[^/+#\x00])?$"


class TlsSettings(Section):
    """Encryption of the connection to the broker."""

    enabled: bool = Field(False, description="use TLS; the port is usually 8883")
    ca_file: str | None = Field(
        None, description="PEM file of the certificate authority of the broker; empty: those of the system"
    )
    cert_file: str | None = Field(None, description="PEM file of this device's certificate, if the broker requires one")
    key_file: str | None = Field(None, description="PEM file of that certificate's key")
    check_host: bool = Field(True, description="refuse a broker whose certificate is for a different name")

    @model_validator(mode="after")
    def _files_are_for_tls(self) -> Self:
        files = [name for name in ("ca_file", "cert_file", "key_file") if getattr(self, name)]
        if files and not self.enabled:
            raise ValueError(f"{files[0]} needs enabled: true, without which nothing is encrypted")
        return self

    @model_validator(mode="after")
    def _key_belongs_to_certificate(self) -> Self:
        if self.key_file and not self.cert_file:
            raise ValueError("key_file needs cert_file")
        return self


class OutboxSettings(Section):
    """Events stored on disk until the broker has confirmed them."""

    max_events: int = Field(
        10_000,
        ge=10,
        le=1_000_000,
        description="maximum number of events stored; beyond it the oldest are dropped and counted",
    )
    max_age_days: float = Field(7.0, gt=0, le=365, description="older events are dropped and counted, days")


class HomeAssistantSettings(Section):
    """Automatic discovery by Home Assistant."""

    enabled: bool = Field(True, description="announce this device to Home Assistant")
    prefix: str = Field(
        "homeassistant",
        max_length=LONGEST_PREFIX,
        pattern=_TOPIC,
        examples=["homeassistant"],
        description="Home Assistant's discovery prefix",
    )


class MqttSettings(Section):
    """The broker. Secrets come from a systemd credential, the environment or a file, never from this configuration."""

    enabled: bool = Field(True, description="publish over MQTT")
    host: str = Field(
        "localhost",
        pattern=_HOST,
        examples=["broker.local"],
        max_length=253,
        description="host name or address of the broker",
    )
    port: int = Field(1883, ge=1, le=65535, description="port of the broker; usually 8883 with TLS")
    protocol: Literal["auto", "5", "3.1.1"] = Field("auto", description="MQTT version: auto (5, else 3.1.1), 5, 3.1.1")
    topic_prefix: str = Field(
        "fer-edge",
        max_length=LONGEST_PREFIX,
        pattern=_TOPIC,
        examples=["fer-edge"],
        description="first level of every topic, followed by the node's name",
    )
    username: str | None = Field(None, description="user name for the broker; empty: none")
    password_file: str | None = Field(
        None,
        description="file with the password; a credential mqtt-password or FER_EDGE_MQTT_PASSWORD takes precedence",
    )
    keepalive_s: int = Field(
        30,
        ge=5,
        le=3600,
        description="MQTT keep-alive, seconds; the broker drops the connection after 1.5 times as long",
    )
    answer_s: float = Field(
        10.0,
        ge=1,
        le=120,
        description="reconnect if the broker has confirmed nothing for this long, seconds",
    )
    reconnect_s: tuple[float, float] = Field(
        (0.5, 30.0), description="wait before reconnecting: first and maximum, seconds"
    )
    state_interval_s: float = Field(
        1.0, ge=0.1, le=60, description="minimum time between states in which only numbers changed, seconds"
    )
    state_qos: Literal[0, 1] = Field(
        1, description="QoS of states; 0 costs a broker of many nodes less, but a state may be lost in transit"
    )
    requests: bool = Field(True, description="accept requests over MQTT; false: the node subscribes to none")
    request_qos: Literal[0, 1] = Field(
        1, description="QoS of the subscription to requests; 0 costs a broker of many nodes less"
    )
    vss: bool = Field(False, description="publish COVESA VSS signals below <node>/vss, too (docs/fleet.md)")
    heartbeat_s: float = Field(30.0, ge=1, le=3600, description="maximum time between two states, seconds")
    stats_interval_s: float = Field(60.0, ge=1, le=3600, description="time between stats, seconds")
    trust_clock: bool = Field(
        False, description="trust the wall clock even without confirmation that it was set (time_ok)"
    )
    tls: TlsSettings = TlsSettings()
    outbox: OutboxSettings = OutboxSettings()
    homeassistant: HomeAssistantSettings = HomeAssistantSettings()

    @field_validator("host", mode="before")
    @classmethod
    def _name_or_address_only(cls, host: object) -> object:
        """A URL, or a port or user with the name, is told by what to write instead; its password is not repeated."""
        if not isinstance(host, str) or not set(host) & set(":/@[]") or _is_ipv6(host):
            return host
        try:
            url = urlsplit(host if "://" in host else f"//{host.removesuffix('/')}")
            name, port = "" if url.path and not url.scheme else url.hostname or "", url.port
        except ValueError:
            name, port = "", None
        if not re.match(_HOST, name) or (":" in name and not _is_ipv6(name)):
            raise ValueError("must be a name or an address only, like broker.local")
        lines = [f"host: {name}"]
        if port and url.scheme in (*_PLAIN, *_ENCRYPTED):
            lines.append(f"port: {port}")
        if url.username:
            lines.append(f"username: {url.username}")
        if url.scheme in _ENCRYPTED:
            lines.append("tls: {enabled: true}")
        raise ValueError(f"must be a name or an address only; write {' and '.join(map(repr, lines))}")

    @model_validator(mode="after")
    def _waits_in_order(self) -> Self:
        first, longest = self.reconnect_s
        if not 0 < first <= longest <= 3600:
            raise ValueError("reconnect_s must be first and longest, 0 < first <= longest <= 3600")
        return self


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True
