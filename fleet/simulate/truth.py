"""What every node has said, and whether the database has it: once, whole, in order."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg

from fer_edge.sinks.mqtt.outbox import Message, Outbox


class Said(NamedTuple):
    """One event message."""

    run: str
    seq: int
    id: str
    event_type: str
    phase: str
    level: str


@dataclass
class Truth:
    """Every event message that a node has put into its outbox, in order; and the states the broker has confirmed."""

    events: dict[str, list[Said]] = field(default_factory=dict)
    states: Counter[str] = field(default_factory=Counter)
    sent: dict[tuple[str, int], float] = field(default_factory=dict)
    """When each live message first went out, by run and seq: seconds since 1970, of this machine."""
    taken: int = 0
    """Messages of every kind that the broker has confirmed, doubles too."""

    def first_sent(self, payload: bytes) -> None:
        """An event message goes out."""
        body = json.loads(payload)
        if not body["historical"]:
            self.sent.setdefault((body["run"], body["seq"]), time.time())

    @property
    def count(self) -> int:
        """Event messages of all nodes."""
        return sum(map(len, self.events.values()))


class TruthfulOutbox(Outbox):
    """The product's outbox, in memory, that also tells the truth of what is put into it."""

    def __init__(self, truth: list[Said], wall: float) -> None:
        super().__init__(None, max_messages=100_000, max_age_s=365 * 86400.0, wall=wall)
        self._truth = truth

    def add(
        self,
        messages: Iterable[Message],
        opened: dict[str, str],
        closed: Iterable[str],
        under_way: Collection[int] = (),
    ) -> None:
        """Store, and remember."""
        messages = list(messages)
        super().add(messages, opened, closed, under_way)
        for message in messages:
            body = json.loads(message.body)
            kind, phase, level = body["event_type"], body["phase"], body["level"]
            self._truth.append(Said(body["run"], message.seq, body["id"], kind, phase, level))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Event messages that were said, are lost, doubled or not what was said; and nodes whose order is wrong."""

    said: int
    stored: int
    lost: int
    doubled: int
    altered: int
    nodes_out_of_order: int
    states_confirmed: int
    states_stored: int

    @property
    def good(self) -> bool:
        """No event lost, doubled, altered or out of order. States are replaced by the next and may be lost."""
        return not (self.lost or self.doubled or self.altered or self.nodes_out_of_order)

    @property
    def states_lost(self) -> int:
        """Confirmed and not stored: what waited in the memory of a broker member that died."""
        return max(self.states_confirmed - self.states_stored, 0)

    def json(self) -> dict[str, Any]:
        """For a report."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return values | {"states_lost": self.states_lost, "good": self.good}


def judge(truth: Truth, stored: dict[str, list[Said]], states: int) -> Verdict:
    """Hold what is stored, in the order in which it is told, against the truth; other runs than its own are ignored."""
    lost = doubled = altered = out_of_order = kept = 0
    for node, said in truth.events.items():
        runs = {one.run for one in said}
        told = [one for one in stored.get(node, []) if one.run in runs]
        kept += len(told)
        wanted = {(one.run, one.seq): one for one in said}
        seen = Counter((one.run, one.seq) for one in told)
        lost += sum(key not in seen for key in wanted)
        doubled += sum(count - 1 for count in seen.values())
        altered += sum(wanted.get((one.run, one.seq)) != one for one in told)
        known = [(one.run, one.seq) for one in said if (one.run, one.seq) in seen]
        out_of_order += known != list(dict.fromkeys((one.run, one.seq) for one in told))
    confirmed = sum(truth.states.values())
    return Verdict(truth.count, kept, lost, doubled, altered, out_of_order, confirmed, states)


def stored_events(db: psycopg.Connection[Any], nodes: Iterable[str]) -> dict[str, list[Said]]:
    """What the database tells of these nodes, in its own order."""
    query = "SELECT node, run, seq, id, event_type, phase, level FROM event_history WHERE node = ANY (%s)"
    found: dict[str, list[Said]] = {}
    for node, *said in db.execute(query, (list(nodes),)):
        found.setdefault(node, []).append(Said(*said))
    return found


def latencies(truth: Truth, db: psycopg.Connection[Any], until: float = float("inf")) -> dict[str, float]:
    """From a live event's first sending to its row, seconds: p50, p99 and max; both by this machine's clock.

    Of what was sent before ``until``, seconds since 1970.
    """
    query = "SELECT run, seq, extract(epoch FROM stored_at)::float8 FROM events WHERE run = ANY (%s)"
    rows = db.execute(query, (list({run for run, _ in truth.sent}),))
    sent = truth.sent
    told = sorted(stored - sent[run, seq] for run, seq, stored in rows if sent.get((run, seq), until) < until)
    places = {"p50": len(told) // 2, "p99": int(len(told) * 0.99), "max": len(told) - 1}
    return {name: round(told[place], 3) for name, place in places.items() if told}
