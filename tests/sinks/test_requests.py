"""Requests: whatever comes, an answer or nothing; never an exception, never growth."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.sinks.mqtt.client import Incoming
from fer_edge.sinks.mqtt.requests import MAX_BYTES, VERBS, RequestDesk
from fer_edge.sinks.mqtt.topics import Topics
from tests.sinks.examples import settings
from tests.sinks.schemas import conform, load

TOPICS = Topics.of(settings())


class Desk:
    """A desk that keeps its answers; time moves by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.answers: list[tuple[str, dict[str, Any], bytes | None]] = []
        self.desk = RequestDesk(TOPICS, lambda *answer: self.answers.append(answer), lambda: self.now)

    def send(self, verb: str, payload: Any = b"", **more: Any) -> None:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.desk.take(Incoming(f"{TOPICS.base}/request/{verb}", raw, more.pop("retained", False), **more))

    def only_answer(self) -> dict[str, Any]:
        assert len(self.answers) == 1
        conform("response", self.answers[0][1])
        return self.answers[0][1]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("verb", "payload", "values"),
    [
        ("ping", b"", {}),
        ("ping", {"transaction": "t"}, {}),
        ("pause", {"seconds": 3600}, {"seconds": 3600.0}),
        ("resume", {}, {}),
        ("recalibrate", {}, {}),
        ("reload", {}, {}),
        ("acknowledge", {"id": "7c1e9a02-411"}, {"id": "7c1e9a02-411"}),
        ("speed", {"km_h": 87.5}, {"km_h": 87.5}),
        ("stats", {}, {}),
    ],
)
def test_every_verb_reaches_the_main_loop_and_is_answered(
    desk: Desk, verb: str, payload: Any, values: dict[str, Any]
) -> None:
    desk.send(verb, payload)
    (request,) = desk.desk.pending()
    assert (request.verb, dict(request.values)) == (verb, values)
    request.answer({"done": True})
    assert desk.answers[0][0] == f"fer-edge/car/response/{verb}"
    assert desk.only_answer()["data"] == {"done": True}


@pytest.mark.parametrize(
    ("verb", "payload"),
    [
        ("fly", {}),
        ("Ping", {}),
        ("", {}),
        ("päng", {}),
        ("pause", b""),
        ("pause", {"seconds": 0}),
        ("pause", {"seconds": 0.01}),
        ("pause", {"seconds": 3600.1}),
        ("pause", {"seconds": "60"}),
        ("pause", {"seconds": True}),
        ("pause", b'{"seconds": NaN}'),
        ("pause", b'{"seconds": 1e999}'),
        ("pause", {"seconds": 5, "more": 1}),
        ("acknowledge", {"id": "../../etc"}),
        ("acknowledge", {"id": "7c1e9a02-411\n"}),
        ("speed", {"km_h": -1}),
        ("speed", {"km_h": None}),
        ("ping", b"[]"),
        ("ping", b'"x"'),
        ("ping", b"{"),
        ("ping", b"\xff\xfe"),
        ("ping", b"[" * 4000),
        ("ping", b"x" * (MAX_BYTES + 1)),
        ("ping", {"transaction": {"deep": 1}}),
        ("ping", {"transaction": "x" * 129}),
        ("ping", {"transaction": True}),
    ],
)
def test_what_is_wrong_gets_an_error_answer(desk: Desk, verb: str, payload: Any) -> None:
    desk.send(verb, payload)
    assert desk.desk.pending() == []
    answer = desk.only_answer()
    assert answer["status"] == "error"
    assert len(answer["error"]) <= 300


@pytest.mark.parametrize(
    ("verb", "payload", "says"),
    [
        ("pause", {}, "seconds: is missing"),
        ("pause", {"seconds": 3601}, "seconds: must be at most 3600 (got 3601)"),
        ("pause", {"seconds": "60"}, "seconds: must be a number (got '60')"),
        ("pause", {"seconds": 5, "hours": 1}, "hours: not part of this request, which takes seconds, transaction"),
        ("acknowledge", {"id": "x"}, "id: must be the id of an event, like 7c1e9a02-411 (got 'x')"),
        ("speed", {"km_h": None}, "km_h: must not be null"),
        ("ping", {"transaction": "x" * 129}, "transaction: must have at most 128 characters"),
        ("ping", b'{"\\ud800": 1}', "the name of a field is not text"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(desk: Desk, verb: str, payload: Any, says: str) -> None:
    desk.send(verb, payload)
    assert desk.only_answer()["error"].startswith(says)


def test_an_unknown_verb_is_told_the_known_ones(desk: Desk) -> None:
    desk.send("fly", {"transaction": 7})
    assert desk.answers == [
        (
            "fer-edge/car/response/fly",
            {
                "status": "error",
                "error": f"unknown verb 'fly'; known: {', '.join(VERBS)}",
                "transaction": 7,
            },
            None,
        )
    ]


@pytest.mark.parametrize("transaction", ["", "x" * 128, "\u0000", 0, -1, 2**63, -(10**40)])
def test_a_transaction_comes_back_as_it_was_sent(desk: Desk, transaction: str | int) -> None:
    desk.send("ping", {"transaction": transaction})
    desk.desk.pending()[0].answer()
    assert desk.only_answer()["transaction"] == transaction


def test_a_retained_request_is_ignored(desk: Desk) -> None:
    desk.send("pause", {"seconds": 5}, retained=True)
    desk.send("fly", {}, retained=True)
    assert (desk.desk.pending(), desk.answers) == ([], [])


def test_response_topic_and_correlation_data_are_used(desk: Desk) -> None:
    desk.send("ping", b"", response_topic="me/here", correlation=b"\x00\x01")
    desk.desk.pending()[0].answer()
    topic, _, correlation = desk.answers[0]
    assert (topic, correlation) == ("me/here", b"\x00\x01")


@pytest.mark.parametrize(
    "asked",
    [
        "fer-edge/car/status",
        "fer-edge/car/request/pause",
        "homeassistant/device/fer-edge_car/config",
        "$SYS/x",
        "a/+",
        "#",
        "a\0b",
        "x" * 300,
        "",
    ],
)
def test_nobody_makes_us_speak_in_our_own_name(desk: Desk, asked: str) -> None:
    desk.send("ping", b"", response_topic=asked)
    desk.desk.pending()[0].answer()
    assert desk.answers[0][0] == "fer-edge/car/response/ping"


def test_a_flood_is_bounded_and_goes_unanswered(desk: Desk) -> None:
    for _ in range(10_000):
        desk.send("fly")
    assert len(desk.answers) == 20
    assert desk.desk.dropped == 9_980
    desk.now += 1.0
    for _ in range(100):
        desk.send("ping")
    assert len(desk.desk.pending()) == 10


def test_more_than_the_main_loop_carries_out_is_dropped(desk: Desk) -> None:
    for _ in range(200):
        desk.now += 0.1
        desk.send("ping")
    assert desk.desk.dropped == 200 - 16


def test_a_request_that_waited_too_long_is_refused_not_done(desk: Desk) -> None:
    desk.send("pause", {"seconds": 60})
    desk.now += 10.1
    assert desk.desk.pending() == []
    assert "waited longer" in desk.only_answer()["error"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
fields = st.fixed_dictionaries(
    {}, optional={"seconds": anything, "id": anything, "km_h": anything, "transaction": anything, "x": anything}
)
payloads = st.one_of(
    st.binary(max_size=200),
    st.text().map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.one_of(anything, fields).map(lambda value: json.dumps(value).encode()),
)
verbs = st.one_of(st.sampled_from(list(VERBS)), st.text(max_size=40))


@given(verb=verbs, payload=payloads, topic=st.one_of(st.none(), st.text(max_size=20)), correlation=st.binary())
def test_whatever_comes_is_answered_once_or_handed_on(
    verb: str, payload: bytes, topic: str | None, correlation: bytes
) -> None:
    desk = Desk()
    desk.send(verb, payload, response_topic=topic, correlation=correlation)
    pending = desk.desk.pending()
    assert len(pending) + len(desk.answers) == 1
    for request in pending:
        schema = load("request")["$defs"][request.verb]
        sent = json.loads(payload or b"{}") if payload.strip() else {}
        assert set(sent) <= set(schema["properties"])
        request.answer()
    answer = desk.only_answer()
    assert json.dumps(answer, ensure_ascii=False).encode()


@given(payload=fields.map(lambda value: json.dumps(value).encode()), verb=st.sampled_from(list(VERBS)))
def test_what_is_taken_is_what_the_schema_takes(verb: str, payload: bytes) -> None:
    from jsonschema import Draft202012Validator

    desk = Desk()
    desk.send(verb, payload)
    taken = bool(desk.desk.pending())
    if taken:
        Draft202012Validator(load("request")["$defs"][verb]).validate(json.loads(payload))
