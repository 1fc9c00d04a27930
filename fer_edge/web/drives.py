"""What the logbook says of a stretch of time: its drives, its events, and a curve of few points."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fer_edge.web.summary import SPAN_S

if TYPE_CHECKING:
    from fer_edge.web.logbook import Logbook

BREAK_S = 600
"""A driver away for longer ends a drive, seconds."""
SHORTEST_S = 60
"""Less of a driver in view is no drive, seconds."""
LEVELS = ("info", "advisory", "warning", "critical")


@dataclass(frozen=True)
class Query:
    """A stretch of time (seconds since 1970) and which events of it: their types, their least level."""

    since: float
    until: float
    types: frozenset[str] = frozenset()
    level: str = "info"


def events(book: Logbook, query: Query) -> list[dict[str, Any]]:
    """Events that touch the stretch, oldest first. ``ended`` is None for one that goes on."""
    rows = book.ask(
        "SELECT type, category, level, began, ended, held, details, ok FROM events "
        "WHERE began < ? AND coalesce(ended, began + held, began) >= ? ORDER BY began",
        query.until,
        query.since,
    )
    found = [_event(row) for row in rows if LEVELS.index(row[2]) >= LEVELS.index(query.level)]
    return [event for event in found if not query.types or event["type"] in query.types]


def curve(book: Logbook, query: Query, points: int = 600) -> tuple[int, list[list[float | None]]]:
    """Seconds a point, and ``[at, watched, present, judged, closed, perclos]`` for each that has anything."""
    step = max(1, -(-int(query.until - query.since) // (points * SPAN_S))) * SPAN_S
    rows = book.ask(
        "SELECT (at / ?1) * ?1 AS t, sum(watched), sum(present), sum(judged), sum(closed), max(perclos) FROM moments "
        "WHERE at >= ?2 AND at < ?3 GROUP BY t ORDER BY t",
        step,
        int(query.since) // step * step,
        query.until,
    )
    return step, [[row[0], *(None if value is None else round(value, 3) for value in row[1:])] for row in rows]


def drives(book: Logbook, query: Query) -> list[dict[str, Any]]:
    """Every drive that touches the stretch, newest first, with its figures and its count of events by type."""
    rows = book.ask("SELECT at, present, judged, closed, perclos FROM moments WHERE present > 0 ORDER BY at")
    found = [drive for drive in map(_figures, _apart(rows)) if drive["driver_s"] >= SHORTEST_S]
    shown = [drive for drive in found if drive["from"] < query.until and drive["to"] >= query.since]
    for drive in shown:
        told = events(book, Query(drive["from"], drive["to"]))
        drive["events"] = dict(Counter(event["type"] for event in told if event["level"] != "info"))
    return shown[::-1]


def figures(book: Logbook, query: Query) -> dict[str, Any]:
    """One stretch as one drive, from its first to its last second with a driver; zeros where there was none."""
    rows = book.ask(
        "SELECT at, present, judged, closed, perclos FROM moments WHERE present > 0 AND at >= ? AND at < ? ORDER BY at",
        int(query.since) // SPAN_S * SPAN_S,
        query.until,
    )
    return _figures(rows)


def _apart(rows: Iterable[tuple[Any, ...]]) -> Iterable[list[tuple[Any, ...]]]:
    """Rows in groups that a break parts."""
    group: list[tuple[Any, ...]] = []
    for row in rows:
        if group and row[0] - group[-1][0] > BREAK_S:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _figures(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    driver, judged, closed = (sum(row[n] for row in rows) for n in (1, 2, 3))
    return {
        "from": rows[0][0] if rows else None,
        "to": rows[-1][0] + SPAN_S if rows else None,
        "driver_s": round(driver, 1),
        "judged": round(min(1.0, judged / driver), 3) if driver else None,
        "closed": round(closed / judged, 4) if judged else None,
        "perclos": max((row[4] for row in rows if row[4] is not None), default=None),
    }


def _event(row: tuple[Any, ...]) -> dict[str, Any]:
    kind, category, level, began, ended, held, details, ok = row
    known: Mapping[str, Any] = json.loads(details)
    return {
        "type": kind,
        "category": category,
        "level": level,
        "began": round(began, 3),
        "ended": None if ended is None else round(ended, 3),
        "held_s": round(held, 2),
        "time_ok": bool(ok),
        **known,
    }
