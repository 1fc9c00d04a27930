"""Requests over MQTT: parsed, checked, bounded, and answered exactly once.

Parsing runs in the network thread and is cheap; carrying out is the main loop's business, between
two frames. A flood fills a small queue and then goes unanswered.
"""

from __future__ import annotations

import json
import queue
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fer_edge.config.faults import sentence
from fer_edge.sinks.mqtt.client import Incoming
from fer_edge.sinks.mqtt.topics import Topics
from fer_edge.sinks.payloads import rounded

MAX_BYTES = 4096
_MAX_WAITING = 16
_PER_SECOND = 10.0
_BURST = 20.0
_STALE_S = 10.0
LEAST_PAUSE_S = 1.0
"""A shorter pause would be over before anybody is told of it."""
_VERB = re.compile(r"[a-z][a-z_]{0,31}")

Transaction = Annotated[str, Field(max_length=128)] | int


class _Body(BaseModel):
    """What every request may carry."""

    model_config = ConfigDict(extra="forbid", strict=True)
    transaction: Transaction | None = None


class _Pause(_Body):
    seconds: float = Field(ge=LEAST_PAUSE_S, le=3600)


class _Acknowledge(_Body):
    id: str = Field(pattern=r"^[0-9a-f]{8}-[0-9]{1,20}$")


class _FalseAlarm(_Body):
    id: str | None = Field(None, pattern=r"^[0-9a-f]{8}-[0-9]{1,20}$")


class _Speed(_Body):
    km_h: float = Field(ge=0, le=500)


VERBS: Mapping[str, type[_Body]] = {
    "ping": _Body,
    "pause": _Pause,
    "resume": _Body,
    "recalibrate": _Body,
    "reload": _Body,
    "acknowledge": _Acknowledge,
    "false_alarm": _FalseAlarm,
    "speed": _Speed,
    "stats": _Body,
}

Reply = Callable[[str, dict[str, Any], bytes | None], None]
"""Sends a payload to a topic with correlation data."""


@dataclass(frozen=True, slots=True)
class Request:
    """One valid request; answer it with exactly one of :meth:`answer` and :meth:`refuse`."""

    verb: str
    values: Mapping[str, Any]
    received_at: float
    _address: _Address = field(repr=False)

    def answer(self, data: Mapping[str, Any] | None = None) -> None:
        """It was done."""
        self._address.send({"status": "ok", "data": rounded(data or {})})

    def refuse(self, error: str) -> None:
        """It was not done, and why."""
        self._address.send({"status": "error", "error": error})


@dataclass(frozen=True, slots=True)
class _Address:
    """Where one answer goes and what it carries back."""

    topic: str
    correlation: bytes | None
    transaction: str | int | None
    reply: Reply

    def send(self, payload: dict[str, Any]) -> None:
        self.reply(self.topic, {**payload, "transaction": self.transaction}, self.correlation)


class RequestDesk:
    """Takes messages of the request topics; :meth:`pending` gives the valid ones to the main loop."""

    def __init__(self, topics: Topics, reply: Reply, now: Callable[[], float] = time.monotonic) -> None:
        self._topics = topics
        self._reply = reply
        self._now = now
        self._queue: queue.Queue[Request] = queue.Queue(_MAX_WAITING)
        self._tokens = _BURST
        self._refilled_at = now()
        self.dropped = 0

    def take(self, message: Incoming) -> None:
        """Queue a valid request, answer a wrong one; ignore retained ones and floods."""
        if message.retained:
            return
        if not self._token():
            self.dropped += 1
            return
        verb = message.topic.rpartition("/")[2]
        fields, fault = _parse(message.payload)
        address = _Address(
            self._answer_topic(verb, message.response_topic), message.correlation, _transaction(fields), self._reply
        )
        values: dict[str, Any] = {}
        if fault is None and verb not in VERBS:
            fault = f"unknown verb {verb[:32]!r}; known: {', '.join(VERBS)}"
        if fault is None:
            values, fault = _validate(VERBS[verb], fields)
        request = Request(verb, values, self._now(), address)
        if fault is not None:
            request.refuse(fault)
            return
        try:
            self._queue.put_nowait(request)
        except queue.Full:
            self.dropped += 1

    def pending(self) -> list[Request]:
        """Every request that waits; one that waited too long is refused instead."""
        fresh: list[Request] = []
        for _ in range(_MAX_WAITING):
            try:
                request = self._queue.get_nowait()
            except queue.Empty:
                break
            if self._now() - request.received_at > _STALE_S:
                request.refuse(f"not executed: it waited longer than {_STALE_S:g} s")
            else:
                fresh.append(request)
        return fresh

    def _token(self) -> bool:
        now = self._now()
        self._tokens = min(_BURST, self._tokens + (now - self._refilled_at) * _PER_SECOND)
        self._refilled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _answer_topic(self, verb: str, asked: str | None) -> str:
        """The requester's own topic (MQTT 5), unless it would make us speak in our own or the broker's name."""
        usual = self._topics.response(verb if _VERB.fullmatch(verb) else "unknown")
        if not asked or len(asked) > 256 or any(c in asked for c in "+#\x00") or asked.startswith("$"):
            return usual
        own = asked.startswith(f"{self._topics.base}/") and not asked.startswith(f"{self._topics.base}/response/")
        return usual if own or asked == self._topics.discovery else asked


def _parse(payload: bytes) -> tuple[dict[str, Any], str | None]:
    """The fields of a request, or what is wrong with it; an empty payload has none."""
    if len(payload) > MAX_BYTES:
        return {}, f"too long: {len(payload)} bytes, at most {MAX_BYTES}"
    if not payload.strip():
        return {}, None
    try:
        fields = json.loads(payload.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return {}, "not JSON in UTF-8"
    if not isinstance(fields, dict):
        return {}, "not a JSON object"
    return fields, None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _transaction(fields: Mapping[str, Any]) -> str | int | None:
    """What the requester wants echoed, even where the rest of the request is wrong."""
    value = fields.get("transaction")
    if isinstance(value, str):
        # A lone surrogate is JSON but no UTF-8.
        return value if len(value) <= 128 and value == value.encode("utf-8", "replace").decode() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _validate(body: type[_Body], fields: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    try:
        values = body.model_validate(dict(fields))
    except ValidationError as error:
        return {}, wrong(body, error)[:300]
    return values.model_dump(exclude={"transaction"}), None


def wrong(body: type[BaseModel], error: ValidationError) -> str:
    """What is wrong with a request's first wrong field, in one sentence."""
    first = error.errors(include_url=False)[0]
    if not first["loc"]:
        return "the name of a field is not text"
    field = str(first["loc"][0])
    match first["type"]:
        case "missing":
            return f"{field}: is missing"
        case "extra_forbidden":
            return f"{field}: not part of this request, which takes {', '.join(sorted(body.model_fields))}"
        case "string_pattern_mismatch":
            return f"{field}: must be the id of an event, like 7c1e9a02-411 (got {first['input']!r})"
        case _ if first["input"] is None:
            return f"{field}: must not be null"
    return f"{field}: {sentence(first)}"
