"""The cost of the page, measured on a real daemon with real viewers: a short run of it."""

from __future__ import annotations

from typing import Any

import pytest

from fer_edge.benchmark import chromium, page, tables
from fer_edge.benchmark.viewers import Viewer
from fer_edge.settings import Settings


def test_it_measures_each_count_of_viewers_side_by_side_and_then_looks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "COUNTS", (0, 2))
    monkeypatch.setattr(page, "ROUNDS", 2)
    monkeypatch.setattr(page, "WARM_S", 1.5)
    monkeypatch.setattr(chromium, "LOADS", 1)
    told = page.measure(Settings(), "sim:demo", 2.0, 10.0, minutes=1 / 30)
    alone, two = told["viewers"]
    assert (alone["viewers"], alone["pictures_per_s"]) == (0, 0.0)
    assert two["viewers"] == 2 and two["pictures_per_s"] > 0 and two["picture_kb"] > 1
    assert two["missed_updates"] == two["lost_connections"] == 0
    assert 20_000 < told["page_bytes"] < 150_000
    client = told["lasting"]["client"]
    assert client["heard"] > 8 and client["missed"] == 0
    said = tables.text({"page": told})
    assert "pictures/s" in said and f"a client heard {client['heard']} updates, 0 missed" in said
    if chromium.program():
        assert told["first_paint"]["median_ms"] > 0 and 20_000 < told["first_paint"]["bytes"] < 150_000
        assert told["lasting"]["browser"]["heard"] > 0
    else:
        assert "first paint not measured" in said


def state(number: int) -> dict[str, Any]:
    return {"kind": "state", "update": number}


def test_an_update_that_never_came_is_counted() -> None:
    viewer = Viewer(looks=False)
    for said in (
        {"kind": "hello", "first": 4, "samples": [[1.0], [1.25]]},
        {"kind": "samples", "first": 6, "samples": [[1.5]]},
        state(11),
        state(12),
    ):
        viewer.hear(said)
    assert (viewer.heard, viewer.missed) == (3, 0)
    viewer.hear({"kind": "samples", "first": 9, "samples": [[2.25], [2.5]]})
    viewer.hear(state(14))
    assert (viewer.heard, viewer.missed) == (6, 3)


def test_a_connection_lost_in_between_is_no_excuse() -> None:
    viewer = Viewer(looks=False)
    viewer.hear({"kind": "hello", "first": 0, "samples": []})
    viewer.hear({"kind": "hello", "first": 0, "samples": [[1.0]] * 5})
    assert viewer.missed == 5


def test_every_module_is_found_that_a_script_names() -> None:
    assert page.modules(b'import { a } from "./b.js";\nimport("./c.js")') == ["b.js", "c.js"]
