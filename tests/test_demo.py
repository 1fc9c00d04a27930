"""The first thing a newcomer runs: it names itself, and has a page whatever else listens."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from fer_edge.commands.demo import _free_port, _program
from fer_edge.errors import UnavailableError
from fer_edge.service.daemon import Daemon
from fer_edge.settings import Settings
from fer_edge.sources.sim import portrait
from tests.brokers import free_port
from tests.conftest import Run, clean_environment
from tests.fakes import wait_until


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


def test_the_page_says_which_settings_the_demo_has_chosen(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp", reason="no page without aiohttp: pip install 'fer-edge[web]'")
    command = (sys.executable, "-m", "fer_edge", "demo", "--seconds=30", "--set=camera.source=sim:alert")
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stderr is not None
            url = next(line.split()[-1] for line in demo.stderr if line.startswith("Open in a browser"))
            told: list[dict[str, str]] = []

            def answered() -> bool:
                with suppress(OSError), urlopen(f"{url}settings.json", timeout=5) as answer:
                    told.extend(json.load(answer)["settings"])
                return bool(told)

            assert wait_until(answered)
        finally:
            demo.terminate()
    sources = {each["name"]: each["source"] for each in told}
    assert sources["node"] == sources["mqtt.port"] == sources["web.enabled"] == "demo"
    assert sources["camera.source"] == "command line" and sources["camera.fps"] == "default"


def test_a_configured_broker_that_is_away_is_told_once_and_by_the_exit_code(program: Run) -> None:
    port = free_port()
    done = program("demo", "--seconds=2", "--set=camera.source=sim:alert", f"--set=mqtt.port={port}")
    assert done.returncode == 69 and done.stdout == ""
    assert done.stderr.count(f"{port}: connection refused (is the broker running, and on this port?); rec") == 1


@pytest.mark.parametrize(("goes_to", "code"), [("| head -1", 0), (">/dev/full", 1)], ids=["head", "full disk"])
def test_where_nothing_can_be_printed_it_ends_as_other_commands_do(tmp_path: Path, goes_to: str, code: int) -> None:
    options = "--seconds=60 --set=camera.source=sim:alert --set=web.enabled=false --set=emotion.enabled=false"
    line = f"set -o pipefail; {sys.executable} -m fer_edge demo {options} {goes_to}"
    own = {"cwd": tmp_path, "env": clean_environment(tmp_path)}
    done = subprocess.run(("bash", "-c", line), **own, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert code == 0 or "No space left on device" in done.stderr.splitlines()[-1]


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


def test_the_simulated_driver_without_its_face_is_refused_at_the_start_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(portrait, "PHOTOGRAPH", tmp_path / "photograph.webp")
    settings = Settings(camera={"source": "sim:alert"}, mqtt={"enabled": False}, state_dir=str(tmp_path))  # type: ignore[arg-type]
    with pytest.raises(UnavailableError, match=r"photograph.webp cannot be read; install fer-edge") as told:
        Daemon(lambda: settings).run()
    assert "\n" not in str(told.value)
