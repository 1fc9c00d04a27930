"""A live drive as one page to print: figures, a drawing, and a table of the events. Needs nothing but a browser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from fer_edge import __version__, words

if TYPE_CHECKING:
    from fer_edge.settings.monitoring import DrowsySettings

STYLE = """
:root { color-scheme: light; }
body { font: 11pt/1.45 system-ui, sans-serif; color: #12202a; background: #fff; }
body { max-width: 60rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: .2rem; } h2 { font-size: 1.05rem; margin-top: 1.4rem; }
dl { display: flex; flex-wrap: wrap; gap: .4rem 2rem; } dt { color: #495c68; font-size: .85rem; }
dd { margin: 0; font-size: 1.15rem; font-weight: 600; }
figure { margin: 1rem 0; overflow-x: auto; } svg { width: 100%; min-width: 40rem; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: #495c68; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .7rem .25rem 0; border-bottom: 1px solid #c9d3d9; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
tr { break-inside: avoid; } thead { display: table-header-group; }
.warning, .critical { font-weight: 650; } footer { margin-top: 1.5rem; color: #495c68; font-size: .85rem; }
.info { fill: #3b82c4; } .advisory { fill: #d9a400; } rect.warning { fill: #e07b00; } rect.critical { fill: #c8322d; }
.watched { fill: #dfe7ec; }
.perclos { fill: none; stroke: #0f6b3a; stroke-width: 1.5; }
.limit { stroke: #944600; stroke-dasharray: 5 4; } .edge { stroke: #c9d3d9; }
td:nth-child(-n+4) { white-space: nowrap; }
@media print { body { margin: 0; max-width: none; } }
@media screen and (max-width: 40rem) {
  thead { position: absolute; clip-path: inset(50%); } table, tbody { display: block; }
  tr { display: grid; grid-template-columns: auto 1fr auto; padding: .4rem 0; border-bottom: 1px solid #c9d3d9; }
  td { border: 0; padding: 0 .7rem 0 0; } td:nth-child(3) { grid-area: 2 / 1; } td:last-child { grid-column: 2 / 4; }
}
"""
_SIGNS = {"info": "●", "advisory": "◆", "warning": "▲", "critical": "■"}
_ORDER = tuple(_SIGNS)
_STEPS_S = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
"""Round times, in seconds, between two marks of the drawing's axis."""
_MOST_MARKS = 8
_WIDE, _LEFT, _TALL = 960, 90, 190


@dataclass(frozen=True)
class Drive:
    """A stretch of time (seconds since 1970) with its figures, its events, oldest first, and its curve.

    ``figures`` has ``driver_s``, ``judged``, ``closed``, ``perclos``; an event ``type``, ``level``, ``began``,
    ``ended``, ``held_s``, ``reason``; a point of the curve is ``[at, watched, present, judged, closed, perclos]``.
    """

    node: str
    since: float
    until: float
    figures: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]
    curve: Sequence[Sequence[float | None]]


def html(drive: Drive, limits: DrowsySettings) -> str:
    """The page as text; it has no script and fetches nothing."""
    counts = Counter(event["type"] for event in drive.events)
    told = (
        ", ".join(f"{count} × {words.event_type(name).lower()}" for name, count in counts.most_common()) or "No events."
    )
    since = drive.figures["from"] or drive.since
    until = drive.figures["to"] or drive.until
    began, same_day = _moment(since, "%d %B %Y"), _moment(since, "%x") == _moment(until, "%x")
    ended = _moment(until, "%H:%M" if same_day else "%d %B %Y, %H:%M")
    title = f"Drive of {drive.node}, {began}, {_moment(since, '%H:%M')} to {ended}"
    form = "%H:%M:%S" if same_day else "%a %d %H:%M:%S"
    rows = "\n".join(_row(event, form) for event in drive.events) or '<tr><td colspan="5">none</td></tr>'
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>
<h1>{escape(title)}</h1>
<dl>{"".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in _figures(drive.figures))}</dl>
<p>{escape(told) or "No events."}</p>
{_drawing(drive, since, until, limits)}
<h2>Events</h2>
<table><thead><tr>
<th>Began</th><th>Event</th><th>Level</th><th class="number">Lasted, s</th><th>Details</th></tr></thead><tbody>
{rows}
</tbody></table>
<footer>Made by fer-edge {__version__} on {escape(drive.node)}. Times are those of the node. No picture is stored.
An assistance system, not a certified safety device.</footer>
</main></body></html>
"""


def _figures(known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    minutes = round(known["driver_s"] / 60)
    yield "driver in view", f"{minutes // 60} h {minutes % 60} min"
    for name, key, digits in (
        ("eyes judged", "judged", 0),
        ("eyes closed", "closed", 1),
        ("highest PERCLOS", "perclos", 1),
    ):
        yield name, "unknown" if known[key] is None else f"{100 * known[key]:.{digits}f} %"


def _row(event: Mapping[str, Any], form: str) -> str:
    level = event["level"]
    unsure = "" if event["time_ok"] else " (clock not set)"
    lasted = "ongoing" if event["ended"] is None else f"{event['held_s']:.1f}"
    return (
        f"<tr><td>{_moment(event['began'], form)}{unsure}</td><td>{escape(words.event_type(event['type']))}</td>"
        f'<td class="{level}">{_SIGNS[level]} {words.level(level)}</td><td class="number">{lasted}</td>'
        f"<td>{escape(words.details(event))}</td></tr>"
    )


def _drawing(drive: Drive, since: float, until: float, limits: DrowsySettings) -> str:
    """Events above, PERCLOS with its limits below, on what was watched."""
    scale = (_WIDE - _LEFT) / max(1.0, until - since)
    most = max([1.6 * limits.warning, *(point[5] or 0.0 for point in drive.curve)])

    def x(at: float) -> float:
        return _LEFT + min(max(at - since, 0.0), until - since) * scale

    def y(share: float) -> float:
        return 160 - 70 * share / most

    step = drive.curve[1][0] - drive.curve[0][0] if len(drive.curve) > 1 else 10.0  # type: ignore[operator]
    parts = [
        f'<rect class="watched" x="{x(p[0]):.1f}" y="80" width="{step * scale + 0.5:.1f}" height="80"/>'
        for p in drive.curve
        if p[0] is not None
    ]
    for event in drive.events:
        lane = 60 - 20 * _ORDER.index(event["level"])
        wide = max(2.0, x(event["ended"] or until) - x(event["began"]))
        parts.append(
            f'<rect class="{event["level"]}" x="{x(event["began"]):.1f}" y="{lane}" width="{wide:.1f}" height="14"/>'
        )
    parts += [f'<text x="0" y="{72 - 20 * n}">{words.level(level)}</text>' for n, level in enumerate(_ORDER)]
    parts += [f'<polyline class="perclos" points="{line}"/>' for line in _lines(drive.curve, step, x, y)]
    parts.append('<text x="0" y="125">PERCLOS</text>')
    for share in (limits.advisory, limits.warning):
        parts.append(f'<line class="limit" x1="{_LEFT}" x2="{_WIDE}" y1="{y(share):.1f}" y2="{y(share):.1f}"/>')
        parts.append(f'<text x="{_LEFT - 32}" y="{y(share) + 4:.1f}">{100 * share:.0f} %</text>')
    for at, told in _marks(since, until):
        parts.append(f'<line class="edge" x1="{x(at):.1f}" x2="{x(at):.1f}" y1="0" y2="166"/>')
        parts.append(f'<text x="{x(at):.1f}" y="182" text-anchor="middle">{told}</text>')
    alt = "Events by level and PERCLOS over the drive; the table below lists the events."
    drawn = f'<svg viewBox="0 0 {_WIDE} {_TALL}" role="img" aria-label="{alt}">{"".join(parts)}</svg>'
    return f'<figure tabindex="0" aria-label="Drawing of the drive">{drawn}</figure>'


def _marks(since: float, until: float) -> Iterator[tuple[float, str]]:
    """Round times of the node's own clock, and what stands under them; none so near an end that it would be cut."""
    step = next((each for each in _STEPS_S if (until - since) / each <= _MOST_MARKS), _STEPS_S[-1])
    offset = datetime.fromtimestamp(since).astimezone().utcoffset()
    zone = offset.total_seconds() if offset else 0.0
    edge = (until - since) / 40
    at = -(-(since + edge + zone) // step) * step - zone
    while at <= until - edge:
        yield at, _moment(at, "%H:%M" if step < _STEPS_S[-1] else "%a %d")
        at += step


def _lines(
    curve: Sequence[Sequence[float | None]], step: float, x: Callable[[float], float], y: Callable[[float], float]
) -> Iterator[str]:
    """PERCLOS as lines of SVG; where it was not known or nothing was watched there is none."""
    line: list[str] = []
    before = 0.0
    for point in curve:
        at, perclos = point[0] or 0.0, point[5]
        if line and (perclos is None or at - before > 2 * step):
            yield " ".join(line)
            line = []
        if perclos is not None:
            line.append(f"{x(at + step / 2):.1f},{y(perclos):.1f}")
        before = at
    if line:
        yield " ".join(line)


def _moment(at: float, form: str) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime(form)
