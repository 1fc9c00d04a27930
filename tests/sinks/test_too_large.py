"""Messages that are larger than the broker takes: left out and told, whether it names its limit or only hangs up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_edge.core import DriverState
from fer_edge.sinks.mqtt.limit import PROOF, Limit
from tests.brokers import Mosquitto, Subscriber, needs_mosquitto, wait_until
from tests.sinks.examples import event, settings
from tests.sinks.nodes import node
from tests.sinks.test_publisher import Broker


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running mosquitto that takes 900 bytes at most."""
    broker = Mosquitto(tmp_path, config="allow_anonymous true\nmax_packet_size 900")
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def subscriber(small: Mosquitto) -> Iterator[Subscriber]:
    """A subscriber to everything on it."""
    one = Subscriber(small.port).ready()
    yield one
    one.close()


@needs_mosquitto
def test_what_is_too_large_for_the_broker_is_left_out_and_told(
    small: Mosquitto, subscriber: Subscriber, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with node(settings(small.port), tmp_path) as one:
        one.state(DriverState(at=0.0, profile="driver"))
        one.event(event(1))
        subscriber.wait("event/fatigue")
        subscriber.wait("/state")
    assert subscriber.wait("/status", 2).text == "offline" and subscriber.of("/status")[0].text == "online"
    told = [line for line in caplog.messages if line.startswith("broker")]
    assert len(told) == 2 and not any("reconnecting" in line for line in told), told
    assert re.fullmatch(r"broker rejects \S+/config: \d+ bytes are more than it takes \(900\); raise .+", told[0])


@needs_mosquitto
def test_what_a_broker_hangs_up_on_without_a_word_is_found_out_and_everything_else_arrives(
    small: Mosquitto, subscriber: Subscriber, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """MQTT 3.1.1 cannot name a limit: it closed the connection for ever, and a sleeper's event never arrived."""
    quick = settings(small.port, protocol="3.1.1", reconnect_s=[0.05, 0.2])
    with node(quick, tmp_path, connected=False) as one:
        one.event(event(1))
        subscriber.wait("event/fatigue")
        wait_until(lambda: one.sink.outbox.waiting == 0, "the confirmation")
        one.state(DriverState(at=0.0, profile="driver", faces=2))
        wait_until(lambda: any(told.json["faces"] == 2 for told in subscriber.of("/state")), "the state")
    told = [line for line in caplog.messages if line.startswith("broker rejects")]
    assert [line.split(":")[0].rpartition("/")[2] for line in told] == ["config", "info"], told
    assert re.search(r"/info: \d+ bytes are more than it takes \(it hung up on \d+\); raise .+ restart", told[1])
    wait_until(lambda: len(subscriber.events()) == 2, "the end")
    assert not subscriber.of("/info") and [told["phase"] for told in subscriber.events()] == ["start", "end"]


def connection(limit: Limit, large_confirmed: bool) -> str | None:
    """A small message, a large one, and the connection is closed."""
    limit.begin()
    limit.sent(1, "status", 30, 1)
    limit.sent(2, "info", 5000, 1)
    limit.sent(3, "event/fatigue", 300, 1)
    limit.confirmed(2 if large_confirmed else 1)
    return limit.hung_up()


def test_only_a_message_that_is_there_each_time_is_blamed_on_a_connection_that_breaks() -> None:
    limit = Limit()
    found = [connection(limit, broken == PROOF - 1) for broken in range(2 * PROOF - 1)]
    assert found == [None] * len(found) and limit.fault(5000) is None, "it got through once in between"
    assert "5000 bytes are too large" in str(connection(limit, large_confirmed=False))
    assert limit.fault(5000) is not None and limit.fault(4999) is None


@pytest.mark.parametrize("confirmed", [(), (1,), (3,)], ids=["nothing", "the larger one", "a later one"])
def test_a_link_that_breaks_again_and_again_blames_no_message(confirmed: tuple[int, ...]) -> None:
    limit = Limit()
    for _ in range(10):
        limit.begin()
        for mid, size in enumerate((5000, 600, 700), 1):
            limit.sent(mid, f"topic {mid}", size, 1)
        for mid in confirmed:
            limit.confirmed(mid)
        assert limit.hung_up() is None
    assert limit.fault(5000) is None


def test_stats_that_are_too_large_are_found_out_though_nobody_confirms_them() -> None:
    limit = Limit()
    for _ in range(PROOF):
        limit.begin()
        limit.sent(1, "state", 500, 1)
        limit.confirmed(1)
        limit.sent(2, "stats", 600, 0)
        limit.confirmed(2)
        found = limit.hung_up()
    assert "stats" in str(found) and limit.fault(600) is not None


def test_an_event_that_is_too_large_stays_in_the_outbox_and_holds_up_no_smaller_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker(tmp_path / "outbox.db")
    broker.too_large = {2}
    broker.publisher.up(20)
    broker.happen("fatigue", 5)
    broker.answer()
    broker.happen("fatigue")
    broker.answer()
    assert broker.taken == [1, 3, 4, 5, 6] and broker.waiting == [2]
    assert [line for line in caplog.messages if line.endswith("too large; its events stay in the outbox")]
    broker.too_large.clear()
    broker.publisher.down()
    broker.publisher.up(20)
    broker.answer()
    assert broker.waiting == []
