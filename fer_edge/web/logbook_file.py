"""The logbook's file: SQLite, opened so that a power cut may cost the last seconds, never the file."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.core import Phase
from fer_edge.durable import is_damage, set_aside
from fer_edge.sinks.payloads import rounded
from fer_edge.web.summary import SPAN_S

if TYPE_CHECKING:
    from fer_edge.core import Event
    from fer_edge.web.summary import Moment

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


def keep_moment(database: sqlite3.Connection, run: str, moment: Moment, *, ok: bool) -> None:
    """Add a summary; ``ok`` is whether the clock was right."""
    database.execute(
        "INSERT OR REPLACE INTO moments VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (moment.at, run, ok, *moment.values)
    )


def keep_event(database: sqlite3.Connection, run: str, event: Event, began: float, *, ok: bool) -> None:
    """Add a phase of an event that began at that time of day; later ones replace what earlier ones said."""
    ended = None if event.phase is not Phase.END else max(began, began + event.held_s)
    details = json.dumps({name: rounded(value) for name, value in event.details.items() if value is not None})
    database.execute(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, key) DO UPDATE SET type = "
        "excluded.type, level = excluded.level, ended = excluded.ended, held = excluded.held, "
        "details = json_patch(details, excluded.details)",
        (
            *(run, event.key, event.event_type, event.category, str(event.level)),
            *(began, ended, event.held_s, details, ok),
        ),
    )


def confirm(database: sqlite3.Connection, run: str) -> None:
    """The times of this run are right."""
    for table in _TABLES:
        database.execute(f"UPDATE {table} SET ok = 1 WHERE run = ? AND NOT ok", (run,))


def move(database: sqlite3.Connection, run: str, seconds: float) -> None:
    """Move the times of this run that are not yet right."""
    by = round(seconds / SPAN_S) * SPAN_S
    moments = database.execute("SELECT * FROM moments WHERE run = ? AND NOT ok", (run,)).fetchall()
    database.execute("DELETE FROM moments WHERE run = ? AND NOT ok", (run,))
    again = [(row[0] + by, *row[1:]) for row in moments]
    database.executemany("INSERT OR REPLACE INTO moments VALUES (?, ?, ?, ?, ?, ?, ?, ?)", again)
    database.execute(
        "UPDATE events SET began = began + ?1, ended = ended + ?1 WHERE run = ?2 AND NOT ok", (seconds, run)
    )


def clean(database: sqlite3.Connection, now: float, keep_s: float, most_events: int) -> None:
    """Delete what is older than ``keep_s`` seconds, or from the future, and the oldest events beyond so many."""
    database.execute("DELETE FROM moments WHERE at < ? OR at > ?", (now - keep_s, now + 86_400))
    database.execute("DELETE FROM events WHERE began < ?", (now - keep_s,))
    database.execute(
        "DELETE FROM events WHERE rowid IN (SELECT rowid FROM events ORDER BY began DESC LIMIT -1 OFFSET ?)",
        (most_events,),
    )


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
