"""The picture of the house in docs/development.md is that of the code."""

from __future__ import annotations

import importlib
import re
from types import ModuleType

import pytest

from tests.conftest import ROOT


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "docs")
    return importlib.import_module("house")


def test_the_picture_is_current(house: ModuleType) -> None:
    assert house.PICTURE.read_text("utf-8") == house.picture(), "run: make picture"


def test_the_ways_lead_through_files_that_exist(house: ModuleType) -> None:
    files = [file for step in (*house.FRAME, *house.LESSON) for file in step.files]
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_the_page_names_only_files_that_exist() -> None:
    page = (ROOT / "docs" / "development.md").read_text("utf-8")
    named = re.findall(r"`((?:fer_edge|convert|tests|docs|fleet)/[\w/.]+)`", page)
    assert len(named) > 12
    assert [file for file in named if not (ROOT / file).exists()] == []
