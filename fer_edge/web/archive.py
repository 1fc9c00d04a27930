"""The last week over HTTP: what the view of drives draws, exports, and a report to print."""

from __future__ import annotations

import asyncio
import base64
import csv
import hashlib
import io
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from fer_edge.reports import drive as report
from fer_edge.sinks.clock import iso
from fer_edge.web import drives
from fer_edge.web.drives import LEVELS, Query

if TYPE_CHECKING:
    from fer_edge.settings.reads import PageReads
    from fer_edge.web.logbook import Logbook

MOST_S = 8 * 86_400.0
"""Longest stretch that may be asked for, seconds."""
MOST_EVENTS = 1000
"""Most events in one answer for the page, the newest; an export has all."""
_COLUMNS = (
    "began",
    "ended",
    "type",
    "category",
    "level",
    "held_s",
    "reason",
    "looking",
    "by",
    "perclos",
    "coverage",
    "time_ok",
)
_REPORT_STYLE = base64.b64encode(hashlib.sha256(report.STYLE.encode()).digest()).decode()


class Archive:
    """Routes over one logbook. The server lets in only who may look."""

    def __init__(self, settings: PageReads, book: Logbook) -> None:
        self._settings = settings
        self._book = book
        self.routes: Mapping[str, Callable[[web.Request], Any]] = {
            "/history.json": self._history,
            "/events.csv": self._csv,
            "/events.json": self._json,
            "/report": self._report,
        }

    async def _history(self, request: web.Request) -> web.Response:
        query = _query(request)
        return web.json_response(await asyncio.to_thread(self._told, query))

    def _told(self, query: Query) -> dict[str, Any]:
        found = drives.events(self._book, query)
        step, curve = drives.curve(self._book, query)
        drowsy = self._settings.monitoring.drowsy
        return {
            "now": time.time(),
            "stored": self._book.stored,
            "perclos": {"advisory": drowsy.advisory, "warning": drowsy.warning},
            "drives": drives.drives(self._book, Query(0, time.time() + 1)),
            "events": found[-MOST_EVENTS:],
            "left_off": max(0, len(found) - MOST_EVENTS),
            "step": step,
            "curve": curve,
        }

    async def _json(self, request: web.Request) -> web.Response:
        query = _query(request)
        found = await asyncio.to_thread(drives.events, self._book, query)
        exported = {
            "node": self._settings.node,
            "from": iso(query.since),
            "to": iso(query.until),
            "events": _dated(found),
        }
        return web.json_response(exported, headers=self._named("json"))

    async def _csv(self, request: web.Request) -> web.Response:
        found = _dated(await asyncio.to_thread(drives.events, self._book, _query(request)))
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, _COLUMNS, extrasaction="ignore", restval="")
        table.writeheader()
        table.writerows(found)
        return web.Response(text=text.getvalue(), content_type="text/csv", headers=self._named("csv"))

    async def _report(self, request: web.Request) -> web.Response:
        query = _query(request)
        text = await asyncio.to_thread(self._written, query)
        policy = f"default-src 'none'; style-src 'sha256-{_REPORT_STYLE}'; img-src 'self'; frame-ancestors 'none'"
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    def _written(self, query: Query) -> str:
        found = drives.events(self._book, query)
        _, curve = drives.curve(self._book, query, 900)
        told = report.Drive(
            self._settings.node, query.since, query.until, drives.figures(self._book, query), found, curve
        )
        return report.html(told, self._settings.monitoring.drowsy)

    def _named(self, ending: str) -> dict[str, str]:
        return {"Content-Disposition": f'attachment; filename="{self._settings.node}-events.{ending}"'}


def _query(request: web.Request) -> Query:
    """What a browser asks for. Raises HTTPBadRequest that says what is wrong."""
    asked = request.query
    try:
        since, until = float(asked["from"]), float(asked["to"])
    except (KeyError, ValueError):
        raise web.HTTPBadRequest(reason="from and to are required, in seconds since 1970") from None
    if not 0 <= since < until <= 1e11 or until - since > MOST_S:
        raise web.HTTPBadRequest(reason=f"from must be before to, by {MOST_S / 86_400:.0f} days at most")
    level = asked.get("level", "info")
    if level not in LEVELS:
        raise web.HTTPBadRequest(reason=f"level must be one of {', '.join(LEVELS)}")
    return Query(since, until, frozenset(filter(None, asked.get("type", "").split(","))), level)


def _dated(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events with their times as text, in UTC."""
    ended = [event["ended"] for event in found]
    return [
        {**event, "began": iso(event["began"]), "ended": None if end is None else iso(end)}
        for event, end in zip(found, ended, strict=True)
    ]
