"""Events and a broker that refuses a topic: the others go on, and what was refused goes out once it is allowed."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from fer_edge.core import Level
from fer_edge.sinks.mqtt.client import Publication
from fer_edge.sinks.mqtt.journal import Journal, Stamp
from fer_edge.sinks.mqtt.publisher import Publisher
from fer_edge.sinks.mqtt.topics import Topics
from tests.sinks.clocks import HandClock
from tests.sinks.examples import event, settings
from tests.sinks.outboxes import outbox


class Broker:
    """Answers what is published, in order, when told to; ``refused`` are the categories it does not take."""

    def __init__(self, path: Path, *, max_events: int = 1000) -> None:
        self.refused: set[str] = set()
        self.too_large: set[int] = set()
        self.offered: list[int] = []
        self.taken: list[int] = []
        self.most_at_once = 0
        self.clock = HandClock()
        self.outbox = outbox(path, self.clock.wall(), count=max_events)
        self.journal = Journal(self.outbox, self.clock)
        topics = Topics.of(settings())
        self.publisher = Publisher(self.journal, topics, self.clock, self._publish, self.clock.ticks)
        self._unanswered: deque[tuple[int, dict[str, Any]]] = deque()
        self._mid = 0

    def _publish(self, sent: Publication) -> int:
        self._mid += 1
        message = json.loads(sent.payload)
        self.offered.append(message["seq"])
        if message["seq"] in self.too_large:
            self._unanswered.append((-self._mid, message))
            return -self._mid
        self._unanswered.append((self._mid, message))
        self.most_at_once = max(self.most_at_once, len(self._unanswered))
        return self._mid

    def happen(self, category: str, count: int = 1) -> None:
        for _ in range(count):
            told = event(self.outbox.next_seq, category=category, level=Level.INFO)
            self.journal.add([(told, Stamp.now(self.clock))])

    def answer(self, count: int = 1_000_000) -> None:
        """Answer so many, in rounds with the publisher, until there is nothing to say."""
        self.publisher.pump()
        while self._unanswered and count:
            mid, message = self._unanswered.popleft()
            taken = message["category"] not in self.refused and mid > 0
            if taken:
                self.taken.append(message["seq"])
            self.publisher.confirmed(mid, None if taken else "not authorised" if mid > 0 else "too large")
            self.publisher.pump()
            count -= 1

    @property
    def waiting(self) -> list[int]:
        return [message.seq for message in self.outbox.waiting(0, 10_000)]


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    one = Broker(tmp_path / "outbox.db")
    one.publisher.up(20)
    return one


def test_a_refused_topic_holds_up_no_other(broker: Broker) -> None:
    broker.refused = {"emotion"}
    for _ in range(5):
        broker.happen("emotion", 20)
        broker.happen("fatigue", 2)
    broker.answer()
    fatigue = [n for n in range(1, 111) if n % 22 in (21, 0)]
    assert broker.taken == fatigue
    assert broker.waiting == [n for n in range(1, 111) if n not in fatigue]
    broker.happen("attention")
    broker.answer()
    assert broker.taken[-1] == 111, "nor does it later"
    assert len(broker.offered) == len(set(broker.offered)), "nothing was sent twice"


def test_what_was_refused_goes_out_in_order_once_it_is_allowed(broker: Broker) -> None:
    broker.refused = {"emotion", "view"}
    for _ in range(30):
        broker.happen("emotion")
        broker.happen("view")
        broker.happen("fatigue")
    broker.answer()
    assert broker.taken == list(range(3, 91, 3))
    broker.offered.clear()
    broker.clock.pass_s(31)
    broker.answer()
    assert broker.offered == [1, 2], "one of each asks"
    broker.refused = {"view"}
    broker.clock.pass_s(31)
    broker.happen("fatigue")
    broker.answer()
    assert [n for n in broker.taken if n % 3 == 1 and n < 91] == list(range(1, 91, 3))
    assert broker.waiting == list(range(2, 91, 3))
    broker.refused.clear()
    broker.clock.pass_s(31)
    broker.answer()
    assert sorted(broker.taken) == list(range(1, 92)), "none lost, none taken twice"
    assert broker.waiting == []


def test_what_is_under_way_is_not_sent_again_when_another_is_refused(broker: Broker) -> None:
    broker.refused = {"emotion"}
    broker.happen("emotion")
    broker.happen("fatigue", 12)
    broker.answer(1)
    broker.clock.pass_s(31)
    broker.refused.clear()
    broker.answer()
    assert broker.offered == [*range(1, 14), 1]
    assert sorted(broker.taken) == list(range(1, 14))


def test_a_refused_event_that_the_outbox_dropped_holds_up_nothing(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "outbox.db", max_events=20)
    broker.publisher.up(20)
    broker.refused = {"emotion"}
    broker.happen("emotion", 3)
    broker.happen("view")
    broker.happen("emotion", 10)
    broker.answer()
    broker.happen("emotion", 10)
    assert broker.waiting[0] > 1, "the oldest had to go"
    broker.refused.clear()
    broker.clock.pass_s(31)
    broker.answer()
    assert broker.waiting == []
    assert broker.taken == [4, *range(5, 25)]


def test_a_new_connection_begins_again_with_the_oldest(broker: Broker) -> None:
    broker.refused = {"emotion"}
    broker.happen("emotion", 3)
    broker.happen("fatigue")
    broker.answer()
    broker.refused.clear()
    broker.publisher.down()
    broker.publisher.up(20)
    broker.answer()
    assert broker.taken == [4, 1, 2, 3]
    assert broker.waiting == []


def test_a_broker_that_takes_few_messages_at_once_is_never_sent_more(tmp_path: Path) -> None:
    """MQTT 5 has a broker hang up on whoever exceeds its receive maximum, whatever the messages say."""
    broker = Broker(tmp_path / "outbox.db")
    broker.publisher.up(2)
    broker.happen("fatigue", 3)
    for number, topic in enumerate(("status", "camera", "info", "state"), 101):
        broker.publisher.set(topic, {"seq": number, "category": topic})
    for number in (201, 202, 203):
        broker.publisher.answer("response/ping", {"seq": number, "category": "response"}, None)
    broker.answer()
    assert broker.most_at_once == 2
    assert broker.taken == [201, 202, 203, 101, 102, 103, 104, 1, 2, 3]
    assert broker.publisher.settled()


def test_an_answer_never_waits_for_another_connection(broker: Broker) -> None:
    broker.publisher.answer("response/ping", {"seq": 201, "category": "response"}, None)
    broker.publisher.down()
    broker.publisher.answer("response/ping", {"seq": 202, "category": "response"}, None)
    broker.publisher.up(20)
    broker.answer()
    assert broker.offered == []
