"""Events on disk until the broker has confirmed them: SQLite, one file, one thread.

Every call commits before it returns (WAL, synchronous=FULL), so a power cut loses nothing that was
added. Where the disk refuses, the same tables go on in memory, :attr:`Outbox.reason` says why, and
:meth:`Outbox.recover` moves them back when it can. Callers never see a database error.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    seq INTEGER PRIMARY KEY, body TEXT NOT NULL,
    wall REAL NOT NULL, wall_ok INTEGER NOT NULL, ticks REAL NOT NULL, boot TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS open_event (id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
_BUSY_S = 1.0
_EPOCH = 1_735_689_600  # 2025-01-01: numbering without a history begins with the seconds since


@dataclass(frozen=True, slots=True)
class Message:
    """One stored event message. ``body`` is JSON without seq and time; the rest says when it was stored."""

    seq: int
    body: str
    wall: float
    wall_ok: bool
    ticks: float
    boot: str


class Outbox:
    """A bounded, ordered store of messages and of the events that are open.

    ``path`` None keeps all in memory. ``max_age_s`` is in seconds. ``wall`` is the time now,
    needed only where no history tells which ``seq`` comes next.
    """

    def __init__(self, path: Path | None, *, max_messages: int, max_age_s: float, wall: float) -> None:
        self.path = path
        self.reason: str | None = None
        self._max_messages = max_messages
        self._max_age_s = max_age_s
        self._inherited = True
        self._db = self._open_or_fall_back(wall)
        counters = self._counters()
        self.next_seq = counters.get("next_seq", 1)
        self.dropped = counters.get("dropped", 0)

    @property
    def on_disk(self) -> bool:
        """False while messages would not survive a restart."""
        return self.reason is None

    def __len__(self) -> int:
        return int(self._do(lambda db: db.execute("SELECT count(*) FROM message").fetchone()[0]))

    def add(self, messages: Iterable[Message], opened: dict[str, str], closed: Iterable[str]) -> None:
        """Store messages whose ``seq`` go on from :attr:`next_seq`, and which events are open now."""
        rows = [(m.seq, m.body, m.wall, m.wall_ok, m.ticks, m.boot) for m in messages]
        ended = [(identity,) for identity in closed]
        after = max([row[0] for row in rows], default=self.next_seq - 1) + 1

        def store(db: sqlite3.Connection) -> None:
            db.executemany("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?)", rows)
            db.executemany("INSERT OR REPLACE INTO open_event VALUES (?, ?)", list(opened.items()))
            db.executemany("DELETE FROM open_event WHERE id = ?", ended)
            _set_counter(db, "next_seq", after)

        self._do(store)
        self.next_seq = after
        surplus = len(self) - self._max_messages
        if surplus > 0:
            self._drop("seq IN (SELECT seq FROM message ORDER BY seq LIMIT ?)", surplus)

    def waiting(self, after_seq: int, limit: int) -> list[Message]:
        """The oldest messages with a greater ``seq``, in order."""
        query = "SELECT seq, body, wall, wall_ok, ticks, boot FROM message WHERE seq > ? ORDER BY seq LIMIT ?"
        rows = self._do(lambda db: db.execute(query, (after_seq, limit)).fetchall())
        return [Message(seq, body, wall, bool(ok), ticks, boot) for seq, body, wall, ok, ticks, boot in rows]

    def remove(self, seqs: Iterable[int]) -> None:
        """Forget messages that the broker has confirmed."""
        gone = [(seq,) for seq in seqs]
        self._do(lambda db: db.executemany("DELETE FROM message WHERE seq = ?", gone))

    def open_events(self) -> dict[str, str]:
        """The stored body of every event that has not ended, by id."""
        return dict(self._do(lambda db: db.execute("SELECT id, body FROM open_event ORDER BY rowid").fetchall()))

    def drop_older(self, wall: float) -> None:
        """Drop and count what is older than the bound; only trustworthy times are compared."""
        self._drop("wall_ok AND wall < ?", wall - self._max_age_s)

    def recover(self) -> bool:
        """Try to move back to the disk; True when messages appeared that were never seen here before."""
        if self.path is None or self.on_disk:
            return False
        try:
            disk = self._connect(self.path)
        except (sqlite3.Error, OSError) as error:
            _log.debug("outbox %s: still not usable: %s", self.path, error)
            return False
        before = len(self)
        try:
            self._move_to(disk)
        except sqlite3.Error as error:
            disk.close()
            _log.debug("outbox %s: still not usable: %s", self.path, error)
            return False
        self._db.close()
        self._db, self.reason, self._inherited = disk, None, True
        self.next_seq = max(self.next_seq, self._counters().get("next_seq", 1))
        _log.info("outbox %s: on disk again with %d events", self.path, len(self))
        return len(self) > before

    def _move_to(self, disk: sqlite3.Connection) -> None:
        with disk:
            if self._inherited:
                # Memory went on from what the file said, so the file's own rows are old news.
                for table in ("message", "open_event"):
                    disk.execute(f"DELETE FROM {table}")
            for table, places in (("message", "?,?,?,?,?,?"), ("open_event", "?,?"), ("counter", "?,?")):
                rows = self._db.execute(f"SELECT * FROM {table}").fetchall()
                disk.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({places})", rows)

    def close(self) -> None:
        """Commit and give the file back."""
        self._db.close()

    def _do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Carry out and commit; what the disk refuses is done again in memory."""
        try:
            with self._db:
                return action(self._db)
        except sqlite3.Error as error:
            self._go_to_memory(error)
            with self._db:
                return action(self._db)

    def _go_to_memory(self, error: sqlite3.Error) -> None:
        """Carry on in memory with what can still be read; a damaged file is set aside."""
        memory = _in_memory()
        try:
            self._db.backup(memory)
            memory.executescript(_SCHEMA)
        except sqlite3.Error:
            memory = _in_memory()
        with memory:
            _set_counter(memory, "next_seq", self.next_seq)
            _set_counter(memory, "dropped", self.dropped)
        self._db.close()
        self._db = memory
        self._say_memory_only(error)
        if _is_damage(error) and self.path is not None:
            self._set_aside(self.path)
            self.recover()

    def _counters(self) -> dict[str, int]:
        return dict(self._do(lambda db: db.execute("SELECT name, value FROM counter").fetchall()))

    def _drop(self, which: str, value: float) -> None:
        def drop(db: sqlite3.Connection) -> int:
            count = db.execute(f"DELETE FROM message WHERE {which}", (value,)).rowcount
            if count:
                _set_counter(db, "dropped", self.dropped + count)
            return count

        count = self._do(drop)
        if count:
            self.dropped += count
            _log.warning("outbox is beyond its bounds: %d oldest events dropped (%d in all)", count, self.dropped)

    def _open_or_fall_back(self, wall: float) -> sqlite3.Connection:
        if self.path is None:
            self.reason = "no state directory"
            return _numbered_by_time(_in_memory(), wall)
        try:
            return self._connect(self.path)
        except (sqlite3.Error, OSError) as error:
            if not _is_damage(error):
                # The file may hold events of an earlier run; recover() puts both together.
                self._inherited = False
                self._say_memory_only(error)
                return _numbered_by_time(_in_memory(), wall)
            self._set_aside(self.path)
        try:
            return _numbered_by_time(self._connect(self.path), wall)
        except (sqlite3.Error, OSError) as error:
            self._say_memory_only(error)
            return _numbered_by_time(_in_memory(), wall)

    def _say_memory_only(self, error: Exception) -> None:
        self.reason = str(error)
        _log.warning("outbox %s: %s; events are kept in memory only until it can be written", self.path, error)

    @staticmethod
    def _set_aside(path: Path) -> None:
        """Keep a damaged file beside the new one for whoever wants to look; one is enough."""
        try:
            aside = path.with_suffix(".damaged")
            path.replace(aside)
            for tail in ("-wal", "-shm", "-journal"):
                path.with_name(path.name + tail).unlink(missing_ok=True)
            _log.error("outbox %s is damaged: set aside as %s, a new one begins", path, aside)
        except OSError as error:
            _log.error("outbox %s is damaged and cannot be set aside: %s", path, error)

    @staticmethod
    def _connect(path: Path) -> sqlite3.Connection:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, timeout=_BUSY_S)
        try:
            # One daemon owns the file: a second one finds it locked and keeps its own in memory.
            db.execute("PRAGMA locking_mode=EXCLUSIVE")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise sqlite3.DatabaseError(f"file is damaged: {verdict}")
            db.executescript(_SCHEMA)
            # Columns of some other program's tables would fail later and deeper.
            for columns in ("seq, body, wall, wall_ok, ticks, boot FROM message", "id, body FROM open_event"):
                db.execute(f"SELECT {columns} LIMIT 1").fetchall()
            db.execute("SELECT name, value FROM counter").fetchall()
        except BaseException:
            db.close()
            raise
        return db


def _set_counter(db: sqlite3.Connection, name: str, value: int) -> None:
    db.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", (name, value))


def _in_memory() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.executescript(_SCHEMA)
    return db


def _numbered_by_time(db: sqlite3.Connection, wall: float) -> sqlite3.Connection:
    """Begin beyond any number used before: a subscriber drops what it thinks it has seen."""
    with db:
        db.execute("INSERT OR REPLACE INTO counter VALUES ('next_seq', ?)", (max(1, int(wall - _EPOCH)),))
    return db


def _is_damage(error: Exception) -> bool:
    """Whether the file itself is bad, not the disk, the rights or another process."""
    text = str(error)
    return isinstance(error, sqlite3.DatabaseError) and any(
        sign in text for sign in ("malformed", "not a database", "is damaged", "no such column", "has no column")
    )
