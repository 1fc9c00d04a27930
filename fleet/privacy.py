"""What is kept of one node, given out or erased by time; and what could not be read, tried again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

from fer_edge.errors import UsageError
from fleet.messages import Message, read
from fleet.store import Store

_TABLES = ("events", "states", "health", "dead_letters")


@dataclass(frozen=True, slots=True)
class Span:
    """From ``since`` until just before ``until``; None is open."""

    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of(cls, since: str | None, until: str | None) -> Span:
        """From ISO 8601; without a zone it is UTC. Raises UsageError."""
        first, last = _moment("--from", since), _moment("--to", until)
        if first and last and first >= last:
            raise UsageError(f"--from {since} --to {until}: from must be before to")
        return cls(first, last)

    @property
    def condition(self) -> sql.SQL:
        """Of a row's ``at``."""
        return sql.SQL(
            "node = %(node)s AND at >= coalesce(%(since)s::timestamptz, '-infinity')"
            " AND at < coalesce(%(until)s::timestamptz, 'infinity')"
        )


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text!r}: give a time like 2026-11-28 or 2026-11-28T10:00:00Z") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def export(db: psycopg.Connection[Any], node: str, span: Span) -> Iterator[str]:
    """Everything kept of a node, one JSON object a row, ``table`` first; rows stream."""
    values = {"node": node, "since": span.since, "until": span.until}
    with db.transaction():
        for table in _TABLES:
            query = sql.SQL(
                "SELECT (jsonb_build_object('table', {name}::text) || to_jsonb(t))::text FROM {table} t"
                " WHERE {condition} ORDER BY at"
            ).format(name=sql.Literal(table), table=sql.Identifier(table), condition=span.condition)
            with db.cursor(f"export_{table}") as rows:
                rows.execute(query, values)
                yield from (row[0] for row in rows)
        if span == Span():
            words = "SELECT (jsonb_build_object('table', 'retained') || to_jsonb(t))::text FROM retained t"
            yield from (row[0] for row in db.execute(sql.SQL(words + " WHERE node = %(node)s"), values))


def erase(db: psycopg.Connection[Any], node: str, span: Span) -> dict[str, int]:
    """Delete what :func:`export` gives out; rows gone by table.

    The numbers of what has come (``runs``) stay, so that a late copy of what was erased does not come in again.
    """
    values = {"node": node, "since": span.since, "until": span.until}
    gone: dict[str, int] = {}
    with db.transaction():
        for table in _TABLES:
            query = sql.SQL("DELETE FROM {} WHERE {}").format(sql.Identifier(table), span.condition)
            gone[table] = db.execute(query, values).rowcount
        if span == Span():
            gone["retained"] = db.execute("DELETE FROM retained WHERE node = %(node)s", values).rowcount
    return gone


def retry(store: Store, most: int = 1000) -> tuple[int, int]:
    """Read dead letters anew, as after an update that knows a newer version; how many live, and how many do not.

    What the database refuses again is a new dead letter: up to the last number of now, each is tried once.
    """
    lived, last = 0, 0
    (until,) = store.db.execute("SELECT coalesce(max(number), 0) FROM dead_letters").fetchone() or (0,)
    query = "SELECT number, topic, payload, at FROM dead_letters WHERE number > %s AND number <= %s ORDER BY 1 LIMIT %s"
    while rows := store.db.execute(query, (last, until, most)).fetchall():
        last = rows[-1][0]
        told = {number: read(topic, payload, at) for number, topic, payload, at in rows}
        good = {number: one for number, one in told.items() if isinstance(one, Message)}
        if good:
            with store.db.transaction():
                store.db.execute("DELETE FROM dead_letters WHERE number = ANY (%s)", (list(good),))
                done = store.write(list(good.values()))
            lived += len(good) - done.dead
    (left,) = store.db.execute("SELECT count(*) FROM dead_letters").fetchone() or (0,)
    return lived, left
