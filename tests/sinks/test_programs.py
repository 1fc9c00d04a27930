"""Programs as local alarms: run for events, with nothing of ours, and never waited for."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from fer_edge.core import Event, Level, Phase
from fer_edge.settings import AlarmSettings
from fer_edge.settings.alarm import CommandAlarm
from fer_edge.sinks.alarm import AlarmSink
from fer_edge.sinks.alarm.programs import Programs
from tests.brokers import wait_until
from tests.sinks.examples import event

SLEEP = event(1, Phase.UPDATE, "sleep", level=Level.CRITICAL)
WARNING = event(1, Phase.START, "microsleep", level=Level.WARNING)
END = event(1, Phase.END, "sleep", level=Level.CRITICAL)
YAWN = event(2, Phase.START, "yawn", level=Level.INFO)


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """A program that notes how it was called, one line of JSON a call."""
    program = tmp_path / "note"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        f"told = {{k: v for k, v in os.environ.items() if k.startswith(('FER_EDGE', 'CREDENTIALS'))}}\n"
        f"open({str(tmp_path / 'calls')!r}, 'a').write(json.dumps([sys.argv[1:], told]) + '\\n')\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def calls(note: Path) -> list[Any]:
    file = note.with_name("calls")
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_program_is_run_without_a_shell_and_without_our_secrets(note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_EDGE_MQTT_PASSWORD", "secret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/secret")
    command = {"run": [str(note), "$(reboot); *", "&&"], "every_s": 0}
    sink = AlarmSink(AlarmSettings.model_validate({"commands": [command]}), {}.get)
    sink.start()
    sink.event(SLEEP)
    wait_until(lambda: calls(note), "the program")
    arguments, told = calls(note)[0]
    assert arguments == ["$(reboot); *", "&&"]
    assert told == {
        "FER_EDGE_EVENT_TYPE": "sleep",
        "FER_EDGE_LEVEL": "critical",
        "FER_EDGE_PHASE": "update",
        "FER_EDGE_CATEGORY": "fatigue",
    }
    sink.close()


class Clocked:
    """Programs whose time moves by hand."""

    def __init__(self, *commands: dict[str, Any]) -> None:
        self.now = 100.0
        self.programs = Programs([CommandAlarm.model_validate(command) for command in commands], lambda: self.now)

    def event(self, told: Event) -> bool:
        """Whether the event started something; waits for its end."""
        self.programs.event(told)
        started = self.programs.running
        wait_until(lambda: (self.programs.tend(self.now), not self.programs.running)[1], "the program's end")
        return started


def test_one_run_for_a_start_and_each_rise_in_level() -> None:
    run = Clocked({"run": ["true"], "every_s": 0, "level": "warning"})
    told = [WARNING, event(1, Phase.UPDATE, level=Level.WARNING), SLEEP, event(1, Phase.UPDATE, level=Level.CRITICAL)]
    assert [run.event(one) for one in told] == [True, False, True, False]
    assert not run.event(YAWN)


def test_each_open_event_is_heard_once_and_forgotten_at_its_end() -> None:
    run = Clocked({"run": ["true"], "every_s": 0, "level": "warning"})
    other, again = event(2, Phase.START, "drowsy"), event(1, Phase.UPDATE, "microsleep")
    assert [run.event(one) for one in (WARNING, other, again, END, WARNING)] == [True, True, False, False, True]


def test_not_more_often_than_configured() -> None:
    run = Clocked({"run": ["true"], "every_s": 5})
    started = []
    for key in range(100):
        started.append(run.event(event(key)))
        run.now += 0.5
    assert sum(started) == 10


def test_what_is_worse_than_the_last_run_told_does_not_wait_for_the_interval() -> None:
    run = Clocked({"run": ["true"]})
    started = []
    unanswered = event(3, Phase.START, "unresponsive", level=Level.CRITICAL)
    for at, told in ((1.5, WARNING), (3.0, SLEEP), (4.0, event(2, level=Level.WARNING)), (4.5, unanswered)):
        run.now = at
        started.append(run.event(told))
    assert started == [True, True, False, False], "twice critical within every_s is once"


def test_what_becomes_worse_during_a_run_is_told_after_it_unless_it_is_over(note: Path) -> None:
    wait = {"run": ["sh", "-c", f"sleep 0.3; {note} $FER_EDGE_LEVEL"]}
    for told, levels in (((WARNING, SLEEP), ["warning", "critical"]), ((WARNING, SLEEP, END), ["warning"])):
        run = Clocked(wait)
        for one in told:
            run.programs.event(one)
        run.event(event(9, Phase.END))
        assert [arguments[0] for arguments, _ in calls(note)] == levels
        note.with_name("calls").unlink()


def test_per_type_and_level() -> None:
    yawns = Clocked({"run": ["true"], "every_s": 0, "level": "info", "event_types": ["yawn"]})
    assert [yawns.event(YAWN), yawns.event(SLEEP)] == [True, False]


def test_a_program_that_hangs_is_killed_with_its_children(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pid = tmp_path / "pid"
    run = Clocked({"run": ["sh", "-c", f"sleep 60 & echo $! > {pid}; wait"], "timeout_s": 3})
    run.programs.event(SLEEP)
    wait_until(lambda: pid.exists() and pid.read_text().strip(), "the child")
    run.programs.tend(run.now + 2.9)
    assert run.programs.running
    run.programs.tend(run.now + 3)
    assert not run.programs.running
    child = int(pid.read_text())
    wait_until(lambda: not _alive(child), "the child's end")
    assert "longer than 3 s: killed" in caplog.text


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (["/nowhere/alarm"], "No such file or directory; check alarm.commands"),
        (["/etc"], "Permission denied"),
        (["a\0b"], "null byte"),
        (["false"], "exited with 1"),
    ],
)
def test_a_program_that_fails_is_told_and_stops_nothing(
    run: list[str], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    one = Clocked({"run": run, "every_s": 0})
    one.event(SLEEP)
    assert told in caplog.text
    assert len(caplog.records) == 1


def test_one_that_may_not_be_killed_is_left_alone_and_the_others_go_on(
    note: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(pid: int, number: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("fer_edge.sinks.alarm.programs.os.killpg", refused)
    slow = {"run": ["sleep", "2"], "timeout_s": 0.2, "every_s": 60}
    commands = [slow, {"run": [str(note)], "every_s": 0}]
    sink = AlarmSink(AlarmSettings.model_validate({"commands": commands}), {}.get)
    sink.start()
    sink.event(SLEEP)
    wait_until(lambda: sink._programs._rules[0].process, "the slow one")
    process = sink._programs._rules[0].process
    wait_until(lambda: not sink._programs.running, "the end of both")
    sink.event(event(3, level=Level.CRITICAL))
    wait_until(lambda: len(calls(note)) == 2, "the other program, for the next event")
    assert [r.getMessage() for r in caplog.records if "another user" in r.getMessage()] == [
        f"alarm: process {process.pid} runs as another user and cannot be killed; it is left alone"
    ]
    wait_until(lambda: not sink._programs.running, "its end")
    sink.close()
    process.wait()
