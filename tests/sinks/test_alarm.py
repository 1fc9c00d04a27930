"""Local alarms: a buzzer on a mock pin and real programs, told by events."""

from __future__ import annotations

import json
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fer_edge.core import Event, Level, Phase
from fer_edge.errors import UnavailableError
from fer_edge.settings import AlarmSettings
from fer_edge.settings.alarm import CommandAlarm, GpioAlarm
from fer_edge.sinks.alarm import AlarmSink, Loudness
from fer_edge.sinks.buzzer import PATTERNS_S, Buzzer
from fer_edge.sinks.programs import Programs
from tests.brokers import wait_until
from tests.sinks.examples import event

gpiozero = pytest.importorskip("gpiozero", reason="a buzzer needs the extra gpio")

SLEEP = event(1, Phase.UPDATE, "sleep", level=Level.CRITICAL)
WARNING = event(1, Phase.START, "microsleep", level=Level.WARNING)
END = event(1, Phase.END, "sleep", level=Level.CRITICAL)
YAWN = event(2, Phase.START, "yawn", level=Level.INFO)
KEYS = {"7c1e9a02-1": 1}


@pytest.fixture(autouse=True)
def pins() -> Iterator[Any]:
    """gpiozero's own mock pins: driven and read like real ones."""
    from gpiozero.pins.mock import MockFactory

    before, gpiozero.Device.pin_factory = gpiozero.Device.pin_factory, MockFactory()
    yield gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory.reset()
    gpiozero.Device.pin_factory = before


def alarm(**settings: Any) -> AlarmSink:
    sink = AlarmSink(AlarmSettings.model_validate(settings), KEYS.get)
    sink.start()
    return sink


def levels_of(pin: Any) -> list[bool]:
    return [bool(change.state) for change in pin.states]


@pytest.mark.parametrize(
    ("events", "heard"),
    [
        ([], {}),
        ([YAWN], {}),
        ([WARNING], {1: Level.WARNING}),
        ([WARNING, SLEEP], {1: Level.CRITICAL}),
        ([WARNING, SLEEP, END], {}),
        ([WARNING, SLEEP, YAWN], {1: Level.CRITICAL}),
        ([WARNING, event(3, level=Level.CRITICAL), event(3, Phase.END)], {1: Level.WARNING}),
        ([END], {}),
    ],
)
def test_open_events_of_enough_level_sound(events: list[Event], heard: dict[int, Level]) -> None:
    loudness = Loudness("warning", ())
    for told in events:
        loudness.event(told)
    assert loudness.heard() == heard


def test_only_chosen_types_sound() -> None:
    loudness = Loudness("info", ("yawn",))
    assert loudness.event(SLEEP) == {}
    assert loudness.event(YAWN) == {2: Level.INFO}


def test_acknowledged_is_quiet_until_it_rises() -> None:
    loudness = Loudness("warning", ())
    loudness.event(WARNING)
    assert loudness.acknowledge(1)
    assert loudness.event(event(1, Phase.UPDATE, level=Level.WARNING)) == {}
    assert loudness.event(SLEEP) == {1: Level.CRITICAL}
    assert not loudness.acknowledge(99)
    loudness.event(END)
    assert loudness.event(WARNING) == {1: Level.WARNING}, "the next event is another one"


def test_the_buzzer_beats_while_the_event_is_open_and_is_silent_after(pins: Any) -> None:
    sink = alarm(gpio={"pin": 17})
    pin = pins.pin(17)
    sink.event(WARNING)
    sink.event(SLEEP)
    wait_until(lambda: levels_of(pin).count(True) >= 4, "four beats")
    sink.event(END)
    wait_until(lambda: not pin.state, "silence")
    count = len(pin.states)
    time.sleep(3 * sum(PATTERNS_S[Level.CRITICAL]))
    assert len(pin.states) == count
    sink.close()


def test_a_light_that_is_on_when_low(pins: Any) -> None:
    sink = alarm(gpio={"pin": 17, "active_high": False})
    pin = pins.pin(17)
    assert pin.state
    sink.event(SLEEP)
    wait_until(lambda: not pin.state, "the light")
    sink.close()
    assert pin.state or pin.function == "input"


def test_acknowledging_by_the_published_id_silences_it(pins: Any) -> None:
    sink = alarm(gpio={"pin": 17})
    pin = pins.pin(17)
    sink.event(WARNING)
    wait_until(lambda: pin.state, "the first beat")
    assert sink.acknowledge("7c1e9a02-1")
    wait_until(lambda: not pin.state, "silence")
    assert not sink.acknowledge("7c1e9a02-2")
    sink.close()


def test_it_does_not_sound_for_ever(pins: Any) -> None:
    sink = alarm(gpio={"pin": 17, "longest_s": 0.5})
    pin = pins.pin(17)
    sink.event(SLEEP)
    wait_until(lambda: levels_of(pin).count(True) >= 1, "the first beat")
    wait_until(lambda: not sink._buzzer.sounding, "silence")
    assert not pin.state
    sink.event(event(5, level=Level.CRITICAL))
    wait_until(lambda: pin.state, "another event sounds, though the first is still open")
    sink.close()


def test_a_new_event_sounds_while_an_older_one_has_fallen_silent(pins: Any) -> None:
    now = 100.0
    buzzer = Buzzer(GpioAlarm(pin=17, longest_s=120), lambda: now)
    drowsy, both, risen = {1: Level.WARNING}, {1: Level.WARNING, 2: Level.WARNING}, {1: Level.CRITICAL}
    told = []
    for at, events in ((100, drowsy), (220, drowsy), (300, both), (310, both), (330, drowsy), (400, risen)):
        now = at
        buzzer.sound(events)
        told.append(buzzer.sounding)
    assert told == [True, False, True, True, False, True]
    buzzer.tend(520)
    assert not buzzer.sounding and not pins.pin(17).state
    buzzer.close()


def test_the_highest_level_sounds_and_then_the_next(pins: Any) -> None:
    now = 100.0
    buzzer = Buzzer(GpioAlarm(pin=17, longest_s=120), lambda: now)
    buzzer.sound({1: Level.CRITICAL})
    now = 150.0
    buzzer.sound({1: Level.CRITICAL, 2: Level.WARNING})
    playing = [buzzer._playing]
    for at in (220, 270):
        buzzer.tend(at)
        playing.append(buzzer._playing)
    assert playing == [Level.CRITICAL, Level.WARNING, None]
    buzzer.close()


def test_a_pin_that_cannot_be_had_is_told(pins: Any) -> None:
    first = Buzzer(GpioAlarm(pin=17))
    with pytest.raises(UnavailableError, match=r"alarm.gpio.pin: pin 17 cannot be used: .*; check"):
        Buzzer(GpioAlarm(pin=17))
    first.close()


def test_closing_gives_the_pin_back(pins: Any) -> None:
    for _ in range(2):
        sink = alarm(gpio={"pin": 17})
        sink.event(SLEEP)
        sink.close()


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
    sink = alarm(commands=[{"run": [str(note), "$(reboot); *", "&&"], "every_s": 0}])
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
        (["false"], "ended with 1"),
    ],
)
def test_a_program_that_fails_is_told_and_stops_nothing(
    run: list[str], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    one = Clocked({"run": run, "every_s": 0})
    one.event(SLEEP)
    assert told in caplog.text
    assert len(caplog.records) == 1


def test_the_main_loop_never_waits(pins: Any) -> None:
    sink = alarm(gpio={"pin": 17}, commands=[{"run": ["sleep", "5"], "every_s": 0}])
    slowest = 0.0
    for key in range(200):
        began = time.monotonic()
        sink.event(event(key, level=list(Level)[key % 4]))
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 0.2
    began = time.monotonic()
    sink.close()
    assert time.monotonic() - began < 2.0


def test_an_event_of_the_mqtt_sink_is_found_by_its_id(tmp_path: Path) -> None:
    from tests.sinks.examples import settings
    from tests.sinks.nodes import node

    with node(settings(1), tmp_path, connected=False) as one:
        one.event(event(41))
        one.stored()
        assert one.sink.event_key("00000000-1") is None
        assert one.sink.event_key(f"{one.sink._delivery._journal._run}-1") == 41
