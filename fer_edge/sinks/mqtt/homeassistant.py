"""Home Assistant's device discovery: one retained message that describes the whole node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer_edge import __version__
from fer_edge.core import EMOTIONS, EVENT_TYPES
from fer_edge.settings.reads import MqttReads
from fer_edge.sinks.mqtt.topics import Topics

Component = dict[str, Any]
Components = dict[str, Component]

_LEVELS = ["none", "info", "advisory", "warning", "critical"]
_DIAGNOSTIC = {"entity_category": "diagnostic"}


def discovery(settings: MqttReads, topics: Topics, before: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The payload of ``<prefix>/device/fer-edge_<node>/config``.

    ``before`` are the platforms of the components that were announced before, by their names: those that are no more
    are named by their platform alone, at which Home Assistant removes them.
    """
    identity = f"fer-edge_{settings.node}"
    components = _sensors(topics)
    if settings.fatigue:
        components |= _fatigue(topics)
    if settings.emotion.enabled:
        components |= _emotion(topics)
    components |= _events(settings, topics)
    if settings.mqtt.requests:
        components |= _buttons(topics, settings.fatigue)
    for name, component in components.items():
        component["unique_id"] = f"{identity}_{name}"
        # In each, for up to 2026.5.1 Home Assistant takes no QoS from the device, and events would come with QoS 0.
        component["qos"] = 1
    removed = {name: {"platform": platform} for name, platform in (before or {}).items() if name not in components}
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
        "components": components | removed,
    }


def _sensors(topics: Topics) -> Components:
    view = (
        # Where nothing is known of a driver and the lens is not to blame, nothing is known of the view.
        "{% if value_json.lens != 'clear' %}{{ value_json.lens }}"
        "{% elif value_json.open_events | selectattr('event_type', 'eq', 'view_degraded') | list %}degraded"
        "{% elif value_json.present is none %}None{% else %}clear{% endif %}"
    )
    return {
        "camera": {
            "platform": "binary_sensor",
            "name": "Camera",
            "device_class": "connectivity",
            "state_topic": topics.camera,
            # Paused, nobody asks the camera; a word that is neither would leave the entity at the last one.
            "value_template": "{{ {'online': 'ON', 'offline': 'OFF'}.get(value, 'None') }}",
            **_DIAGNOSTIC,
        },
        "present": _binary("Present", topics.state, _yes_or_no("present"), device_class="occupancy"),
        "fps": _measured("Frame rate", topics.state, "{{ value_json.fps }}", unit_of_measurement="fps", **_DIAGNOSTIC),
        "view": _one_of(
            "View", topics.state, view, ["clear", "dark", "covered", "degraded"], "mdi:camera-iris", **_DIAGNOSTIC
        ),
        "temperature": _measured(
            "Temperature",
            topics.stats,
            "{{ value_json.temperature_c }}",
            device_class="temperature",
            unit_of_measurement="°C",
            suggested_display_precision=0,
            **_DIAGNOSTIC,
        ),
        "outbox": _measured(
            "Events waiting", topics.stats, "{{ value_json.outbox.waiting }}", icon="mdi:tray-full", **_DIAGNOSTIC
        ),
        "storage": _binary(
            "Event storage",
            topics.info,
            "{{ 'OFF' if value_json.outbox.storage == 'disk' else 'ON' }}",
            device_class="problem",
            **_DIAGNOSTIC,
        ),
    }


def _fatigue(topics: Topics) -> Components:
    # Blind is not safe: without a level it is unknown.
    danger = (
        "{{ {'none': 'OFF', 'info': 'OFF', 'advisory': 'ON', 'warning': 'ON', 'critical': 'ON'}"
        ".get(value_json.level, 'None') }}"
    )
    looks = ["ahead", "down", "left", "right", "up"]
    return {
        "level": _one_of("Level", topics.state, "{{ value_json.level }}", _LEVELS, "mdi:alert"),
        "danger": _binary("Danger", topics.state, danger, device_class="safety"),
        "perclos": _measured(
            "PERCLOS",
            topics.state,
            "{{ None if value_json.perclos is none else value_json.perclos * 100 }}",
            unit_of_measurement="%",
            suggested_display_precision=1,
            icon="mdi:eye-off-outline",
        ),
        "eyes_closed": _binary("Eyes closed", topics.state, _yes_or_no("eyes_closed"), icon="mdi:eye-off"),
        "looking": _one_of("Looking", topics.state, "{{ value_json.looking }}", looks, "mdi:eye-arrow-right-outline"),
        "yawns": _measured("Yawns", topics.state, "{{ value_json.yawns }}", icon="mdi:emoticon-sad-outline"),
    }


def _emotion(topics: Topics) -> Components:
    template = "{{ value_json.emotion }}"
    return {"emotion": _one_of("Expression", topics.state, template, list(EMOTIONS), "mdi:emoticon-outline")}


def _events(settings: MqttReads, topics: Topics) -> Components:
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


def _buttons(topics: Topics, fatigue: bool) -> Components:
    buttons = {
        "recalibrate": _button("Recalibrate", f"{topics.base}/request/recalibrate", "{}", "mdi:account-sync"),
        "pause": _button("Pause for 5 minutes", f"{topics.base}/request/pause", '{"seconds":300}', "mdi:pause"),
        "resume": _button("Resume", f"{topics.base}/request/resume", "{}", "mdi:play"),
    }
    if fatigue:
        false_alarm = f"{topics.base}/request/false_alarm"
        buttons["false_alarm"] = _button("False alarm", false_alarm, "{}", "mdi:alert-remove-outline")
    return buttons


def _measured(name: str, topic: str, template: str, **more: Any) -> Component:
    """A number that Home Assistant keeps statistics of."""
    return _told("sensor", name, topic, template) | {"state_class": "measurement"} | more


def _one_of(name: str, topic: str, template: str, options: list[str], icon: str, **more: Any) -> Component:
    """A word out of a few."""
    return _told("sensor", name, topic, template) | {"device_class": "enum", "options": options, "icon": icon} | more


def _binary(name: str, topic: str, template: str, **more: Any) -> Component:
    return _told("binary_sensor", name, topic, template) | more


def _told(platform: str, name: str, topic: str, template: str) -> Component:
    return {"platform": platform, "name": name, "state_topic": topic, "value_template": template}


def _yes_or_no(field: str) -> str:
    """The template of a true or false that may be unknown."""
    return f"{{{{ {{true: 'ON', false: 'OFF'}}.get(value_json.{field}, 'None') }}}}"


def _button(name: str, topic: str, payload: str, icon: str) -> Component:
    return {
        "platform": "button",
        "name": name,
        "command_topic": topic,
        "payload_press": payload,
        "entity_category": "config",
        "icon": icon,
    }
