"""The discovery message as Home Assistant reads it."""

from __future__ import annotations

import json
import re
from typing import Any

import jinja2
import pytest

from fer_edge.settings import Settings
from fer_edge.sinks.mqtt.homeassistant import discovery
from fer_edge.sinks.mqtt.topics import Topics
from fer_edge.sinks.payloads import state_payload
from tests.sinks.examples import STATE
from tests.sinks.schemas import load


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


def test_templates_read_fields_that_a_state_has() -> None:
    fields = set(load("state")["properties"])
    for part in announced()["components"].values():
        named = set(re.findall(r"value_json\.(\w+)", part.get("value_template", "")))
        assert named <= fields


def test_buttons_send_requests_that_are_valid() -> None:
    from jsonschema import Draft202012Validator

    for name in ("recalibrate", "pause", "resume"):
        button = announced()["components"][name]
        verb = button["command_topic"].removeprefix("fer-edge/cab-7/request/")
        Draft202012Validator(load("request")["$defs"][verb]).validate(json.loads(button["payload_press"]))


def test_without_expressions_and_without_fatigue_nothing_of_them_is_shown() -> None:
    quiet = announced(emotion={"enabled": False})["components"]
    assert not {"emotion", "event_emotion"} & set(quiet)
    kiosk = announced(profile="kiosk")["components"]
    assert not {"level", "danger", "perclos", "event_fatigue", "event_attention"} & set(kiosk)
    watching = announced(profile="kiosk", monitoring={"fatigue": True})["components"]
    assert set(watching) - set(kiosk) == {"level", "danger", "perclos", "event_fatigue", "event_attention"}
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
