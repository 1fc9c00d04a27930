"""1,000 event messages through every fault, with a real broker: none lost, in order, duplicates known by seq."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Mosquitto, Subscriber, needs_mosquitto, wait_until

pytestmark = [needs_mosquitto, pytest.mark.timeout(180)]

TOTAL = 1000
NET = f"10.{64 + os.getpid() // 250 % 128}.{os.getpid() % 250}"
"""Where the cable that is cut leads: of this process, so that two runs on a machine do not meet."""
PROGRAM = Path(__file__).with_name("publishing.py")
ROOT = PROGRAM.parents[2]


class Publisher:
    """The publishing process: killed with -9 and started again where it was."""

    def __init__(self, folder: Path, port: int, *, host: str = "127.0.0.1", step_s: float = 0.0) -> None:
        mqtt = {"host": host, "port": port, "answer_s": 1.0, "reconnect_s": [0.1, 0.5], "protocol": "5"}
        self._config = json.dumps({"node": "car", "mqtt": mqtt})
        self._folder = folder
        self._step_s = step_s
        self._prefix: tuple[str, ...] = ()
        self._process: subprocess.Popen[str] | None = None
        self._follower = threading.Thread()
        self.stored = 0
        self.kills = 0

    def start(self, prefix: tuple[str, ...] = ()) -> None:
        self._prefix = prefix
        arguments = (self._config, self._folder / "state", self.stored, TOTAL, self._step_s)
        with (self._folder / "publisher.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*prefix, sys.executable, str(PROGRAM), *map(str, arguments)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
            )
        self._follower = threading.Thread(target=self._follow, args=(self._process.stdout,), daemon=True)
        self._follower.start()

    def _follow(self, output: Any) -> None:
        for line in output:
            self.stored = int(line) + 1

    def wait_stored(self, count: int) -> None:
        def stored() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, self.log()
            return self.stored >= count

        wait_until(stored, f"{count} events to be stored", 60)

    def kill(self) -> None:
        """SIGKILL. What it printed before is what it had promised."""
        self.stop()
        self.kills += 1

    def kill_and_restart(self) -> None:
        self.kill()
        self.start(self._prefix)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._follower.join()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def log(self) -> str:
        return (self._folder / "publisher.log").read_text()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A mosquitto that is not running yet."""
    one = Mosquitto(tmp_path)
    yield one
    with suppress(Exception):
        one.thaw()
    one.kill()


@pytest.fixture
def publisher(tmp_path: Path, broker: Mosquitto, request: pytest.FixtureRequest) -> Iterator[Publisher]:
    one = Publisher(tmp_path, broker.port, step_s=getattr(request, "param", 0.0))
    yield one
    one.stop()


@pytest.fixture
def listener(broker: Mosquitto) -> Iterator[Subscriber]:
    """Hears at QoS 0: the broker hands on at once what it takes, and has nothing of ours when it is killed."""
    one = Subscriber(broker.port, "fer-edge/car/event/#", qos=0)
    yield one
    one.close()


def nothing_was_lost(publisher: Publisher, listener: Subscriber) -> list[dict[str, Any]]:
    """Wait for the last event; check all. Returns the events without their duplicates."""

    def last_arrived() -> bool:
        return any(event.get("n") == TOTAL - 1 for event in listener.events()[-200:])

    wait_until(last_arrived, "the last event", 60)
    first_seen = {event["seq"]: event for event in reversed(listener.events())}
    for event in listener.events():
        original = first_seen[event["seq"]]
        assert {**event, "historical": None} == {**original, "historical": None}, "one seq, two messages"
    arrived = list(dict.fromkeys(event["seq"] for event in listener.events()))
    assert arrived == list(range(1, len(arrived) + 1)), "a gap in seq, or out of order"
    told = [first_seen[seq] for seq in arrived if first_seen[seq].get("reason") != "aborted"]
    numbers = [event["n"] for event in told]
    assert sorted(set(numbers)) == list(range(TOTAL)), "lost"
    assert numbers == sorted(numbers), "out of order"
    # A kill between storing and saying so makes the caller hand over one event again, no more.
    assert len(numbers) - TOTAL <= publisher.kills
    return told


def test_broker_killed_and_restarted_and_the_daemon_killed_too(
    broker: Mosquitto, publisher: Publisher, listener: Subscriber
) -> None:
    broker.start()
    listener.ready()
    publisher.start()
    for count in (150, 350, 550):
        publisher.wait_stored(count)
        broker.kill()
        publisher.kill_and_restart()
        publisher.wait_stored(count + 100)
        # Held still until the subscriber is back: what is published to nobody is nobody's to keep.
        publisher.freeze()
        listener.forget_connection()
        broker.start()
        listener.ready()
        publisher.thaw()
    publisher.kill_and_restart()
    told = nothing_was_lost(publisher, listener)
    assert any(event["historical"] for event in told)
    assert any(not event["historical"] for event in told)


@pytest.mark.parametrize("publisher", [0.6], indirect=True)
def test_ten_minutes_of_events_while_the_broker_is_down_from_the_start(
    broker: Mosquitto, publisher: Publisher, listener: Subscriber
) -> None:
    publisher.start()
    publisher.wait_stored(400)
    publisher.kill_and_restart()
    publisher.wait_stored(TOTAL)
    publisher.freeze()
    broker.start()
    listener.ready()
    publisher.thaw()
    told = nothing_was_lost(publisher, listener)
    assert all(event["historical"] for event in told)
    # Each event carries the time it happened at, not the time it was delivered at.
    times = [datetime.fromisoformat(event["time"]).timestamp() for event in told]
    assert times == sorted(times)
    assert times[-1] - times[0] > 0.99 * 600


def test_broker_hangs_and_the_daemon_is_killed_meanwhile(
    broker: Mosquitto, publisher: Publisher, listener: Subscriber
) -> None:
    broker.start()
    listener.ready()
    publisher.start()
    publisher.wait_stored(200)
    broker.freeze()
    publisher.wait_stored(400)
    wait_until(lambda: "hung" in publisher.log() or "no answer" in publisher.log(), "the hang to be noticed")
    publisher.kill_and_restart()
    publisher.wait_stored(700)
    broker.thaw()
    nothing_was_lost(publisher, listener)


@pytest.fixture
def namespace() -> Iterator[str]:
    """A network namespace joined to this one by a cable that can be cut: :data:`NET` .1 here, .2 there."""
    name = f"fer{os.getpid()}"
    if shutil.which("ip") is None:
        pytest.skip("iproute2 is not installed: the network cannot be cut")
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"no network namespace may be made here: {made.stderr.strip()}")
    try:
        joined = _join(name)
        if joined:
            pytest.skip(f"no virtual cable may be made here: {joined}")
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)
        subprocess.run(["ip", "link", "del", f"{name}a"], capture_output=True, check=False)


def _join(name: str) -> str:
    for command in (
        f"ip link add {name}a type veth peer name {name}b netns {name}",
        f"ip addr add {NET}.1/30 dev {name}a",
        f"ip link set {name}a up",
        f"ip -n {name} addr add {NET}.2/30 dev {name}b",
        f"ip -n {name} link set {name}b up",
        f"ip -n {name} link set lo up",
    ):
        done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return done.stderr.strip()
    return ""


def test_network_cut_and_the_daemon_killed_meanwhile(namespace: str, tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, address="0.0.0.0")
    publisher = Publisher(tmp_path, broker.port, host=f"{NET}.1")
    broker.start()
    listener = Subscriber(broker.port, "fer-edge/car/event/#", qos=0).ready()
    cable = ("ip", "link", "set", f"{namespace}a")
    try:
        publisher.start(prefix=("ip", "netns", "exec", namespace))
        publisher.wait_stored(200)
        wait_until(listener.events, "an event before the cut")
        subprocess.run([*cable, "down"], check=True)
        publisher.wait_stored(400)
        publisher.kill_and_restart()
        publisher.wait_stored(600)
        subprocess.run([*cable, "up"], check=True)
        nothing_was_lost(publisher, listener)
    finally:
        publisher.stop()
        listener.close()
        broker.kill()
