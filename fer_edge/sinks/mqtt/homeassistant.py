"""Home Assistant's device discovery: one retained message that describes the whole node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer_edge import __version__
from fer_edge.core import EMOTIONS, EVENT_TYPES
from fer_edge.settings.reads import MqttReads
from fer_edge.sinks.mqtt.topics import Topics

_LEVELS = ["none", "info", "advisory", "warning", "critical"]


def discovery(settings: MqttReads, topics: Topics, before: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The payload of ``<prefix>/device/fer-edge_<node>/config``.

    ``before`` are the platforms of the components that were announced before, by their names: those that are no more
    are named by their platform alone, at which Home Assistant removes them.
    """
    identity = f"fer-edge_{settings.node}"
    parts = {**_sensors(topics), **_switches(topics)}
    if settings.fatigue:
        parts |= _fatigue(topics)
    if settings.emotion.enabled:
        parts |= _emotion(topics)
    parts |= _events(settings, topics)
    for name, part in parts.items():
        part["unique_id"] = f"{identity}_{name}"
    removed = {name: {"platform": platform} for name, platform in (before or {}).items() if name not in parts}
    page = settings.page_url
    return {
        "device": {
            "identifiers": [identity],
            "name": f"fer-edge {settings.node}",
            "manufacturer": "fer-edge",
            "model": f"{settings.profile} monitor",
            "sw_version": __version__,
            **({"configuration_url": page} if page else {}),
        },
        # The page brings its own handbook.
        "origin": {
            "name": "fer-edge",
            "sw_version": __version__,
            **({"support_url": f"{page}handbook"} if page else {}),
        },
        "availability_topic": topics.status,
        "qos": 1,
        "components": parts | removed,
    }


def _sensors(topics: Topics) -> dict[str, dict[str, Any]]:
    return {
        "camera": {
            "platform": "binary_sensor",
            "name": "Camera",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": topics.camera,
            "payload_on": "online",
            "payload_off": "offline",
        },
        "present": {
            "platform": "binary_sensor",
            "name": "Present",
            "device_class": "occupancy",
            "state_topic": topics.state,
            "value_template": "{{ {true: 'ON', false: 'OFF'}.get(value_json.present, 'None') }}",
        },
        "fps": {
            "platform": "sensor",
            "name": "Frame rate",
            "unit_of_measurement": "fps",
            "state_class": "measurement",
            "entity_category": "diagnostic",
            "state_topic": topics.state,
            "value_template": "{{ value_json.fps }}",
        },
        "view": {
            "platform": "sensor",
            "name": "View",
            "device_class": "enum",
            "options": ["clear", "dark", "covered", "degraded"],
            "entity_category": "diagnostic",
            "icon": "mdi:camera-iris",
            "state_topic": topics.state,
            # Where nothing is known of a driver and the lens is not to blame, nothing is known of the view.
            "value_template": (
                "{% if value_json.lens != 'clear' %}{{ value_json.lens }}"
                "{% elif value_json.open_events | selectattr('event_type', 'eq', 'view_degraded') | list %}degraded"
                "{% elif value_json.present is none %}None{% else %}clear{% endif %}"
            ),
        },
        **_health(topics),
    }


def _health(topics: Topics) -> dict[str, dict[str, Any]]:
    return {
        "temperature": {
            "platform": "sensor",
            "name": "Temperature",
            "device_class": "temperature",
            "unit_of_measurement": "°C",
            "state_class": "measurement",
            "suggested_display_precision": 0,
            "entity_category": "diagnostic",
            "state_topic": topics.stats,
            "value_template": "{{ value_json.temperature_c }}",
        },
        "outbox": {
            "platform": "sensor",
            "name": "Events waiting",
            "state_class": "measurement",
            "entity_category": "diagnostic",
            "icon": "mdi:tray-full",
            "state_topic": topics.stats,
            "value_template": "{{ value_json.outbox.waiting }}",
        },
        "storage": {
            "platform": "binary_sensor",
            "name": "Event storage",
            "device_class": "problem",
            "entity_category": "diagnostic",
            "state_topic": topics.info,
            "value_template": "{{ 'OFF' if value_json.outbox.storage == 'disk' else 'ON' }}",
        },
    }


def _fatigue(topics: Topics) -> dict[str, dict[str, Any]]:
    return {
        "level": {
            "platform": "sensor",
            "name": "Level",
            "device_class": "enum",
            "options": _LEVELS,
            "icon": "mdi:alert",
            "state_topic": topics.state,
            "value_template": "{{ value_json.level }}",
        },
        "danger": {
            "platform": "binary_sensor",
            "name": "Danger",
            "device_class": "safety",
            "state_topic": topics.state,
            # Blind is not safe: without a level it is unknown.
            "value_template": (
                "{{ {'none': 'OFF', 'info': 'OFF', 'advisory': 'ON', 'warning': 'ON', 'critical': 'ON'}"
                ".get(value_json.level, 'None') }}"
            ),
        },
        "perclos": {
            "platform": "sensor",
            "name": "PERCLOS",
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "suggested_display_precision": 1,
            "icon": "mdi:eye-off-outline",
            "state_topic": topics.state,
            "value_template": "{{ None if value_json.perclos is none else value_json.perclos * 100 }}",
        },
        "eyes_closed": {
            "platform": "binary_sensor",
            "name": "Eyes closed",
            "icon": "mdi:eye-off",
            "state_topic": topics.state,
            "value_template": "{{ {true: 'ON', false: 'OFF'}.get(value_json.eyes_closed, 'None') }}",
        },
        "looking": {
            "platform": "sensor",
            "name": "Looking",
            "device_class": "enum",
            "options": ["ahead", "down", "left", "right", "up"],
            "icon": "mdi:eye-arrow-right-outline",
            "state_topic": topics.state,
            "value_template": "{{ value_json.looking }}",
        },
        "yawns": {
            "platform": "sensor",
            "name": "Yawns",
            "state_class": "measurement",
            "icon": "mdi:emoticon-sad-outline",
            "state_topic": topics.state,
            "value_template": "{{ value_json.yawns }}",
        },
        "false_alarm": _button("False alarm", f"{topics.base}/request/false_alarm", "{}", "mdi:alert-remove-outline"),
    }


def _emotion(topics: Topics) -> dict[str, dict[str, Any]]:
    return {
        "emotion": {
            "platform": "sensor",
            "name": "Expression",
            "device_class": "enum",
            "options": list(EMOTIONS),
            "icon": "mdi:emoticon-outline",
            "state_topic": topics.state,
            "value_template": "{{ value_json.emotion }}",
        }
    }


def _events(settings: MqttReads, topics: Topics) -> dict[str, dict[str, Any]]:
    hidden = {
        "fatigue": not settings.fatigue,
        # Lids that are down are told there, too, and that is fatigue's to switch off.
        "attention": not (settings.attention or settings.fatigue),
        "emotion": not settings.emotion.enabled,
    }
    return {
        f"event_{category}": {
            "platform": "event",
            "name": f"{category.capitalize()} event",
            "event_types": [name for name, kind in EVENT_TYPES.items() if kind.category == category],
            "state_topic": topics.event(category),
        }
        for category in dict.fromkeys(kind.category for kind in EVENT_TYPES.values())
        if not hidden.get(category)
    }


def _switches(topics: Topics) -> dict[str, dict[str, Any]]:
    return {
        "recalibrate": _button("Recalibrate", f"{topics.base}/request/recalibrate", "{}", "mdi:account-sync"),
        "pause": _button("Pause for 5 minutes", f"{topics.base}/request/pause", '{"seconds":300}', "mdi:pause"),
        "resume": _button("Resume", f"{topics.base}/request/resume", "{}", "mdi:play"),
    }


def _button(name: str, topic: str, payload: str, icon: str) -> dict[str, Any]:
    return {
        "platform": "button",
        "name": name,
        "command_topic": topic,
        "payload_press": payload,
        "entity_category": "config",
        "icon": icon,
    }
