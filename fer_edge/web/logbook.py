"""The node's own memory of the last week: events and ten-second summaries, never a picture.

A file of SQLite in the state folder, bounded by age and by rows; without a disk it lives in memory. The daemon's
main loop only fills a queue: a thread of its own writes. Expressions are left out: nobody needs a week of them.
"""

from __future__ import annotations

import json
import logging
import queue
import sqlite3
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.core import Phase
from fer_edge.durable import is_damage, set_aside
from fer_edge.sinks.clock import SystemClock
from fer_edge.sinks.payloads import rounded
from fer_edge.web.summary import SPAN_S, Moment, Summary

if TYPE_CHECKING:
    from fer_edge.core import DriverState, Event, Signals
    from fer_edge.sinks.clock import Clock

log = logging.getLogger(__name__)

NAME = "logbook.sqlite"
KEEP_S = 8 * 86_400.0
"""What is older is deleted, seconds."""
MOST_EVENTS = 20_000
"""Most events kept; with 69,120 summaries the file stays under 10 MB."""
CLEAN_EVERY = 60
"""So many writes between two looks for what is too old."""
_MOST_WAITING = 4096
_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
  run TEXT, key INTEGER, type TEXT, category TEXT, level TEXT,
  began REAL, ended REAL, held REAL, details TEXT, ok INTEGER,
  PRIMARY KEY (run, key));
CREATE INDEX IF NOT EXISTS events_began ON events (began);
CREATE TABLE IF NOT EXISTS moments (
  at INTEGER PRIMARY KEY, run TEXT, ok INTEGER, watched REAL, present REAL, judged REAL, closed REAL, perclos REAL);
"""


class Logbook:
    """Takes what a sink takes; answers from any thread. ``folder`` None keeps it in memory.

    ``before`` is the one of this process that it goes on from, closed before this one starts: events that are open
    there go on here.
    """

    def __init__(self, folder: Path | None, clock: Clock | None = None, before: Logbook | None = None) -> None:
        self._path = None if folder is None else folder / NAME
        self._clock = clock or SystemClock()
        self._before = before
        self._run: str = uuid.uuid4().hex[:8] if before is None else before._run
        self._waiting: queue.Queue[Callable[[], None] | threading.Event | None] = queue.Queue(_MOST_WAITING)
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._write, name="logbook", daemon=True)
        self._summary = Summary()
        self._lost = 0
        self._offset: float | None = None
        """Of the wall clock over the ticks, seconds: what times that are not yet right are told by."""
        self._right = False
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        """By table, once closed: what no file has, for the one that goes on from this."""
        self._in_file = False
        self.stored = False
        """Whether it is on disk, so that a restart does not lose it."""

    def start(self) -> None:
        """Open the file, end what an earlier run left open, and begin to write. Never raises."""
        before, self._before = self._before, None
        self._database = self._open()
        if before is not None:
            self._offset = before._offset
            self._take_over(before._rows)
        self._thread.start()

    def state(self, state: DriverState, signals: Signals) -> None:
        """Take the state after one frame; called in the main loop."""
        moment = self._summary.add(state, self._clock.wall(), watched=signals.number >= 0)
        if moment is not None:
            self._put(lambda: self._keep_moment(moment))

    def event(self, event: Event) -> None:
        """Take one phase of an event; called in the main loop."""
        if event.category == "emotion":
            return
        ticks = self._clock.ticks()
        self._put(lambda: self._keep_event(event, ticks))

    def flush(self) -> None:
        """Wait until all that was taken is written: for the end, and for tests."""
        done = threading.Event()
        self._put(done)
        done.wait(5.0)

    def close(self) -> None:
        """Write what is left and close the file."""
        if self._database is None:
            return
        left = self._summary.rest()
        if left is not None:
            self._put(lambda: self._keep_moment(left))
        self._waiting.put(None)
        self._thread.join(2.0)
        if not self._thread.is_alive():
            if not self._in_file:
                self._rows = {table: self.ask(f"SELECT * FROM {table}") for table in ("events", "moments")}
            with self._lock:
                self._database.close()
                self._database = None

    def ask(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a SELECT; from any thread."""
        with self._lock:
            return [] if self._database is None else self._database.execute(question, values).fetchall()

    def _put(self, work: Callable[[], None] | threading.Event) -> None:
        try:
            self._waiting.put_nowait(work)
        except queue.Full:
            self._lost += 1

    def _open(self) -> sqlite3.Connection:
        self.stored = self._in_file = False
        if self._path is not None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                database = self._prepared_or_anew(self._path)
                self.stored = self._in_file = True
                return database
            except (sqlite3.Error, OSError) as fault:
                log.warning(
                    "live page: %s cannot be used (%s); drives are kept until a restart only", self._path, fault
                )
        return self._prepared(":memory:")

    def _take_over(self, tables: dict[str, list[tuple[Any, ...]]]) -> None:
        assert self._database is not None
        try:
            with self._database:
                for table, rows in tables.items():
                    for row in rows:
                        places = ", ".join("?" * len(row))
                        self._database.execute(f"INSERT OR REPLACE INTO {table} VALUES ({places})", row)
        except sqlite3.Error as fault:
            log.warning("live page: drives that were kept in memory cannot be stored (%s)", fault)

    def _prepared_or_anew(self, path: Path) -> sqlite3.Connection:
        try:
            return self._prepared(str(path))
        except sqlite3.Error as fault:
            if not is_damage(fault):
                raise
            set_aside(path, "logbook")
            return self._prepared(str(path))

    def _prepared(self, path: str) -> sqlite3.Connection:
        database = sqlite3.connect(path, timeout=5.0, check_same_thread=False)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            # A power cut may cost the last seconds, never the file; and a card is written to less.
            database.execute("PRAGMA synchronous=NORMAL")
            database.executescript(_SCHEMA)
            database.execute(
                "UPDATE events SET ended = max(began + held, "
                "coalesce((SELECT max(at) + 10 FROM moments WHERE run = events.run), 0)), "
                "details = json_set(details, '$.reason', 'aborted') WHERE ended IS NULL AND run != ?",
                (self._run,),
            )
            database.commit()
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _write(self) -> None:
        assert self._database is not None
        writes = told = 0
        while True:
            work = self._waiting.get()
            if work is None:
                return
            if isinstance(work, threading.Event):
                work.set()
                continue
            try:
                # Apart: what cannot be stored takes no correction of the clock back with it.
                with self._lock, self._database:
                    self._set_right()
                with self._lock, self._database:
                    work()
                    writes += 1
                    if writes % CLEAN_EVERY == 1:
                        self._clean()
                self.stored, told = self._in_file, 0
            except sqlite3.Error as fault:
                self.stored = False
                if is_damage(fault):
                    self._begin_anew()
                elif not told:
                    log.warning("live page: drives cannot be stored (%s); continuing without", fault)
                told = 1

    def _begin_anew(self) -> None:
        """Instead of a file that was damaged while it was in use: a week is lost, not every day after it."""
        assert self._database is not None
        with self._lock:
            self._database.close()
            if self._path is not None:
                set_aside(self._path, "logbook")
            self._database = self._open()

    def _keep_moment(self, moment: Moment) -> None:
        assert self._database is not None
        self._database.execute(
            "INSERT OR REPLACE INTO moments VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (moment.at, self._run, self._right, *moment.values),
        )

    def _keep_event(self, event: Event, ticks: float) -> None:
        assert self._database is not None and self._offset is not None
        began = self._offset + ticks - max(0.0, event.at - event.began_at)
        ended = None if event.phase is not Phase.END else max(began, began + event.held_s)
        details = json.dumps({name: rounded(value) for name, value in event.details.items() if value is not None})
        self._database.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, key) DO UPDATE SET type = "
            "excluded.type, level = excluded.level, ended = excluded.ended, held = excluded.held, "
            "details = json_patch(details, excluded.details)",
            (
                *(self._run, event.key, event.event_type, event.category, str(event.level)),
                *(began, ended, event.held_s, details, self._right),
            ),
        )

    def _set_right(self) -> None:
        """Move what this run wrote under a wrong clock along with every step of it; once it is right, say so.

        A clock is often set before anything says that it may be trusted.
        """
        assert self._database is not None
        # Asked first: a clock that is set in between is taken for wrong once more, never for right.
        right = self._clock.wall_ok()
        offset = self._clock.wall() - self._clock.ticks()
        moved = 0.0 if self._offset is None else offset - self._offset
        if abs(moved) > 1:
            self._move(moved)
        if right and not self._right:
            for table in ("events", "moments"):
                self._database.execute(f"UPDATE {table} SET ok = 1 WHERE run = ? AND NOT ok", (self._run,))
        if right or self._offset is None or abs(moved) > 1:
            # Not with every hair's breadth: a clock that is slewed while it is wrong adds up to a step.
            self._offset = offset
        self._right = right

    def _move(self, seconds: float) -> None:
        assert self._database is not None
        mine, by = (self._run,), round(seconds / SPAN_S) * SPAN_S
        rows = self._database.execute("SELECT * FROM moments WHERE run = ? AND NOT ok", mine).fetchall()
        self._database.execute("DELETE FROM moments WHERE run = ? AND NOT ok", mine)
        again = [(row[0] + by, *row[1:]) for row in rows]
        self._database.executemany("INSERT OR REPLACE INTO moments VALUES (?, ?, ?, ?, ?, ?, ?, ?)", again)
        self._database.execute(
            "UPDATE events SET began = began + ?1, ended = ended + ?1 WHERE run = ?2 AND NOT ok", (seconds, self._run)
        )

    def _clean(self) -> None:
        assert self._database is not None
        # A clock not yet set must not make everything look old, or new.
        if not self._clock.wall_ok():
            return
        oldest = self._clock.wall() - KEEP_S
        self._database.execute("DELETE FROM moments WHERE at < ? OR at > ?", (oldest, self._clock.wall() + 86_400))
        self._database.execute("DELETE FROM events WHERE began < ?", (oldest,))
        self._database.execute(
            "DELETE FROM events WHERE rowid IN (SELECT rowid FROM events ORDER BY began DESC LIMIT -1 OFFSET ?)",
            (MOST_EVENTS,),
        )
