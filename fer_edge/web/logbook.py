"""The node's own memory of the last week: events and ten-second summaries, never a picture.

A file of SQLite in the state folder, bounded by age and by rows; without a disk it lives in memory. The daemon's
main loop only fills a queue: a thread of its own writes. Expressions are left out: nobody needs a week of them.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.durable import Place, is_damage, set_aside
from fer_edge.sinks.clock import SystemClock
from fer_edge.web import logbook_file
from fer_edge.web.summary import Summary

if TYPE_CHECKING:
    from fer_edge.core import DriverState, Event, Signals
    from fer_edge.sinks.clock import Clock
    from fer_edge.web.summary import Moment

log = logging.getLogger(__name__)

Work = Callable[[sqlite3.Connection], None]

NAME = "logbook.sqlite"
KEEP_S = 8 * 86_400.0
"""What is older is deleted, seconds."""
MOST_EVENTS = 20_000
"""Most events kept; with 69,120 summaries the file stays under 10 MB."""
CLEAN_EVERY = 60
"""So many writes between two looks for what is too old."""
_MOST_WAITING = 4096
_MOST_OWED = 1024
"""Most writes that a full disk may owe."""
_AGAIN_S = 60.0
"""How often a disk that could not be used is tried again, seconds."""


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
        self._waiting: queue.Queue[Work | threading.Event | None] = queue.Queue(_MOST_WAITING)
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._write, name="logbook", daemon=True)
        self._summary = Summary()
        self._offset: float | None = None
        """Of the wall clock over the ticks, seconds: what times that are not yet right are told by."""
        self._right = False
        self._rows: logbook_file.Rows = {}
        """Once closed: what no file has, for the one that goes on from this."""
        self._owed: deque[Work] = deque(maxlen=_MOST_OWED)
        """What the disk has refused, oldest first."""
        self._place: Place | None = None
        """Of the file in use; None while it is kept in memory."""
        self._tried_at = 0.0
        self._writes = 0
        self.stored = False
        """Whether it is on disk, so that a restart does not lose it."""

    def start(self) -> None:
        """Open the file, end what an earlier run left open, and begin to write. Never raises."""
        before, self._before = self._before, None
        self._database = self._open()
        if before is not None:
            self._offset = before._offset
            try:
                logbook_file.put(self._database, before._rows)
            except sqlite3.Error as fault:
                log.warning("live page: drives that were kept in memory cannot be stored (%s)", fault)
        self._thread.start()

    def state(self, state: DriverState, signals: Signals) -> None:
        """Take the state after one frame; called in the main loop."""
        moment = self._summary.add(state, self._clock.wall(), watched=signals.number >= 0)
        if moment is not None:
            self._put(lambda database: self._keep_moment(database, moment))

    def event(self, event: Event) -> None:
        """Take one phase of an event; called in the main loop."""
        if event.category == "emotion":
            return
        ticks = self._clock.ticks()
        self._put(lambda database: self._keep_event(database, event, ticks))

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
            self._put(lambda database: self._keep_moment(database, left))
        self._waiting.put(None)
        self._thread.join(2.0)
        if not self._thread.is_alive():
            with self._lock:
                if self._place is None:
                    self._rows = logbook_file.rows(self._database)
                self._database.close()
                self._database = None

    def ask(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a SELECT; from any thread."""
        with self._lock:
            return [] if self._database is None else self._database.execute(question, values).fetchall()

    def _put(self, work: Work | threading.Event) -> None:
        with suppress(queue.Full):  # a disk that hangs costs what it would keep, never a frame
            self._waiting.put_nowait(work)

    def _open(self) -> sqlite3.Connection:
        self._place, self.stored = None, False
        if self._path is not None:
            self._tried_at = self._clock.ticks()
            try:
                database = logbook_file.on_disk(self._path, self._run)
                self._place, self.stored = Place(self._path), True
                return database
            except (sqlite3.Error, OSError) as fault:
                log.warning(
                    "live page: %s cannot be used (%s); drives are kept in memory until it can", self._path, fault
                )
        return logbook_file.in_memory(self._run)

    def _keep_to_the_disk(self) -> None:
        """Leave a file that was removed, and memory as soon as there is a disk again."""
        if self._place is not None and not self._place.kept():
            log.error("live page: %s was removed while in use; a new one begins", self._path)
            self._exchange()
        elif self._place is None and self._path is not None and self._clock.ticks() - self._tried_at >= _AGAIN_S:
            self._tried_at = self._clock.ticks()
            self._move_to_disk(self._path)

    def _exchange(self) -> None:
        assert self._database is not None
        with self._lock:
            self._database.close()
            self._database = self._open()

    def _move_to_disk(self, path: Path) -> None:
        assert self._database is not None
        try:
            disk = logbook_file.on_disk(path, self._run)
        except (sqlite3.Error, OSError):
            return
        try:
            logbook_file.put(disk, logbook_file.rows(self._database))
        except sqlite3.Error:
            disk.close()
            return
        with self._lock:
            self._database.close()
            self._database, self._place, self.stored = disk, Place(path), True
        log.info("live page: drives are stored in %s again", path)

    def _write(self) -> None:
        told = False
        while True:
            work = self._waiting.get()
            if work is None:
                return
            if isinstance(work, threading.Event):
                work.set()
                continue
            self._keep_to_the_disk()
            try:
                self._store(work)
                self.stored, told = self._place is not None, False
            except sqlite3.Error as fault:
                self.stored = False
                if is_damage(fault):
                    self._begin_anew()
                else:
                    if isinstance(fault, sqlite3.OperationalError):  # the disk's; anything else would be so each time
                        self._owed.append(work)
                    if not told:
                        log.warning("live page: drives cannot be stored (%s); trying again", fault)
                told = True

    def _store(self, work: Work) -> None:
        """With whatever is owed. Raises sqlite3.Error."""
        database = self._database
        assert database is not None
        # Apart: what cannot be stored takes no correction of the clock back with it.
        with self._lock, database:
            self._set_right(database)
        with self._lock, database:
            for each in (*self._owed, work):
                each(database)
            self._writes += 1
            # A clock not yet set must not make everything look old, or new.
            if self._writes % CLEAN_EVERY == 1 and self._clock.wall_ok():
                logbook_file.clean(database, self._clock.wall(), KEEP_S, MOST_EVENTS)
        self._owed.clear()

    def _begin_anew(self) -> None:
        """Instead of a file that was damaged while it was in use: a week is lost, not every day after it."""
        if self._path is not None:
            set_aside(self._path, "logbook")
        self._exchange()

    def _keep_moment(self, database: sqlite3.Connection, moment: Moment) -> None:
        logbook_file.keep_moment(database, self._run, moment, ok=self._right)

    def _keep_event(self, database: sqlite3.Connection, event: Event, ticks: float) -> None:
        assert self._offset is not None
        began = self._offset + ticks - max(0.0, event.at - event.began_at)
        logbook_file.keep_event(database, self._run, event, began, ok=self._right)

    def _set_right(self, database: sqlite3.Connection) -> None:
        """Move what this run wrote under a wrong clock along with every step of it; once it is right, say so.

        A clock is often set before anything says that it may be trusted.
        """
        # Asked first: a clock that is set in between is taken for wrong once more, never for right.
        right = self._clock.wall_ok()
        offset = self._clock.wall() - self._clock.ticks()
        moved = 0.0 if self._offset is None else offset - self._offset
        if abs(moved) > 1:
            logbook_file.move(database, self._run, moved)
        if right and not self._right:
            logbook_file.confirm(database, self._run)
        if right or self._offset is None or abs(moved) > 1:
            # Not with every hair's breadth: a clock that is slewed while it is wrong adds up to a step.
            self._offset = offset
        self._right = right
