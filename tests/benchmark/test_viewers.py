"""The cost of the page, measured on a real daemon with real viewers: a short run of it."""

from __future__ import annotations

import pytest

from fer_edge.benchmark import tables, viewers
from fer_edge.settings import Settings


def test_it_measures_each_count_of_viewers_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers, "COUNTS", (0, 2))
    monkeypatch.setattr(viewers, "WARM_S", 1.5)
    told = viewers.measure(Settings(), "sim:demo", 2.0, 10.0)
    alone, two = told["viewers"]
    assert (alone["viewers"], alone["pictures_per_s"]) == (0, 0.0)
    assert two["viewers"] == 2 and two["pictures_per_s"] > 0 and two["broken"] == 0
    assert 20_000 < told["page_bytes"] < 150_000
    assert "pictures/s" in tables.text({"page": told})


def test_a_sample_that_never_came_is_counted() -> None:
    viewer = viewers._Viewer(looks=False)
    viewer._hear({"kind": "samples", "samples": [[1.0], [1.25], [3.0], [3.25]]})
    assert viewer.dropped == 1


def test_every_module_is_found_that_a_script_names() -> None:
    assert viewers._modules('import { a } from "./b.js";\nimport("./c.js")') == ["b.js", "c.js"]
