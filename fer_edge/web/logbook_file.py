"""The logbook's file: SQLite, opened so that a power cut may cost the last seconds, never the file."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from fer_edge.durable import is_damage, set_aside

Rows = dict[str, list[tuple[Any, ...]]]
"""What each table holds, by its name."""

_TABLES = ("events", "moments")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
  run TEXT, key INTEGER, type TEXT, category TEXT, level TEXT,
  began REAL, ended REAL, held REAL, details TEXT, ok INTEGER,
  PRIMARY KEY (run, key));
CREATE INDEX IF NOT EXISTS events_began ON events (began);
CREATE TABLE IF NOT EXISTS moments (
  at INTEGER PRIMARY KEY, run TEXT, ok INTEGER, watched REAL, present REAL, judged REAL, closed REAL, perclos REAL);
"""


def on_disk(path: Path, run: str) -> sqlite3.Connection:
    """Open the file, or make it; a damaged one is set aside first. Raises sqlite3.Error or OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _prepared(str(path), run)
    except sqlite3.Error as fault:
        if not is_damage(fault):
            raise
        set_aside(path, "logbook")
        return _prepared(str(path), run)


def in_memory(run: str) -> sqlite3.Connection:
    """The same tables in memory."""
    return _prepared(":memory:", run)


def rows(database: sqlite3.Connection) -> Rows:
    """Everything that is in it."""
    return {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in _TABLES}


def put(database: sqlite3.Connection, content: Rows) -> None:
    """Add rows, in place of those with the same key; all or none. Raises sqlite3.Error."""
    with database:
        for table, lines in content.items():
            for line in lines:
                places = ", ".join("?" * len(line))
                database.execute(f"INSERT OR REPLACE INTO {table} VALUES ({places})", line)


def _prepared(path: str, run: str) -> sqlite3.Connection:
    """With what an earlier run left open ended."""
    database = sqlite3.connect(path, timeout=5.0, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        # A card is written to less.
        database.execute("PRAGMA synchronous=NORMAL")
        database.executescript(_SCHEMA)
        database.execute(
            "UPDATE events SET ended = max(began + held, "
            "coalesce((SELECT max(at) + 10 FROM moments WHERE run = events.run), 0)), "
            "details = json_set(details, '$.reason', 'aborted') WHERE ended IS NULL AND run != ?",
            (run,),
        )
        database.commit()
    except sqlite3.Error:
        database.close()
        raise
    return database
