"""Every setting, its default, its range and one sentence on what it does.

These are values only: reading a file and explaining its faults is :mod:`fer_edge.config`.
"""

from __future__ import annotations

import platform
from typing import Literal

from pydantic import Field

from fer_edge.settings.alarm import AlarmSettings
from fer_edge.settings.base import Section
from fer_edge.settings.camera import CameraSettings
from fer_edge.settings.health import HealthSettings
from fer_edge.settings.monitoring import MonitoringSettings
from fer_edge.settings.mqtt import MqttSettings
from fer_edge.settings.perception import EmotionSettings, PerceptionSettings
from fer_edge.settings.traces import TraceSettings
from fer_edge.settings.web import WebSettings


class Settings(Section):
    """The whole configuration."""

    node: str = Field(
        "fer-edge",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$",
        examples=["cab-7"],
        description="this device's name in topics: letters, digits, - and _",
    )
    profile: Literal["driver", "kiosk"] = Field(
        "driver", description="driver: one face, fatigue and attention; kiosk: every face, expressions only"
    )
    camera: CameraSettings = CameraSettings()
    perception: PerceptionSettings = PerceptionSettings()
    emotion: EmotionSettings = EmotionSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    mqtt: MqttSettings = MqttSettings()
    alarm: AlarmSettings = AlarmSettings()
    web: WebSettings = WebSettings()
    traces: TraceSettings = TraceSettings()
    health: HealthSettings = HealthSettings()
    state_dir: str | None = Field(
        None,
        description="folder for events, calibration and the last exit; empty: systemd's, otherwise ~/.local/state",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="lowest severity that is logged"
    )

    @property
    def fatigue(self) -> bool:
        """Whether somebody is watched for fatigue: by the profile, unless ``monitoring.fatigue`` says it."""
        return self.profile == "driver" if self.monitoring.fatigue is None else self.monitoring.fatigue

    @property
    def page_url(self) -> str | None:
        """Where other machines find the live page, ending in ``/``; None where they do not."""
        return self.web.url(platform.node())

    @property
    def attention(self) -> bool:
        """The same for attention."""
        return self.profile == "driver" if self.monitoring.attention is None else self.monitoring.attention


__all__ = [
    "AlarmSettings",
    "CameraSettings",
    "EmotionSettings",
    "HealthSettings",
    "MonitoringSettings",
    "MqttSettings",
    "PerceptionSettings",
    "Section",
    "Settings",
    "TraceSettings",
    "WebSettings",
]
