"""The schemas and the AsyncAPI document that ship with the package agree with each other and with the code."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from fer_edge.core import EVENT_TYPES
from fer_edge.schemas.__main__ import FOLDER, text
from fer_edge.sinks.mqtt.requests import VERBS
from tests.sinks.schemas import load

NAMES = [
    entry.name.removesuffix(".json") for entry in files("fer_edge.schemas").iterdir() if entry.name.endswith(".json")
]


@pytest.fixture
def asyncapi() -> dict[str, Any]:
    return yaml.safe_load(files("fer_edge.schemas").joinpath("asyncapi.yaml").read_text("utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(load(name))


def test_titles_are_names_of_classes_and_different() -> None:
    """Code generators make class names of them."""
    titles = [load(name)["title"] for name in NAMES]
    assert all(re.fullmatch(r"([A-Z][a-z]+)+", title) for title in titles), titles
    assert len(set(titles)) == len(titles)


def references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [ref for item in node for ref in references(item)]
    if isinstance(node, dict):
        return [item for name, item in node.items() if name == "$ref"] + [
            ref for name, item in node.items() if name != "$ref" for ref in references(item)
        ]
    return []


def test_every_reference_of_the_asyncapi_document_leads_somewhere(asyncapi: dict[str, Any]) -> None:
    for reference in references(asyncapi):
        if reference.startswith("./"):
            assert reference[2:].removesuffix(".json") in NAMES
            continue
        node: Any = asyncapi
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_every_payload_schema_is_used_by_the_asyncapi_document(asyncapi: dict[str, Any]) -> None:
    used = {reference[2:].removesuffix(".json") for reference in references(asyncapi) if reference.startswith("./")}
    assert used == set(NAMES) - {"replay"}


def test_verbs_are_the_same_everywhere(asyncapi: dict[str, Any]) -> None:
    assert list(load("request")["$defs"]) == list(VERBS)
    assert asyncapi["channels"]["request"]["parameters"]["verb"]["enum"] == list(VERBS)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_lists_every_type_of_event(name: str) -> None:
    path = FOLDER / f"{name}.json"
    assert path.read_text("utf-8") == text(path), "run: python -m fer_edge.schemas"


def test_types_of_events_are_those_of_the_contract() -> None:
    properties = load("event")["properties"]
    assert set(properties["event_type"]["enum"]) == set(EVENT_TYPES)
    assert set(properties["category"]["enum"]) == {kind.category for kind in EVENT_TYPES.values()}


def test_an_event_reads_the_same_over_mqtt_and_in_replay() -> None:
    over_mqtt, in_replay = load("event")["properties"], load("replay")["$defs"]["event"]["properties"]
    assert {name: in_replay[name] for name in over_mqtt if name not in ("time", "time_ok")} == {
        name: value for name, value in over_mqtt.items() if name not in ("time", "time_ok")
    }
