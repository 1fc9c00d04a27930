"""Settings of what is published and how."""

from __future__ import annotations

from pydantic import Field

from fer_edge.settings.base import Section


class MqttSettings(Section):
    """The broker. Secrets come from a systemd credential, the environment or a file, never from here."""

    enabled: bool = Field(True, description="publish over MQTT")
    host: str = Field("localhost", min_length=1, description="the broker's name or address")
    port: int = Field(1883, ge=1, le=65535, description="the broker's port; 8883 is usual with TLS")
    topic_prefix: str = Field("fer-edge", pattern=r"^[^/+#\x00][^+#\x00]*[^/+#\x00]$", description="topics begin with this, then the node's name")
    username: str | None = Field(None, description="user name at the broker; empty: none")
    password_file: str | None = Field(
        None, description="file that holds the password; a credential mqtt-password or FER_EDGE_MQTT_PASSWORD goes before it"
    )
    keepalive_s: int = Field(30, ge=5, le=3600, description="seconds of silence before the broker calls us gone (x1.5)")
    state_interval_s: float = Field(1.0, ge=0.1, le=60, description="least time between states whose numbers changed, seconds")
    heartbeat_s: float = Field(30.0, ge=1, le=3600, description="a state at least this often, seconds")
    stats_interval_s: float = Field(60.0, ge=1, le=3600, description="time between stats, seconds")
