"""The names of a node's topics."""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.settings.reads import MqttReads


@dataclass(frozen=True, slots=True)
class Topics:
    """Topics below ``<prefix>/<node>/``."""

    base: str
    node: str
    discovery_prefix: str

    @classmethod
    def of(cls, settings: MqttReads) -> Topics:
        """The topics that these settings name."""
        mqtt = settings.mqtt
        return cls(f"{mqtt.topic_prefix}/{settings.node}", settings.node, mqtt.homeassistant.prefix)

    @property
    def status(self) -> str:
        """``online`` or ``offline``; the will."""
        return f"{self.base}/status"

    @property
    def camera(self) -> str:
        """``online``, ``offline`` or ``disabled``."""
        return f"{self.base}/camera"

    @property
    def info(self) -> str:
        """What runs here."""
        return f"{self.base}/info"

    @property
    def state(self) -> str:
        """The driver's state."""
        return f"{self.base}/state"

    @property
    def stats(self) -> str:
        """The daemon's health."""
        return f"{self.base}/stats"

    @property
    def requests(self) -> str:
        """The filter that requests come by."""
        return f"{self.base}/request/+"

    @property
    def discovery(self) -> str:
        """Where Home Assistant looks for this device."""
        return f"{self.discovery_prefix}/device/fer-edge_{self.node}/config"

    @property
    def birth(self) -> str:
        """Where Home Assistant says that it has started."""
        return f"{self.discovery_prefix}/status"

    def event(self, category: str) -> str:
        """Where events of a category go."""
        return f"{self.base}/event/{category}"

    def response(self, verb: str) -> str:
        """Where a request is answered that names no topic of its own."""
        return f"{self.base}/response/{verb}"
