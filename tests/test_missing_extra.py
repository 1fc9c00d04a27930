"""A missing optional package is named with the command that installs it there, not just "pip install"."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from fer_edge.errors import MissingExtra


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
    return tmp_path


@pytest.mark.parametrize(("ours", "prefix"), [(True, ""), (False, "sudo ")], ids=["a checkout's", "the service's"])
def test_its_own_pip_is_named(environment: Path, monkeypatch: pytest.MonkeyPatch, ours: bool, prefix: str) -> None:
    (environment / "bin/pip").touch()
    monkeypatch.setattr(os, "access", lambda *_: ours)
    told = str(MissingExtra("the live page needs aiohttp", "aiohttp"))
    assert told == f"the live page needs aiohttp; {prefix}{environment}/bin/pip install aiohttp"


def test_the_debian_package_has_no_pip_and_says_what_to_use_instead(environment: Path) -> None:
    told = str(MissingExtra("the live page needs aiohttp", "aiohttp"))
    assert f"no pip in {environment} to install aiohttp: use a checkout (make run)" in told and "\n" not in told
