"""A missing optional package is named with the command that installs it there, not just "pip install"."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from fer_edge.errors import MissingExtra
from tests.conftest import Run, clean_environment


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


def test_after_make_run_the_fleet_command_has_its_help_and_names_its_extra(tmp_path: Path) -> None:
    def fleet(*words: str) -> subprocess.CompletedProcess[str]:
        absent = "import sys; sys.modules.update(psycopg=None, pika=None); from fleet.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", absent, *words]
        environment = clean_environment(tmp_path)
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)

    assert fleet("--help").returncode == 0
    told = fleet("up")
    assert told.returncode == 69 and told.stderr.count("\n") == 1, told.stderr
    assert "fer-edge-fleet needs the extra fleet (psycopg is not installed)" in told.stderr
    assert "install -e '.[fleet]'" in told.stderr


def test_a_runtime_that_was_chosen_and_is_missing_is_told_with_its_own_package(here: Run, portrait: Path) -> None:
    if find_spec("tflite_runtime"):
        pytest.skip("tflite-runtime is installed here")
    told = here("classify", portrait, "--set=perception.runtime=tflite-runtime")
    assert told.returncode == 69 and told.stderr.count("\n") == 1
    assert "tflite-runtime is not installed" in told.stderr
    assert "; set perception.runtime: auto, or install it; " in told.stderr
    assert "tflite-runtime" in told.stderr.rpartition(" install ")[2] and "litert" not in told.stderr
