"""Events on disk until the broker has confirmed them: SQLite, one file, one thread.

Every call commits before it returns (WAL, synchronous=FULL), so a power cut loses nothing that was
added. Where the disk refuses, or the file is taken away, the same tables go on in a spare (in memory, or a file
where memory outlives the process), :attr:`Outbox.reason` says why, and :meth:`Outbox.recover` moves them back when it
can. Callers never see a database error.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TypeVar

from fer_edge.durable import Place, is_damage, set_aside
from fer_edge.sinks.mqtt.bounds import Gone, beyond, older
from fer_edge.sinks.mqtt.outbox_file import (
    Message,
    connect,
    copy,
    counters,
    forget,
    in_memory,
    left_in,
    new_spare,
    numbered_by_time,
    set_counter,
    still_counted,
)

__all__ = ["Message", "Outbox"]

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Outbox:
    """A bounded, ordered store of messages and of the events that are open.

    ``path`` None keeps all in memory. ``spare`` is a file that outlives the process but no power cut (below /run), for
    when ``path`` cannot be written. ``max_age_s`` is in seconds. ``wall`` is the time now, needed only where no
    history tells which ``seq`` comes next. ``gone`` are open events that were dropped: what follows of them is to be
    left out. ``lost_wall`` is when the file was last taken away while it was in use, or set aside as damaged.
    """

    def __init__(
        self, path: Path | None, *, max_messages: int, max_age_s: float, wall: float, spare: Path | None = None
    ) -> None:
        self.path = path
        self.reason: str | None = None
        self.gone: set[str] = set()
        self.lost_wall: float | None = None
        self._lost = False
        self._spare = spare
        self._max_messages = max_messages
        self._max_age_s = max_age_s
        self._inherited = True
        self._place: Place | None = None
        self._wall, self._count, self.dropped = wall, 0, 0
        self._db = self._open(wall)
        known = self._do(counters)
        self.next_seq = known.get("next_seq", 1)
        self.dropped = known.get("dropped", 0)
        if path is not None:
            self._use_number(wall)

    @property
    def on_disk(self) -> bool:
        """False while messages would not survive a power cut."""
        return self.reason is None

    @property
    def storage(self) -> str:
        """``disk``, ``memory``, or ``lost`` while the file that was taken away cannot be made anew."""
        return "disk" if self.on_disk else "lost" if self._lost else "memory"

    def __len__(self) -> int:
        self._count = int(self._do(lambda db: db.execute("SELECT count(*) FROM message").fetchone()[0]))
        return self._count

    def add(
        self,
        messages: Iterable[Message],
        opened: dict[str, str],
        closed: Iterable[str],
        under_way: Collection[int] = (),
    ) -> None:
        """Store messages whose ``seq`` go on from :attr:`next_seq`, and which events are open now.

        ``under_way`` are messages that the broker may have by now: events of theirs are not dropped whole.
        """
        rows = [(m.seq, m.body, m.wall, m.wall_ok, m.ticks, m.boot) for m in messages]
        ended = [(identity,) for identity in closed]
        after = max([row[0] for row in rows], default=self.next_seq - 1) + 1

        def store(db: sqlite3.Connection) -> None:
            db.executemany("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?)", rows)
            db.executemany("INSERT OR REPLACE INTO open_event VALUES (?, ?)", list(opened.items()))
            db.executemany("DELETE FROM open_event WHERE id = ?", ended)
            set_counter(db, "next_seq", after)

        self._do(store)
        self.next_seq = after
        surplus = len(self) - self._max_messages
        if surplus > 0:
            self._let_go(self._do(lambda db: beyond(db, surplus, under_way)))

    def leave_out(self, count: int) -> None:
        """Count messages of dropped events that were not even stored."""
        if count:
            self.dropped += count
            self._do(lambda db: set_counter(db, "dropped", self.dropped))

    def waiting(self, after_seq: int, limit: int) -> list[Message]:
        """The oldest messages with a greater ``seq``, in order."""
        query = "SELECT seq, body, wall, wall_ok, ticks, boot FROM message WHERE seq > ? ORDER BY seq LIMIT ?"
        rows = self._do(lambda db: db.execute(query, (after_seq, limit)).fetchall())
        return [Message(seq, body, wall, bool(ok), ticks, boot) for seq, body, wall, ok, ticks, boot in rows]

    def remove(self, seqs: Iterable[int]) -> None:
        """Forget messages that the broker has confirmed."""
        rows = [(seq,) for seq in seqs]
        self._do(lambda db: db.executemany("DELETE FROM message WHERE seq = ?", rows))

    def open_events(self) -> dict[str, str]:
        """The stored body of every event that has not ended, by id."""
        return dict(self._do(lambda db: db.execute("SELECT id, body FROM open_event ORDER BY rowid").fetchall()))

    def drop_older(self, ticks: float, boot: str, wall: float | None) -> None:
        """Drop and count what is older than the bound: see :func:`fer_edge.sinks.mqtt.bounds.older`."""
        self._let_go(self._do(lambda db: older(db, self._max_age_s, ticks, boot, wall)))

    def check(self, wall: float) -> None:
        """Notice that the file was taken away, and write everything anew: a restart must not repeat numbers."""
        self._wall = wall
        if self._place is None or not self.on_disk or self._place.kept():
            return
        self.lost_wall, self._lost = wall, True
        _log.error("outbox %s was removed while in use: writing it again", self.path)
        self._go_to_spare(sqlite3.OperationalError("removed while in use"))
        self.recover()

    def recover(self) -> bool:
        """Try to move back to the disk; True when messages appeared that were never seen here before."""
        if self.path is None or self.on_disk:
            return False
        before = len(self)
        try:
            disk = connect(self.path)
        except (sqlite3.Error, OSError) as error:
            _log.debug("outbox %s: still not usable: %s", self.path, error)
            return False
        try:
            self._move_to(disk)
        except sqlite3.Error as error:
            disk.close()
            _log.debug("outbox %s: still not usable: %s", self.path, error)
            return False
        self._db.close()
        forget(self._spare)
        self._take(disk)
        self.next_seq = max(self.next_seq, self._do(counters).get("next_seq", 1))
        _log.info("outbox %s: on disk again with %d events", self.path, len(self))
        return len(self) > before

    def close(self) -> None:
        """Commit and give the file back."""
        self._db.close()

    def _do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Carry out and commit; what the disk refuses is done again in the spare."""
        try:
            with self._db:
                return action(self._db)
        except sqlite3.Error as error:
            self._go_to_spare(error)
            with self._db:
                return action(self._db)

    def _let_go(self, gone: Gone) -> None:
        if not gone.seqs:
            return
        self.gone.update(gone.open_ids)
        self.dropped += len(gone.seqs)

        def drop(db: sqlite3.Connection) -> None:
            db.executemany("DELETE FROM message WHERE seq = ?", [(seq,) for seq in gone.seqs])
            db.executemany("DELETE FROM open_event WHERE id = ?", [(identity,) for identity in gone.open_ids])
            set_counter(db, "dropped", self.dropped)

        self._do(drop)
        _log.warning("outbox is full: %d oldest messages dropped (%d in total)", len(gone.seqs), self.dropped)

    def _use_number(self, wall: float) -> None:
        """Whether the disk takes a write at all: if not, numbers that an earlier run used may not stand in the file."""
        before = self.reason
        self._do(lambda db: set_counter(db, "next_seq", self.next_seq))
        if before is None and self.reason is not None:
            numbered_by_time(self._db, wall)
            self.next_seq = max(self.next_seq, counters(self._db)["next_seq"])
            self._do(lambda db: set_counter(db, "next_seq", self.next_seq))

    def _go_to_spare(self, error: sqlite3.Error) -> None:
        """Carry on with what can still be read; a damaged file is set aside."""
        spare, damaged = new_spare(self._spare), is_damage(error) and self.path is not None
        try:
            copy(self._db, spare, instead=True)
        except sqlite3.Error:
            self.dropped += self._count if damaged else 0
            spare.executescript("DELETE FROM message; DELETE FROM open_event; DELETE FROM counter;")
            # What cannot be read now may be read later: recover() puts both together.
            self._inherited = False
        with spare:
            set_counter(spare, "next_seq", getattr(self, "next_seq", 1))
            set_counter(spare, "dropped", self.dropped)
            set_counter(spare, "inherited", int(self._inherited))
        self._db.close()
        self._db, self._place = spare, None
        self._say(error)
        if damaged:
            self._set_aside()
            self.recover()

    def _move_to(self, disk: sqlite3.Connection) -> None:
        # Where this went on from what the file said, the file's own rows are old news.
        before = counters(disk).get("next_seq", 1)
        copy(self._db, disk, instead=self._inherited and before <= self.next_seq)
        with disk:
            set_counter(disk, "next_seq", max(before, self.next_seq))
            disk.execute("DELETE FROM counter WHERE name = 'inherited'")

    def _take(self, disk: sqlite3.Connection) -> None:
        assert self.path is not None
        self._db, self.reason, self._inherited, self._lost = disk, None, True, False
        self._place = Place(self.path)

    def _open(self, wall: float) -> sqlite3.Connection:
        if self.path is None:
            self.reason = "no state directory"
            return numbered_by_time(in_memory(), wall)
        left = self._left_in_spare()
        try:
            disk = connect(self.path)
        except (sqlite3.Error, OSError) as error:
            if is_damage(error):
                self.dropped = still_counted(self.path)
                self._set_aside()
                return self._open_anew(wall, left)
            # The file may hold events of an earlier run; recover() puts both together.
            self._inherited = left is not None and self._inherited
            self._say(error)
            return left or numbered_by_time(new_spare(self._spare), wall)
        return self._put_together(disk, left)

    def _open_anew(self, wall: float, left: sqlite3.Connection | None) -> sqlite3.Connection:
        assert self.path is not None
        try:
            disk = numbered_by_time(connect(self.path), wall)
            with disk:
                set_counter(disk, "dropped", self.dropped)
            return self._put_together(disk, left)
        except (sqlite3.Error, OSError) as error:
            self._say(error)
            return left or numbered_by_time(new_spare(self._spare), wall)

    def _set_aside(self) -> None:
        assert self.path is not None
        self.lost_wall = self._wall
        set_aside(self.path, "outbox")

    def _put_together(self, disk: sqlite3.Connection, left: sqlite3.Connection | None) -> sqlite3.Connection:
        """The disk with what a run left in the spare that could not write to it."""
        if left is not None:
            self._db, self.next_seq = left, counters(left).get("next_seq", 1)
            try:
                self._move_to(disk)
            except sqlite3.Error as error:
                disk.close()
                self._say(error)
                return left
            left.close()
            forget(self._spare)
        self._take(disk)
        return disk

    def _left_in_spare(self) -> sqlite3.Connection | None:
        """What an earlier run had to leave in the spare, if it did."""
        left = None if self._spare is None else left_in(self._spare)
        if left is not None:
            self._inherited = bool(counters(left).get("inherited", 0))
        return left

    def _say(self, error: Exception) -> None:
        self.reason = getattr(error, "strerror", None) or str(error)
        _log.warning("outbox %s: %s; events are kept in memory only until it can be written", self.path, self.reason)
