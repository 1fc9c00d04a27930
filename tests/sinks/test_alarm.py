"""Local alarms: a buzzer on a mock pin, and that nothing waits for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fer_edge.core import Event, Level, Phase
from fer_edge.errors import UnavailableError
from fer_edge.settings import AlarmSettings
from fer_edge.settings.alarm import GpioAlarm
from fer_edge.sinks.alarm.buzzer import PATTERNS_S, Buzzer
from fer_edge.sinks.alarm.sink import AlarmSink, Loudness
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
    wait_until(lambda: not sink._voices[0].device.sounding, "silence")
    assert not pin.state
    sink.event(event(5, level=Level.CRITICAL))
    wait_until(lambda: pin.state, "another event sounds, though the first is still open")
    sink.close()


def test_a_pin_that_fails_once_ends_no_later_alarm(pins: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = alarm(gpio={"pin": 17})
    failed = []

    def fail(now: float) -> None:
        failed.append(now)
        monkeypatch.undo()
        raise OSError("the pin is gone")

    monkeypatch.setattr(sink._voices[0].device, "tend", fail)
    sink.event(SLEEP)
    wait_until(lambda: failed, "a look at the buzzer")
    sink.event(END)
    wait_until(lambda: not sink._voices[0].device.sounding, "silence")
    sink.close()


def test_a_new_event_sounds_while_an_older_one_has_fallen_silent(pins: Any, caplog: pytest.LogCaptureFixture) -> None:
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
    assert len(caplog.records) == 1, "what ran out of time is told, not the end of another event"
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


def test_a_daemon_that_did_not_begin_leaves_no_word_of_how_it_ended(pins: Any, tmp_path: Path) -> None:
    from fer_edge.service.daemon import Daemon
    from fer_edge.settings import Settings

    taken = Buzzer(GpioAlarm(pin=17))
    settings = {"alarm": {"gpio": {"pin": 17}}, "emotion": {"enabled": False}, "mqtt": {"enabled": False}}
    daemon = Daemon(lambda: Settings.model_validate({**settings, "state_dir": str(tmp_path)}))
    with pytest.raises(UnavailableError):
        daemon.run()
    assert not (tmp_path / "last_exit.json").exists()
    taken.close()


def test_closing_gives_the_pin_back(pins: Any) -> None:
    for _ in range(2):
        sink = alarm(gpio={"pin": 17})
        sink.event(SLEEP)
        sink.close()


def test_the_main_loop_never_waits(pins: Any) -> None:
    sink = alarm(gpio={"pin": 17}, commands=[{"run": ["sleep", "5"], "every_s": 0}])
    slowest = 0.0
    for key in range(200):
        began = time.monotonic()
        sink.event(event(key, level=list(Level)[key % 4]))
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 2.0
    began = time.monotonic()
    sink.close()
    assert time.monotonic() - began < 4.0


def test_an_event_of_the_mqtt_sink_is_found_by_its_id(tmp_path: Path) -> None:
    from tests.sinks.examples import settings
    from tests.sinks.nodes import node

    with node(settings(1), tmp_path, connected=False) as one:
        one.event(event(41))
        one.stored()
        assert one.sink.event_key("00000000-1") is None
        assert one.sink.event_key(f"{one.sink._delivery._journal._run}-1") == 41
