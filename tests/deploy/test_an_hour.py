"""An hour of driving, played fast: all that a node publishes, logs and stores, and no picture byte among it.

``tests/deploy/test_privacy.py`` sees every system call of a short run; here it is every byte of a long one.
"""

from __future__ import annotations

import gzip
import json
import logging
import re
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from fer_edge.core import DriverState, Frame
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import Camera, Driver, Noise, signals
from fer_edge.monitoring.simulation.alert import alert_drive
from fer_edge.pipeline import Step
from fer_edge.service.viewer import Viewer
from fer_edge.settings import Settings
from fer_edge.sinks.files import JsonLines
from fer_edge.sinks.mqtt import MqttSink
from fer_edge.sinks.payloads import info_payload, state_payload
from fer_edge.web.logbook import Logbook
from tests.brokers import Mosquitto, Received, Subscriber, mosquitto_path, wait_until
from tests.sinks.publishing import SteppedClock, stored

pytestmark = pytest.mark.timeout(600)

HOUR_S, FPS = 3600.0, 2.0
"""Two frames a second: as much is published, and five times as fast played."""


SMALL_JPEG_BYTES = 1500
"""Less than any picture that shows a face."""
PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"data:image")


class Hour:
    """What came of it: messages at the broker, all text of states, the folder of the node, the log, the picture."""

    def __init__(self, heard: list[Received], states: list[str], folder: Path, log: str, picture: Any) -> None:
        self.heard, self.states, self.folder, self.log, self.picture = heard, states, folder, log, picture


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Hour:
    """A driver who does all that the simulation knows, and falls asleep three times."""
    if mosquitto_path() is None:
        pytest.skip("mosquitto is not installed (sudo apt install mosquitto)")
    folder = tmp_path_factory.mktemp("node")
    broker = Mosquitto(tmp_path_factory.mktemp("broker"))
    broker.start()
    subscriber = Subscriber(broker.port).ready()
    record = logging.FileHandler(folder / "log")
    logging.getLogger().addHandler(record)
    try:
        states, picture = _driven(folder, broker.port)
        wait_until(lambda: subscriber.of("/status")[-1].text == "offline", "the goodbye")
        return Hour(list(subscriber.messages), states, folder, (folder / "log").read_text(), picture)
    finally:
        logging.getLogger().removeHandler(record)
        record.close()
        subscriber.close()
        broker.kill()


def _driven(folder: Path, port: int) -> tuple[list[str], Any]:
    """Play the hour into the sinks of a daemon; the text of a state a second, and the picture of every frame."""
    settings = Settings.model_validate({"node": "cab-7", "mqtt": {"port": port}, "state_dir": str(folder / "state")})
    random = Random(7)
    story = alert_drive(HOUR_S, random)
    for at in (900.0, 1800.0, 2700.0):
        story.closed(at, at + 5.0)
    picture = np.random.default_rng(7).integers(0, 256, (480, 640), np.uint8)
    clock, monitor, viewer = SteppedClock(), Monitor(settings), Viewer()
    mqtt = MqttSink(
        settings, state_dir=folder / "state", info=lambda outbox: info_payload(settings, [], outbox), clock=clock
    )
    book = Logbook(folder / "state", clock)
    states: list[str] = []
    with (folder / "drive.jsonl").open("w") as file:
        sinks = (mqtt, book, JsonLines(file))
        mqtt.start()
        book.start()
        last: DriverState | None = None
        for seen in signals(story, Camera(fps=FPS), Noise(), Driver(), seed=7):
            state, events = monitor.step(seen)
            clock.moved_s += 0.0 if last is None else state.at - last.at
            for sink in sinks:
                sink.state(state, seen)
                for event in events:
                    sink.event(event)
            viewer.show(Frame(picture, state.at, seen.number), Step(seen, state, tuple(events)))
            if last is None or int(state.at) != int(last.at):
                states.append(json.dumps(state_payload(state)))
            last = state
        assert stored(mqtt, 30)
        for sink in reversed(sinks):
            sink.close()
    return states, picture


def everything(hour: Hour) -> dict[str, bytes]:
    """Every byte by where it is; what is packed is unpacked."""
    found = {f"message {n} {message.topic}": message.payload for n, message in enumerate(hour.heard)}
    found["states"] = "\n".join(hour.states).encode()
    for path in hour.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found[str(path)] = gzip.decompress(content) if path.suffix == ".gz" else content
    return found


def test_the_hour_had_all_that_there_is_to_tell(hour: Hour) -> None:
    assert len(hour.states) >= HOUR_S
    told = {message.json["event_type"] for message in hour.heard if "/event/" in message.topic}
    assert {"sleep", "microsleep"} <= told
    assert (hour.folder / "state" / "logbook.sqlite").stat().st_size > 10_000
    assert (hour.folder / "drive.jsonl").stat().st_size > 500_000


def test_no_byte_of_a_picture_is_in_it(hour: Hour) -> None:
    """Nothing begins as a picture does, no run of text could hold one, and no row of the real one is found."""
    rows = [hour.picture[y, x : x + 12].tobytes() for y in range(0, 480, 16) for x in range(0, 628, 64)]
    for where, content in everything(hour).items():
        assert not any(magic in content for magic in PICTURES), where
        assert not any(row in content for row in rows), where
        packed = re.search(rb"[A-Za-z0-9+/]{200,}", content)
        assert packed is None, f"{where}: {packed and packed[0][:60]!r}"


def test_every_state_and_event_is_smaller_than_a_picture(hour: Hour) -> None:
    assert max(map(len, hour.states)) < SMALL_JPEG_BYTES
    small = [message for message in hour.heard if message.topic.endswith("/state") or "/event/" in message.topic]
    assert len(small) > 20 and max(len(message.payload) for message in small) < SMALL_JPEG_BYTES
    assert "sleep" not in hour.log or len(hour.log) < 100_000


def test_the_test_would_find_a_picture(hour: Hour, tmp_path: Path) -> None:
    """The same search on a file that has one."""
    spoilt = Hour([], [], tmp_path, "", hour.picture)
    (tmp_path / "leak.bin").write_bytes(hour.picture.tobytes())
    with pytest.raises(AssertionError, match=r"leak\.bin"):
        test_no_byte_of_a_picture_is_in_it(spoilt)
