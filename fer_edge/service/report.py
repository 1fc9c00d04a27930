"""What the daemon tells of itself: its camera, its health, its models; to MQTT, to systemd and to whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fer_edge.sinks.payloads import info_payload

if TYPE_CHECKING:
    from fer_edge.service.health import Health
    from fer_edge.service.parts import Parts
    from fer_edge.service.pauses import Pauses
    from fer_edge.service.systemd import Notifier


_OF_NOW = (
    *("fps", "latency_ms_p50", "latency_ms_p95", "latency_ms_p99", "cpu_percent", "cpu_ms_per_frame", "memory_mb"),
    *("temperature_c", "throttled", "load", "pace_fps"),
)
"""What is true only while the node runs."""


class Reporter:
    """Used in the main loop only.

    ``camera`` is what was last said of it: online, offline, disabled, or nothing yet. ``refused`` is
    why the configuration was refused at the last reload, None where it was.
    """

    def __init__(self, health: Health, notifier: Notifier) -> None:
        self.camera = ""
        self.refused: str | None = None
        self._health = health
        self._notifier = notifier

    def say_camera(self, parts: Parts, *, paused: bool) -> bool:
        """Tell a change of the camera; True when it has just been lost, so that nothing is known any more."""
        capture = parts.capture
        seen = "online" if capture.online else "offline"
        status = "disabled" if paused else seen
        if status == "offline":
            if capture.opening:
                return False
            self._notifier.status(f"camera offline: {capture.reason}")
        if status == self.camera:
            return False
        self.camera = status
        if parts.mqtt:
            parts.mqtt.camera(status)
        if status != "offline":
            self._notifier.status(f"camera {status}")
        return status == "offline"

    def say_stats(self, parts: Parts, pace_fps: float | None, pauses: Pauses) -> None:
        """Tell the health of the last minute."""
        stats = self.stats(parts, pace_fps, pauses)
        if self.camera == "online":
            self._notifier.status(f"camera online, {stats['fps']:.1f} frames/s")
        if parts.mqtt:
            parts.mqtt.stats(stats)

    def say_last_stats(self, parts: Parts, pace_fps: float | None, pauses: Pauses) -> None:
        """What stays retained when the node has stopped: nothing runs, so nothing is measured any more."""
        if parts.mqtt:
            stats = self.stats(parts, pace_fps, pauses)
            over = dict.fromkeys(_OF_NOW) | {"broker": "offline", "camera": "offline"}
            parts.mqtt.stats({**stats, **over})

    def stats(self, parts: Parts, pace_fps: float | None, pauses: Pauses) -> dict[str, Any]:
        """Health over the last minute, with what the camera says and how much was paused since the start."""
        capture, mqtt = parts.capture, parts.mqtt
        return {
            **self._health.stats(),
            "broker": None if mqtt is None else "online" if mqtt.connected else "offline",
            "broker_fault": None if mqtt is None else mqtt.fault,
            "outbox": None if mqtt is None else mqtt.outbox.passing(),
            "config_fault": self.refused,
            "received": capture.box.received,
            "skipped": capture.box.skipped,
            "camera": self.camera,
            "camera_fault": capture.reason or None,
            "pace_fps": pace_fps,
            "pauses": pauses.count,
            "paused_s": pauses.total_s,
        }


def info(parts: Parts, outbox: dict[str, Any]) -> dict[str, Any]:
    """What topic ``info`` says of a node made of these parts."""
    models = [
        {"name": model.name, "sha256": model.card.get("sha256"), "runtime": model.runtime}
        for model in parts.pipeline.perception.models
    ]
    return info_payload(parts.settings, models, outbox)
