"""People read words, not codes; page, reports and terminal have them from one table."""

from __future__ import annotations

import json
import re

from fer_edge import words
from fer_edge.core import Level
from tests.conftest import ROOT


def test_every_code_of_the_rules_has_its_words() -> None:
    schema = json.loads((ROOT / "fer_edge/schemas/event.json").read_text())
    assert set(schema["properties"]["event_type"]["enum"]) <= set(words.EVENTS)
    assert {str(level) for level in Level} == set(words.LEVELS)
    documented = (ROOT / "docs/events.md").read_text()
    began = set(re.findall(r"`(\w+)`", documented.split("`reason` says why it started")[1].split("),")[0]))
    ended = {
        code
        for row in re.findall(r"(?m)^\| (`\w+`.*?) \| ", documented.split("| reason of an end |")[1].split("\n\n")[0])
        for code in re.findall(r"`(\w+)`", row)
    }
    assert len(began) > 8 and len(ended) > 12
    assert began | ended <= set(words.REASONS)


def test_an_event_is_said_in_one_line() -> None:
    assert words.details({"reason": "unjudged", "perclos": 0.1}) == "ended: no longer visible"
    assert words.details({"looking": "left", "reason": "long"}) == "looked to the left, one long look away"
    assert words.details({"emotion": "happy", "person": 3, "looking": "ahead", "reason": None}) == "happy, person 3"
    assert words.details({}) == ""


def test_a_code_of_a_later_version_is_shown_as_it_is() -> None:
    assert (words.event_type("new_kind"), words.reason("new_why"), words.level("x")) == ("new kind", "new why", "x")
