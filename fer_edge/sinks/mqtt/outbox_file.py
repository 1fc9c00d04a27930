"""The outbox's file: SQLite, opened so that a power cut loses nothing that was committed."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

_log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    seq INTEGER PRIMARY KEY, body TEXT NOT NULL,
    wall REAL NOT NULL, wall_ok INTEGER NOT NULL, ticks REAL NOT NULL, boot TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS open_event (id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
_TABLES = (("message", "?,?,?,?,?,?"), ("open_event", "?,?"), ("counter", "?,?"))
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


def connect(path: Path) -> sqlite3.Connection:
    """Open a file, or make it. Raises sqlite3.Error or OSError."""
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


def in_memory() -> sqlite3.Connection:
    """The same tables in memory."""
    db = sqlite3.connect(":memory:")
    db.executescript(_SCHEMA)
    return db


def left_in(spare: Path) -> sqlite3.Connection | None:
    """What an earlier run left in its spare file; one in a folder of somebody else is as good as none."""
    try:
        spare.stat()
        return connect(spare)
    except FileNotFoundError:
        return None
    except (sqlite3.Error, OSError) as error:
        _log.warning("outbox: spare %s cannot be used (%s); what the disk refuses is kept in memory only", spare, error)
        return None


def new_spare(spare: Path | None) -> sqlite3.Connection:
    """The spare file, or memory where there is none that can be used."""
    if spare is not None:
        with suppress(sqlite3.Error, OSError):
            return connect(spare)
    return in_memory()


def forget(spare: Path | None) -> None:
    """Remove the spare file: the disk has everything."""
    if spare is not None:
        for tail in ("", "-wal", "-shm"):
            with suppress(OSError):
                spare.with_name(spare.name + tail).unlink(missing_ok=True)


def copy(source: sqlite3.Connection, target: sqlite3.Connection, *, instead: bool) -> None:
    """Put everything of ``source`` into ``target``, or in place of what is there. Raises sqlite3.Error.

    All or nothing: a disk that is full keeps what it has.
    """
    with target:
        for table, places in _TABLES:
            if instead:
                target.execute(f"DELETE FROM {table}")
            rows = source.execute(f"SELECT * FROM {table}").fetchall()
            target.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({places})", rows)


def counters(db: sqlite3.Connection) -> dict[str, int]:
    """Every counter by its name."""
    return dict(db.execute("SELECT name, value FROM counter").fetchall())


def still_counted(damaged: Path) -> int:
    """How many messages a damaged file holds, 0 where it does not tell."""
    try:
        with closing(sqlite3.connect(damaged)) as db:
            return int(db.execute("SELECT count(body) FROM message").fetchone()[0])
    except sqlite3.Error:
        return 0


def set_counter(db: sqlite3.Connection, name: str, value: int) -> None:
    """Set one counter, within the transaction going on."""
    db.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", (name, value))


def numbered_by_time(db: sqlite3.Connection, wall: float) -> sqlite3.Connection:
    """Begin beyond any number used before: a subscriber drops what it thinks it has seen."""
    with db:
        set_counter(db, "next_seq", max(1, int(wall - _EPOCH)))
    return db
