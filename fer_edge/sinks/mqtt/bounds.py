"""What an outbox lets go when it is full: events whole, so that nobody hears the end of what never began."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass
class Gone:
    """Messages to delete, and the events of them that are still open: what follows of those is left out, too."""

    seqs: list[int] = field(default_factory=list)
    open_ids: list[str] = field(default_factory=list)


def beyond(db: sqlite3.Connection, surplus: int, under_way: Collection[int]) -> Gone:
    """The oldest events that make room for ``surplus`` messages.

    Of an event whose start is with the broker already, or ``under_way`` to it, only updates go: its end is owed.
    """
    gone, known = Gone(), set[int]()
    for seq, body in db.execute("SELECT seq, body FROM message ORDER BY seq"):
        if len(gone.seqs) >= surplus:
            break
        if seq in known:
            continue
        identity, phase = _event(body)
        whole = [(seq, phase)] if identity is None else _phases(db, identity)
        known.update(each for each, _ in whole)
        if identity is None or (phase == "start" and not any(each in under_way for each, _ in whole)):
            _drop(gone, identity, whole)
        else:
            gone.seqs += (each for each, told in whole if told == "update" and each not in under_way)
    return gone


def older(db: sqlite3.Connection, max_age_s: float, ticks: float, boot: str, wall: float | None) -> Gone:
    """Events with a message that is older than that.

    Of this boot by the clock that nobody sets, of earlier ones by ``wall`` where both were trustworthy.
    """
    query = (
        "SELECT seq, body FROM message WHERE (boot = ? AND boot != '' AND ? - ticks > ?)"
        " OR (boot != ? AND wall_ok AND ? - wall > ?) ORDER BY seq"
    )
    gone, known = Gone(), set[int]()
    for seq, body in db.execute(query, (boot, ticks, max_age_s, boot, wall, max_age_s)):
        if seq not in known:
            identity, phase = _event(body)
            whole = [(seq, phase)] if identity is None else _phases(db, identity)
            known.update(each for each, _ in whole)
            # What is still to come of an event whose start the broker has is owed to it.
            _drop(gone, identity if phase == "start" else None, whole)
    return gone


def _drop(gone: Gone, identity: str | None, whole: list[tuple[int, str]]) -> None:
    gone.seqs += (seq for seq, _ in whole)
    if identity is not None and not any(phase == "end" for _, phase in whole):
        gone.open_ids.append(identity)


def _phases(db: sqlite3.Connection, identity: str) -> list[tuple[int, str]]:
    """Every stored message of an event with its phase; a body begins with the id."""
    start = f'{{"id":{json.dumps(identity)},'
    rows = db.execute("SELECT seq, body FROM message WHERE substr(body, 1, ?) = ? ORDER BY seq", (len(start), start))
    return [(seq, _event(body)[1]) for seq, body in rows.fetchall()]


def _event(body: str) -> tuple[str | None, str]:
    """Id and phase of a stored body; None where the disk no longer gives what was written."""
    try:
        told = json.loads(body)
        return str(told["id"]), str(told["phase"])
    except (ValueError, KeyError, TypeError):
        return None, ""
