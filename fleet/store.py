"""PostgreSQL: batches in, each in one transaction, each message once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from fer_edge.errors import ConfigError, UnavailableError
from fleet.messages import RETAINED, Dead, Message
from fleet.partitions import Partition, expired, needed, partition
from fleet.settings import Keep

_log = logging.getLogger(__name__)

_LOCK = 0x66657265  # of pg_advisory_lock: "fere"
_ALONE = _LOCK + 1
_GONE_AFTER = ("idle = 30", "interval = 10", "count = 3")
"""Seconds until the server notices that a client's machine is gone, and frees what it had locked; else two hours."""


def statement(name: str) -> sql.SQL:
    """One of the files in ``sql/``."""
    text = resources.files("fleet").joinpath(f"sql/{name}.sql").read_text(encoding="utf-8")
    return sql.SQL(text)


def understood(database: str) -> None:
    """Raises ConfigError where that is no connection string. What libpq says of it may hold the password."""
    try:
        conninfo_to_dict(database)
    except psycopg.ProgrammingError:
        hint = "write one such as postgresql://fleet@db1/fleet, % in it as %25, and the password into ~/.pgpass"
        raise ConfigError([f"database: PostgreSQL does not understand this connection string; {hint}"]) from None


def connect(database: str) -> psycopg.Connection[Any]:
    """A connection in autocommit. Raises ConfigError, UnavailableError."""
    understood(database)
    try:
        db = psycopg.connect(database, autocommit=True, application_name="fer-edge-fleet", connect_timeout=10)
        db.execute("SET timezone TO 'UTC'")  # times are asked for in UTC, and told in it wherever the server is
        for one in _GONE_AFTER:
            db.execute(f"SET tcp_keepalives_{one}")
        return db
    except psycopg.OperationalError as error:
        raise UnavailableError(f"database: {' '.join(str(error).split())}; is PostgreSQL running?") from error


@dataclass(slots=True)
class Written:
    """What became of a batch."""

    events: int = 0
    doubled: int = 0
    states: int = 0
    dead: int = 0


@dataclass
class Store:
    """Writes to one database over one connection."""

    db: psycopg.Connection[Any]
    _there: set[Partition] = field(default_factory=set)
    _sql: dict[str, sql.SQL] = field(default_factory=dict)

    def migrate(self) -> None:
        """Create what is missing; views are made anew."""
        with self.db.transaction():
            self.db.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            self.db.execute(statement("schema"))
            self.db.execute(statement("views"))
        self.make(needed(datetime.now(UTC)))

    def ready(self) -> None:
        """See to what is needed now. Raises UnavailableError where the tables were never made."""
        if self.db.execute("SELECT to_regclass('gaps')").fetchone() == (None,):
            raise UnavailableError("database: it has no tables of the fleet; run fer-edge-fleet migrate first")
        self.make(needed(datetime.now(UTC)))

    def alone(self) -> bool:
        """Whether this connection, of all, is the one; it stays so until it ends."""
        return self.db.execute("SELECT pg_try_advisory_lock(%s)", (_ALONE,)).fetchone() == (True,)

    def make(self, wanted: Sequence[Partition]) -> None:
        """Create partitions that are not there; by attaching them, which waits for no reader: PARTITION OF would."""
        missing = sorted(set(wanted) - self._there)
        if not missing:
            return
        with self.db.transaction():
            self.db.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            for one in missing:
                if self.db.execute("SELECT to_regclass(%s)", (one.name,)).fetchone() == (None,):
                    self._attach(one)
        self._there.update(missing)

    def _attach(self, new: Partition) -> None:
        name, table = sql.Identifier(new.name), sql.Identifier(new.table)
        self.db.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS)").format(name, table))
        self.db.execute(
            sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
                table, name, sql.Literal(new.start.isoformat()), sql.Literal(new.end.isoformat())
            )
        )

    def tidy(self, keep: Keep, now: datetime) -> list[str]:
        """Create the next partitions and drop those past their keeping; their names.

        Whoever writes waits behind a drop that waits for a reader: one that cannot be dropped soon is left for later.
        """
        self._there.clear()
        self.make(needed(now))
        query = "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        old = expired([name for (name,) in self.db.execute(query)], now, keep)
        dropped: list[str] = []
        for name in old:
            try:
                with self.db.transaction():
                    self.db.execute("SET LOCAL lock_timeout = '2s'")
                    self.db.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(name)))
            except psycopg.errors.LockNotAvailable:
                _log.warning("%s has expired and is being read, by a backup perhaps; dropped later", name)
                break
            dropped.append(name)
        return dropped

    def write(self, batch: Sequence[Message | Dead]) -> Written:
        """All of a batch in one transaction.

        What the database itself refuses (a number beyond its range, a character it does not know) is found by
        halves and becomes a dead letter. Raises psycopg.OperationalError where nothing can be written now.
        """
        try:
            return self._write(batch)
        except psycopg.errors.CheckViolation:
            if not self._there:
                raise
            self._there.clear()  # a partition was dropped meanwhile
            return self.write(batch)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if len(batch) > 1:
                half, both = len(batch) // 2, Written()
                for part in (batch[:half], batch[half:]):
                    one = self.write(part)
                    both.events += one.events
                    both.doubled += one.doubled
                    both.states += one.states
                    both.dead += one.dead
                return both
            refused = batch[0]
            if isinstance(refused, Dead):
                raise
            reason = f"database: {' '.join(str(error).split())}"
            return self._write([Dead(refused.topic, refused.received, refused.body.encode(), reason)])

    def _write(self, batch: Sequence[Message | Dead]) -> Written:
        good = [one for one in batch if isinstance(one, Message)]
        dead = [one for one in batch if isinstance(one, Dead)]
        events = [one for one in good if one.kind == "event"]
        states = [one for one in good if one.kind == "state"]
        words = [one for one in good if one.kind in RETAINED]
        self.make(self._partitions(events, states, words, dead))
        done = Written(dead=len(dead))
        with self.db.transaction():
            if events:
                self._run("write_runs", events)
                done.events = int(self._run("write_events", events).fetchone()[0])  # type: ignore[index]
                done.doubled = len(events) - done.events
            if states:
                done.states = self._run("write_states", states).rowcount
            if words:
                self._run("write_retained", words)
                self._run("write_health", words)
            if dead:
                self.db.cursor().executemany(
                    "INSERT INTO dead_letters (at, node, topic, reason, payload) VALUES (%s, %s, %s, %s, %s)",
                    [(one.received, one.node, one.topic, one.reason, one.payload) for one in dead],
                )
        return done

    def _run(self, name: str, messages: Sequence[Message]) -> psycopg.Cursor[Any]:
        query = self._sql.setdefault(name, statement(name))
        return self.db.execute(query, {"rows": "[" + ",".join(one.row for one in messages) + "]"})

    @staticmethod
    def _partitions(
        events: Sequence[Message], states: Sequence[Message], words: Sequence[Message], dead: Sequence[Dead]
    ) -> list[Partition]:
        return [
            *(partition("events", one.at) for one in events),
            *(partition("states", one.at) for one in states),
            *(partition("health", one.at) for one in words if one.kind == "stats"),
            *(partition("dead_letters", one.received) for one in dead),
        ]
