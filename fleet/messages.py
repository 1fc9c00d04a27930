"""What a node said, read and checked against the contract's own schemas: good, or dead with a reason.

Every function is pure.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

import fastjsonschema

from fer_edge.sinks.payloads import SCHEMA_VERSION

LATE, EARLY = timedelta(days=8), timedelta(hours=1)
"""A node keeps events for seven days and its clock may be off: times outside of this around the arrival are not
believed."""
LARGEST = 64 * 1024
"""Bytes of a payload; the contract's are far smaller."""

RETAINED = ("status", "camera", "info", "stats")
REPLACED = ("state", "stats")
"""The next one says it all again, a second or a minute later."""
_KINDS = {"event": "event", "state": "state", **{kind: kind for kind in RETAINED}}
_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class Message:
    """A message that keeps to the contract.

    ``kind`` is ``event``, ``state`` or one of :data:`RETAINED`; ``at`` the node's own time where it can be
    believed, else ``received``; ``body`` JSON text.
    """

    topic: str
    kind: str
    node: str
    received: datetime
    at: datetime
    body: str

    @property
    def row(self) -> str:
        """As an element of a JSON array for the database."""
        times = f'"received":"{self.received.isoformat()}","at":"{self.at.isoformat()}"'
        return f'{{"kind":"{self.kind}","node":"{self.node}",{times},"body":{self.body}}}'


@dataclass(frozen=True, slots=True)
class Dead:
    """A message that cannot be kept as what it wants to be, and why."""

    topic: str
    received: datetime
    payload: bytes
    reason: str

    @property
    def node(self) -> str | None:
        """Whose topic it came on, None where that is no node's."""
        name = self.topic.split("/")[1:2]
        return name[0] if name and _NODE.fullmatch(name[0]) else None


class _Fault(ValueError):
    pass


def topic_of(routing_key: str) -> str:
    """RabbitMQ's MQTT plugin writes ``/`` as ``.``; neither a prefix nor a node's name has one."""
    return routing_key.replace(".", "/")


def read(topic: str, payload: bytes, received: datetime) -> Message | Dead:
    """One message of a node. ``received`` has a zone."""
    try:
        _, node, kind, *more = [*topic.split("/"), "", ""][:5]
        kind = _KINDS.get(kind, "")
        if not kind or not _NODE.fullmatch(node):
            raise _Fault("not a topic of a node")
        if len(payload) > LARGEST:
            raise _Fault(f"payload of {len(payload)} bytes; at most {LARGEST} are read")
        text = payload.decode("utf-8")
        if kind in ("status", "camera"):
            _check(kind, text)
            return Message(topic, kind, node, received, received, json.dumps(text))
        body = _load(text)
        _check(kind, body)
        if kind == "event" and body["category"] != more[0]:
            raise _Fault(f"category {body['category']} on topic event/{more[0]}")
        return Message(topic, kind, node, received, _believed(body, received), text)
    except _Fault as fault:
        return Dead(topic, received, payload[:LARGEST], str(fault))
    except UnicodeDecodeError as fault:
        return Dead(topic, received, payload[:LARGEST], f"not UTF-8 at byte {fault.start}")


def _load(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise _Fault("nested too deeply") from None
    except ValueError as fault:
        raise _Fault(f"not JSON: {fault}") from None
    if not isinstance(body, dict):
        raise _Fault(f"a JSON object was expected, not {type(body).__name__}")
    version = body.get("v")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise _Fault(f"version {version!r} is not known ({SCHEMA_VERSION} is); update the fleet side, then retry")
    return body


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _check(kind: str, body: Any) -> None:
    try:
        _schema(kind)(body)
    except fastjsonschema.JsonSchemaValueException as fault:
        raise _Fault(f"against the schema: {fault.message}") from None


@cache
def _schema(kind: str) -> Any:
    text = resources.files("fer_edge").joinpath(f"schemas/{kind}.json").read_text(encoding="utf-8")
    return fastjsonschema.compile(json.loads(text))


def _believed(body: dict[str, Any], received: datetime) -> datetime:
    if not body.get("time_ok") or not isinstance(body.get("time"), str):
        return received
    try:
        told = datetime.fromisoformat(body["time"]).astimezone(UTC)
    except ValueError:
        raise _Fault(f"time {body['time']} is not a time") from None
    return told if received - LATE <= told <= received + EARLY else received
