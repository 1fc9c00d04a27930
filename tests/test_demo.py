"""The first thing a newcomer runs: it names itself, and has a page whatever else listens."""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path

import pytest

from fer_edge.commands.demo import _free_port, _program
from fer_edge.errors import MissingExtra
from fer_edge.service.daemon import Daemon
from fer_edge.settings import Settings
from tests.brokers import free_port
from tests.conftest import Run


def test_a_second_demo_has_a_page_of_its_own_at_the_next_free_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = _free_port(port)
    assert port < found < port + 20


def test_what_it_says_can_be_pasted(program: Run) -> None:
    done = program("demo", "--seconds", "2", "--set=camera.source=sim:alert")
    assert done.returncode == 0, done.stderr
    assert re.search(r"mosquitto_sub -h 127\.0\.0\.1 -p \d+ -t 'fer-edge/demo/#' -v", done.stderr)
    assert re.search(r"fer-edge watch --host 127\.0\.0\.1 --port \d+ --node demo", done.stderr)
    assert re.search(r"Open in a browser: http://127\.0\.0\.1:\d+/", done.stderr)
    assert re.search(r"status +online", done.stdout)


def test_a_configured_broker_that_is_away_is_told_once_and_by_the_exit_code(program: Run) -> None:
    port = free_port()
    done = program("demo", "--seconds=2", "--set=camera.source=sim:alert", f"--set=mqtt.port={port}")
    assert done.returncode == 69 and done.stdout == ""
    assert done.stderr.count(f"{port}: connection refused (is the broker running?); reconnecting") == 1


def test_in_a_checkout_it_names_the_command_where_it_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / ".venv/bin/fer-edge"
    program.parent.mkdir(parents=True)
    program.touch(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(program.with_name("python")))
    monkeypatch.setenv("PATH", "/usr/bin")
    assert _program() == ".venv/bin/fer-edge"
    monkeypatch.setenv("PATH", str(program.parent))
    assert _program() == "fer-edge"


def test_the_simulated_driver_without_its_face_is_refused_at_the_start_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)  # as on a plain install
    settings = Settings(camera={"source": "sim:alert"}, mqtt={"enabled": False}, state_dir=str(tmp_path))  # type: ignore[arg-type]
    with pytest.raises(MissingExtra, match=r"install scikit-image") as told:
        Daemon(lambda: settings).run()
    assert "\n" not in str(told.value)
