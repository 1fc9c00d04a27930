"""``fer-edge watch`` shows a real node: lines when piped, JSON on request, a page in a terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from fer_edge.commands.watch_view import NodeView, line, plain
from fer_edge.core import Level, Phase
from fer_edge.sinks.wire import decode
from tests.brokers import Mosquitto, mosquitto, needs_mosquitto, wait_until
from tests.conftest import Run, clean_environment
from tests.sinks.examples import KIOSK, event, settings
from tests.sinks.nodes import Node, node
from tests.sinks.schemas import load

__all__ = ["mosquitto"]


@pytest.fixture
def shown(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Node]:
    with node(settings(mosquitto.port), tmp_path / "state") as one:
        one.sink.camera("online")
        one.event(event(7, event_type="sleep", level=Level.CRITICAL, perclos=0.21))
        one.state()
        one.sink.stats({"fps": 29.7, "latency_ms_p95": 12.0, "memory_mb": 93.0})
        wait_until(lambda: one.sink.outbox.waiting == 0, "delivery")
        yield one


@pytest.mark.parametrize("name", ["", "a#", "a/b", "+/event", "a b"])
def test_what_can_be_no_nodes_name_is_told_before_anything_else(fer_edge: Run, name: str) -> None:
    result = fer_edge("watch", "--node", name, "--seconds", "5")
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].endswith(f"or + for all nodes (got {name!r})")


@contextmanager
def watching(folder: Path, port: int, *arguments: str, **more: Any) -> Iterator[subprocess.Popen[str]]:
    """The command as a process, interrupted at the end as by Ctrl-C."""
    # env: a shell's background jobs ignore Ctrl-C, and all they start inherits that.
    listen = ["env", "--default-signal=INT", sys.executable, "-m", "fer_edge"]
    command = [*listen, "watch", "--host", "127.0.0.1", "--port", str(port), *arguments]
    environment = clean_environment(folder)
    with subprocess.Popen(
        command,
        **{"stdout": subprocess.PIPE} | more,
        text=True,
        cwd=folder,
        env=environment,
    ) as process:
        try:
            yield process
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()


@needs_mosquitto
def test_json_tells_what_is_retained_and_what_comes(mosquitto: Mosquitto, shown: Node, tmp_path: Path) -> None:
    told: dict[str, Any] = {}
    with watching(tmp_path, mosquitto.port, "--json", "--node", "car") as process:
        assert process.stdout is not None
        for text in process.stdout:
            message = json.loads(text)
            told[message["topic"]] = message
            if message["topic"] == "state":
                # Everything retained is on its way: now something new.
                shown.event(event(7, Phase.UPDATE, "unresponsive", held_s=6.0))
            if message["topic"] == "event/fatigue":
                break
    status = {"node": "car", "topic": "status", "retained": True, "valid": True, "payload": "online"}
    assert told["status"] == status
    assert told["event/fatigue"]["payload"]["event_type"] == "unresponsive"


@needs_mosquitto
def test_lines_for_a_pipe_have_no_terminal_codes(mosquitto: Mosquitto, shown: Node, tmp_path: Path) -> None:
    with watching(tmp_path, mosquitto.port, "--node", "+") as process:
        assert process.stdout is not None
        text = next(text for text in process.stdout if "  state " in text)
    assert text.startswith("car")
    assert "level critical" in text
    assert "PERCLOS 21 %" in text
    assert "\x1b" not in text


@needs_mosquitto
def test_the_page_in_a_terminal(mosquitto: Mosquitto, shown: Node, tmp_path: Path) -> None:
    ours, its = pty.openpty()
    seen = b""
    with watching(tmp_path, mosquitto.port, "--node", "car", stdout=its):
        os.close(its)
        while not (b"PERCLOS" in seen and b"29.7 fps" in seen and b"sleep 3.0s" in seen):
            assert select.select([ours], [], [], 30)[0], seen.decode()
            seen += os.read(ours, 4096)
    with suppress(OSError):  # the end of a terminal is an error
        while rest := os.read(ours, 4096):
            seen += rest
    os.close(ours)
    assert seen.rstrip().endswith(b"\x1b[?25h\x1b[?7h"), "the cursor is back"


def test_ended_from_outside_it_gives_the_cursor_back(tmp_path: Path) -> None:
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "fer_edge", "watch", "--host=127.0.0.1", "--port=1", "--node=car"]
    with subprocess.Popen(command, stdout=its, cwd=tmp_path, env=clean_environment(tmp_path)) as process:
        os.close(its)
        seen = os.read(ours, 4096)
        process.terminate()
        assert process.wait(20) == 128 + signal.SIGTERM
    with suppress(OSError):  # the end of a terminal is an error
        while rest := os.read(ours, 4096):
            seen += rest
    os.close(ours)
    assert b"\x1b[?25l" in seen and seen.rstrip().endswith(b"\x1b[?25h\x1b[?7h"), "the cursor is back"


def test_no_broker_is_said_with_exit_69(fer_edge: Run) -> None:
    done = fer_edge("watch", "--host", "127.0.0.1", "--port", "1", "--seconds", "1")
    assert done.returncode == 69
    assert done.stderr == "fer-edge: broker 127.0.0.1:1: connection refused; is the broker running, and on this port?\n"


@needs_mosquitto
def test_a_wrong_password_ends_with_that_and_nothing_else(fer_edge: Run, tmp_path: Path) -> None:
    (tmp_path / "users").touch()
    broker = Mosquitto(tmp_path, config=f"password_file {tmp_path / 'users'}")
    broker.start()
    try:
        here = ("watch", f"--port={broker.port}", "--host=127.0.0.1", "--seconds=1", "--set=mqtt.username=me")
        done = fer_edge(*here, FER_EDGE_MQTT_PASSWORD="wrong")
    finally:
        broker.kill()
    (told,) = done.stderr.splitlines()
    assert done.returncode == 69 and "user name or password refused" in told and "mqtt.username" in told


@needs_mosquitto
def test_a_node_of_which_nothing_is_there_is_asked_about_by_its_name(fer_edge: Run, mosquitto: Mosquitto) -> None:
    done = fer_edge("watch", f"--port={mosquitto.port}", "--host=127.0.0.1", "--seconds=1", "--node=nobody")
    assert done.returncode == 0 and done.stdout == ""
    assert done.stderr == (
        f"fer-edge: nothing from node nobody at 127.0.0.1:{mosquitto.port}; is the name right? --node + shows all\n"
    )


@pytest.mark.parametrize("port", ["0", "65536"])
def test_a_port_that_is_none_is_told(fer_edge: Run, port: str) -> None:
    done = fer_edge("watch", "--port", port)
    assert done.returncode in (2, 78)
    assert "port" in done.stderr


def test_a_message_cannot_drive_the_terminal() -> None:
    evil = {"event_type": "\x1b]0;owned\x07", "level": "critical\x1b[2J", "emotion": "\u202e", "phase": "start"}
    shown = line("event/fatigue", plain(evil))
    assert not any(character in shown for character in "\x1b\x07\u202e")


@pytest.mark.parametrize("payload", [None, 3, "x", [], {}, {"held_s": "long"}, {"time": 5}, {"open_events": [{}]}])
@pytest.mark.parametrize("tail", ["state", "event/view", "stats", "info", "status", "response/stats", ""])
def test_any_payload_can_be_shown(tail: str, payload: object) -> None:
    assert line(tail, payload, colour=True)
    view = NodeView("car")
    view.update(tail, payload)
    assert view.page(connected=True, colour=True)


@pytest.mark.parametrize("value", [5, 0.5, True, "x", [[]], [1], {"a": []}, [{"a": "b"}]])
@pytest.mark.parametrize("tail", ["state", "event/view", "stats", "info"])
def test_any_value_in_a_payload_can_be_shown(tail: str, value: object) -> None:
    fields = {"profile", *load("state")["properties"], *load("event")["properties"], *load("stats")["properties"]}
    for field in fields:
        test_any_payload_can_be_shown(tail, {field: value})
    test_any_payload_can_be_shown(tail, {"profile": "kiosk", "people": value})


def test_what_is_nested_too_deep_or_no_json_is_shown_all_the_same() -> None:
    deep = decode(b"[" * 700 + b"]" * 700)
    assert line("state", plain(deep))
    for text in ("NaN", '{"seconds": -Infinity}', "[1e999]"):
        assert decode(text.encode()) == text


@pytest.mark.parametrize(("closed", "words"), [(False, "open"), (True, "closed for 1.2s"), (None, "unknown")])
def test_the_eyes_are_said_in_words(closed: bool | None, words: str) -> None:
    view = NodeView("car")
    view.update("state", {"eyes_closed": closed, "closure_s": 1.2 if closed else 0.0, "openness": None})
    shown = next(text for text in view.page(connected=True, colour=False) if text.startswith("eyes"))
    assert shown.endswith(words)


def test_what_is_not_known_of_its_health_is_left_out_and_an_unset_clock_is_explained() -> None:
    view = NodeView("car")
    view.update("state", {"fps": 29.7})
    assert "29.7 fps" in view.page(connected=True, colour=False)
    view.update("event/view", {"event_type": "absent", "phase": "start", "time_ok": False})
    assert view.page(connected=True, colour=False)[-1].startswith("? after a time")


def test_an_angle_that_rounds_to_nothing_has_no_minus() -> None:
    view = NodeView("car")
    view.update("state", {"yaw": -0.0, "pitch": -0.04, "roll": -0.1})
    assert "yaw 0.0°  pitch 0.0°  roll -0.1°" in "\n".join(view.page(connected=True, colour=False))


def test_a_kiosk_shows_how_many_people_there_are() -> None:
    from fer_edge.sinks.payloads import state_payload

    view = NodeView("hall")
    view.update("state", state_payload(KIOSK, time="2026-11-20T08:03:11.412Z", time_ok=True))
    assert "2 people" in "\n".join(view.page(connected=True, colour=False))
    one = {"profile": "kiosk", "people": [{}]}
    assert "  1 person  " in line("state", one)


def test_a_line_says_in_words_what_an_event_measured() -> None:
    away = {"event_type": "distracted", "phase": "start", "level": "warning", "held_s": 3.0, "coverage": 0.97}
    told = line("event/attention", away | {"perclos": 0.124, "looking": "left", "reason": "long"})
    assert told.endswith("3.0s  PERCLOS 12 %, judged 97 %, looked to the left, one long look away")


def test_a_line_leaves_out_what_is_unknown_and_breaks_off_no_word() -> None:
    told = line("stats", {"fps": None, "uptime_s": 19.2, **{f"counted_{n}": 1234567 for n in range(20)}})
    assert "fps" not in told and "uptime_s=19.2" in told
    assert told.endswith("=1234567 …") and len(told) < 190
