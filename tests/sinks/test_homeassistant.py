"""The discovery message as Home Assistant reads it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jinja2
import pytest

from fer_edge.settings import Settings
from fer_edge.sinks.mqtt.homeassistant import discovery
from fer_edge.sinks.mqtt.topics import Topics
from fer_edge.sinks.payloads import state_payload
from tests.brokers import Mosquitto, Subscriber, mosquitto, subscriber, wait_until
from tests.sinks.examples import STATE
from tests.sinks.nodes import node
from tests.sinks.schemas import load

__all__ = ["mosquitto", "subscriber"]

WATCHED = {"level", "danger", "perclos", "eyes_closed", "looking", "yawns", "false_alarm"} | {
    "event_fatigue",
    "event_attention",
}
"""What there is only where somebody is watched."""


def announced(**changes: Any) -> dict[str, Any]:
    settings = Settings.model_validate({"node": "cab-7", **changes})
    return json.loads(json.dumps(discovery(settings, Topics.of(settings))))


def test_it_goes_to_the_topic_of_the_contract() -> None:
    assert Topics.of(Settings(node="cab-7")).discovery == "homeassistant/device/fer-edge_cab-7/config"


@pytest.mark.parametrize("profile", ["driver", "kiosk"])
def test_every_component_is_complete(profile: str) -> None:
    message = announced(profile=profile)
    assert message["device"]["identifiers"] == ["fer-edge_cab-7"]
    assert message["availability_topic"] == "fer-edge/cab-7/status"
    assert message["origin"]["name"]
    parts = message["components"]
    assert len({part["unique_id"] for part in parts.values()}) == len(parts)
    for part in parts.values():
        assert part["platform"] in ("sensor", "binary_sensor", "event", "button")
        topic = part.get("state_topic") or part["command_topic"]
        assert topic.startswith("fer-edge/cab-7/")


def test_home_assistant_is_asked_to_subscribe_to_each_entity_so_that_nothing_is_lost_in_transit() -> None:
    """It took no QoS from the device (up to 2026.5.1): a sleep that it never received woke nobody."""
    assert {part.get("qos") for part in announced()["components"].values()} == {1}


def test_templates_read_fields_that_a_state_has() -> None:
    for part in announced()["components"].values():
        if "value_template" in part and part["state_topic"] != "fer-edge/cab-7/camera":
            fields = set(load(part["state_topic"].rsplit("/", 1)[-1])["properties"])
            named = set(re.findall(r"value_json\.(\w+)", part["value_template"]))
            assert named and named <= fields


def test_buttons_send_requests_that_are_valid() -> None:
    from jsonschema import Draft202012Validator

    for name in ("recalibrate", "pause", "resume", "false_alarm"):
        button = announced()["components"][name]
        verb = button["command_topic"].removeprefix("fer-edge/cab-7/request/")
        Draft202012Validator(load("request")["$defs"][verb]).validate(json.loads(button["payload_press"]))


def test_a_node_that_takes_no_requests_has_no_buttons() -> None:
    components = announced(mqtt={"requests": False})["components"]
    assert components and all(part["platform"] != "button" for part in components.values())


def test_without_expressions_and_without_fatigue_nothing_of_them_is_shown() -> None:
    quiet = announced(emotion={"enabled": False})["components"]
    assert not {"emotion", "event_emotion"} & set(quiet)
    kiosk = announced(profile="kiosk")["components"]
    assert not WATCHED & set(kiosk)
    watching = announced(profile="kiosk", monitoring={"fatigue": True})["components"]
    assert set(watching) - set(kiosk) == WATCHED
    tired_only = announced(monitoring={"attention": False})["components"]
    assert "event_attention" in tired_only, "lids that are down are told there, whatever is switched off"
    neither = announced(monitoring={"attention": False, "fatigue": False})["components"]
    assert "event_attention" not in neither


def test_templates_render_as_home_assistant_would() -> None:
    asleep = state_payload(STATE, time="2026-11-20T08:03:11.412Z", time_ok=True)
    unknown = {**asleep, "present": None, "level": None, "perclos": None}
    parts = announced()["components"]

    def rendered(name: str, state: dict[str, Any]) -> str:
        return jinja2.Template(parts[name]["value_template"]).render(value_json=state)

    assert [rendered("present", s) for s in (asleep, unknown)] == ["ON", "None"]
    assert [rendered("level", s) for s in (asleep, unknown)] == ["critical", "None"]
    assert [rendered("danger", s) for s in (asleep, {"level": "none"}, unknown)] == ["ON", "OFF", "None"]
    assert [rendered("perclos", s) for s in (asleep, unknown)] == ["21.0", "None"]


def test_each_word_on_the_camera_is_a_state() -> None:
    camera = announced()["components"]["camera"]
    template = jinja2.Template(camera["value_template"])
    told = {word: template.render(value=word) for word in load("camera")["enum"]}
    assert told == {"online": "ON", "offline": "OFF", "disabled": "None"}
    assert not {"payload_on", "payload_off"} & set(camera), "ON and OFF are what Home Assistant expects"


def test_the_view_is_unknown_where_nothing_is_seen() -> None:
    template = jinja2.Template(announced()["components"]["view"]["value_template"])
    seen = state_payload(STATE, time="2026-11-20T08:03:11.412Z", time_ok=True) | {"open_events": [], "lens": "clear"}
    degraded = seen | {"open_events": [{"event_type": "view_degraded"}]}
    told = [
        template.render(value_json=one) for one in (seen, degraded, seen | {"lens": "dark"}, seen | {"present": None})
    ]
    assert told == ["clear", "degraded", "dark", "None"]


@pytest.mark.parametrize(
    ("web", "url"),
    [
        ({}, None),
        ({"enabled": True}, None),
        ({"enabled": True, "host": "::1"}, None),
        ({"enabled": True, "host": "0.0.0.0", "port": 0}, None),
        ({"enabled": True, "host": "192.168.1.7"}, "http://192.168.1.7:8060/"),
        ({"enabled": True, "host": "fd00::7"}, "http://[fd00::7]:8060/"),
        ({"enabled": True, "host": "0.0.0.0", "names": ["cab7.lan"], "port": 80}, "http://cab7.lan:80/"),
    ],
)
def test_it_leads_to_the_page_where_other_machines_reach_it(web: dict[str, Any], url: str | None) -> None:
    told = announced(web=web)
    assert told["device"].get("configuration_url") == url
    assert told["origin"].get("support_url") == (url and f"{url}handbook")


def test_components_that_are_no_more_are_taken_back_and_old_names_too(
    mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    """Over three starts of one state folder: with expressions, without them, and under another name."""

    def run(**changes: Any) -> None:
        mqtt = {"port": mosquitto.port, "homeassistant": changes.pop("homeassistant", {})}
        settings = Settings.model_validate({"node": "cab-7", "mqtt": mqtt, **changes})
        with node(settings, tmp_path) as one:
            wait_until(lambda: one.sink.connected, "the broker")

    old, new = "homeassistant/device/fer-edge_cab-7/config", "homeassistant/device/fer-edge_cab-8/config"
    run()
    assert "emotion" in subscriber.wait(old).json["components"]
    run(emotion={"enabled": False})
    wait_until(lambda: subscriber.of(old)[-1].json["components"]["emotion"] == {"platform": "sensor"}, "its removal")
    removed = subscriber.of(old)[-1].json["components"]
    assert removed["event_emotion"] == {"platform": "event"}
    run(node="cab-8")
    assert subscriber.wait(new).json["device"]["identifiers"] == ["fer-edge_cab-8"]
    wait_until(lambda: subscriber.of(old)[-1].payload == b"", "the old name to go")
    told = len(subscriber.of(old))
    run(node="cab-8", homeassistant={"enabled": False})
    wait_until(lambda: subscriber.of(new)[-1].payload == b"", "the device to go")
    assert len(subscriber.of(old)) == told, "once is enough: another device may have that name by now"
