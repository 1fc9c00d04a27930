"""Sounds of the local alarm: a real program plays them, and they come back while nobody minds them."""

from __future__ import annotations

import os
import time
import wave
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from fer_edge.core import Level, Phase
from fer_edge.errors import UnavailableError
from fer_edge.settings import AlarmSettings
from fer_edge.settings.alarm import SoundAlarm
from fer_edge.sinks.alarm import AlarmSink
from fer_edge.sinks.alarm.sounds import AGAIN_S, STUCK_S, Sounds
from fer_edge.sounds.__main__ import RATE, TONES, samples
from tests.brokers import wait_until
from tests.sinks.examples import event


class Clock:
    """Moves when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Player:
    """A program in the place of aplay: notes the name of each file it is to play, then takes ``seconds``."""

    def __init__(self, folder: Path, seconds: float = 0.0, code: int = 0) -> None:
        self._heard = folder / "heard"
        self.path = folder / "player"
        self.path.write_text(f'#!/bin/sh\nbasename "$1" .wav >>"{self._heard}"\nsleep {seconds}\nexit {code}\n')
        self.path.chmod(0o755)

    @property
    def heard(self) -> list[str]:
        return self._heard.read_text().split() if self._heard.exists() else []


def sounds(player: Player, clock: Clock, **more: object) -> Sounds:
    return Sounds(SoundAlarm.model_validate({"enabled": True, "player": [str(player.path)], **more}), clock)


def tended(alarm: Sounds, clock: Clock, player: Player, count: int) -> list[str]:
    """What has been heard once the player has begun so often; its processes end meanwhile."""

    def heard() -> bool:
        alarm.tend(clock())
        return len(player.heard) >= count

    wait_until(heard, f"{count} sounds, heard {player.heard}")
    return player.heard


def ended(alarm: Sounds, clock: Clock) -> None:
    wait_until(lambda: (alarm.tend(clock()), alarm._process is None)[1], "the player to end")


def test_an_ignored_event_comes_back_at_its_pace_until_it_ends(tmp_path: Path) -> None:
    player, clock = Player(tmp_path), Clock()
    alarm = sounds(player, clock)
    alarm.sound({1: Level.WARNING})
    tended(alarm, clock, player, 1)
    ended(alarm, clock)
    clock.now += AGAIN_S[Level.WARNING] - 0.1
    alarm.tend(clock())
    assert player.heard == ["warning"] and alarm.sounding
    clock.now += 0.2
    assert tended(alarm, clock, player, 2) == ["warning", "warning"]
    ended(alarm, clock)
    alarm.sound({})
    clock.now += 60
    alarm.tend(clock())
    assert not alarm.sounding and len(player.heard) == 2


def test_a_rise_cuts_the_sound_that_plays_and_is_heard_at_once(tmp_path: Path) -> None:
    player, clock = Player(tmp_path, seconds=30), Clock()
    alarm = sounds(player, clock)
    alarm.sound({1: Level.ADVISORY})
    tended(alarm, clock, player, 1)
    alarm.sound({1: Level.CRITICAL})
    assert tended(alarm, clock, player, 2) == ["advisory", "critical"]
    alarm.close()


def test_the_player_is_told_none_of_our_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FER_EDGE_MQTT_PASSWORD", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_USEC"):
        monkeypatch.setenv(name, "ours")
    player, clock = Player(tmp_path), Clock()
    player.path.write_text(f'#!/bin/sh\nenv >"{tmp_path}/told"\n')
    alarm = sounds(player, clock)
    alarm.sound({1: Level.WARNING})
    ended(alarm, clock)
    told = (tmp_path / "told").read_text().splitlines()
    assert f"PATH={os.environ['PATH']}" in told and not [line for line in told if line.endswith("=ours")]


def test_after_the_longest_time_it_is_silent(tmp_path: Path) -> None:
    player, clock = Player(tmp_path), Clock()
    alarm = sounds(player, clock, longest_s=10)
    alarm.sound({1: Level.CRITICAL})
    tended(alarm, clock, player, 1)
    ended(alarm, clock)
    clock.now += 10.1
    alarm.tend(clock())
    assert not alarm.sounding


def test_a_player_that_is_a_script_is_silenced_with_what_it_has_started(tmp_path: Path) -> None:
    player, clock = Player(tmp_path), Clock()
    player.path.write_text(f'#!/bin/sh\nsleep 60 &\necho $! >"{tmp_path}/started"\nwait\n')
    started = tmp_path / "started"
    alarm = sounds(player, clock)
    alarm.sound({1: Level.WARNING})
    pid = int(wait_until(lambda: started.exists() and started.read_text(), "the script"))
    alarm.sound({})
    wait_until(lambda: _over(pid), "the end of what the script plays")


def test_a_player_that_fails_and_leaves_something_running_holds_up_no_alarm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    player, clock = Player(tmp_path), Clock()
    player.path.write_text("#!/bin/sh\nsleep 15 &\necho no such card >&2\nexit 1\n")
    alarm = sounds(player, clock)
    alarm.sound({1: Level.WARNING})
    began = time.monotonic()
    ended(alarm, clock)
    assert time.monotonic() - began < 10 and "no such card" in caplog.text


def _over(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize(("seconds", "code", "says"), [(0.0, 3, "ended with 3"), (60.0, 0, "hung")])
def test_a_player_that_fails_or_hangs_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, seconds: float, code: int, says: str
) -> None:
    player, clock = Player(tmp_path, seconds, code), Clock()
    alarm = sounds(player, clock)
    alarm.sound({1: Level.CRITICAL})
    for n in range(1, 4):
        tended(alarm, clock, player, n)
        if seconds:
            clock.now += STUCK_S
        ended(alarm, clock) if not seconds else alarm.tend(clock())
        clock.now += AGAIN_S[Level.CRITICAL]
    alarm.close()
    assert sum(says in record.getMessage() for record in caplog.records) == 1


def test_without_a_player_it_is_refused_with_what_to_install() -> None:
    with pytest.raises(UnavailableError, match=r"no-such-player is not installed; sudo apt install alsa-utils"):
        Sounds(SoundAlarm(enabled=True, player=("no-such-player",)))


def test_a_folder_without_a_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"info\.wav is missing"):
        Sounds(SoundAlarm(enabled=True, player=("true",), folder=str(tmp_path)))


def test_through_the_sink_it_starts_within_the_time_a_driver_has(tmp_path: Path) -> None:
    player = Player(tmp_path)
    sink = AlarmSink(AlarmSettings.model_validate({"sound": {"enabled": True, "player": [str(player.path)]}}), {}.get)
    sink.start()
    sink.event(event(1, Phase.START, "microsleep", level=Level.WARNING))
    wait_until(lambda: player.heard == ["warning"], "the sound")
    sink.event(event(1, Phase.UPDATE, "sleep", level=Level.CRITICAL))
    wait_until(lambda: "critical" in player.heard, "the next level")
    sink.close()


def test_acknowledged_it_is_silent_until_it_rises(tmp_path: Path) -> None:
    player = Player(tmp_path)
    keys: Mapping[str, int] = {"7c1e9a02-1": 1}
    sink = AlarmSink(AlarmSettings.model_validate({"sound": {"enabled": True, "player": [str(player.path)]}}), keys.get)
    sink.start()
    sink.event(event(1, Phase.START, "sleep", level=Level.CRITICAL))
    wait_until(lambda: player.heard, "the sound")
    assert sink.acknowledge("7c1e9a02-1")
    count = len(player.heard)
    time.sleep(AGAIN_S[Level.CRITICAL] + 0.3)
    assert len(player.heard) == count
    sink.close()


@pytest.mark.parametrize("level", list(TONES))
def test_the_shipped_sounds_are_what_the_command_makes(level: str) -> None:
    path = Path(__file__).parents[2] / "fer_edge" / "sounds" / f"{level}.wav"
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (1, RATE, 2)
        shipped = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    made = samples(level)
    assert len(shipped) == len(made)
    # Other processors round a sine differently by a unit.
    assert np.abs(shipped.astype(int) - made).max() <= 2


def test_louder_and_longer_the_more_urgent() -> None:
    levels = [samples(level).astype(float) for level in ("info", "advisory", "warning", "critical")]
    assert [len(heard) for heard in levels] == sorted(len(heard) for heard in levels)
    energy = [float((heard**2).sum()) for heard in levels]
    assert energy == sorted(energy)
