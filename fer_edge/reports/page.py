"""The drive as one self-contained HTML page: figures, the picture of the plot, and a table of the events."""

from __future__ import annotations

import base64
import io
from collections import Counter
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge import __version__, words
from fer_edge.errors import UsageError
from fer_edge.reports import plot

if TYPE_CHECKING:
    from fer_edge.reports.recording import Recording, Span
    from fer_edge.settings import Settings

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
img { width: 100%; height: auto; background: #fff; border-radius: .4rem; }
dl { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; } dt { opacity: .75; font-size: .9rem; }
dd { margin: 0; font-size: 1.25rem; font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid #8884; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.warning, .critical { font-weight: 650; } footer { margin-top: 2rem; opacity: .75; font-size: .9rem; }
"""
_SIGNS = {"info": "●", "advisory": "◆", "warning": "▲", "critical": "■"}


def check(path: Path) -> None:
    """Raises UsageError or MissingExtra before a long drive is replayed."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--report {path}: must be an HTML file; the name must end in .html")
    plot.need_matplotlib("--report")


def write(recording: Recording, settings: Settings, title: str, path: Path) -> None:
    """Write the page."""
    path.write_text(html(recording, settings, title), encoding="utf-8")


def html(recording: Recording, settings: Settings, title: str) -> str:
    """The page as text; nothing in it is fetched from elsewhere."""
    picture = io.BytesIO()
    plot.write(recording, settings, title, picture, "png")
    spans = [span for span in recording.spans if span.category != "emotion"]
    counts = ", ".join(
        f"{count} × {words.event_type(name).lower()}" for name, count in Counter(s.event_type for s in spans).items()
    )
    alt = f"Events, eyes, mouth, head and PERCLOS over {clock(recording.seconds)}; the table below lists the events."
    image = base64.b64encode(picture.getvalue()).decode()
    rows = "\n".join(map(_row, spans)) or '<tr><td colspan="6">none</td></tr>'
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{_STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<dl>{"".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in _figures(recording))}</dl>
<p>{escape(counts) or "No events."}</p>
<img alt="{escape(alt)}" src="data:image/png;base64,{image}">
<h2>Events</h2>
<table><thead><tr><th>Event</th><th>Level</th><th class="number">Began</th><th class="number">Ended</th>
<th class="number">Lasted, s</th><th>Details</th></tr></thead><tbody>
{rows}
</tbody></table>
<footer>Made by fer-edge {__version__}, profile {settings.profile}. Grey: no face. Times start at the first frame.
Not a certified safety device.</footer>
</body></html>
"""


def _figures(recording: Recording) -> list[tuple[str, str]]:
    import numpy as np

    frames, seconds = len(recording), recording.seconds
    seen, closed = recording.column("seen"), recording.column("closed")
    perclos = recording.column("perclos")
    judged = ~np.isnan(closed)
    return [
        ("length", clock(seconds)),
        ("frames", f"{frames} ({(frames - 1) / seconds:.1f} a second)" if seconds > 0 else str(frames)),
        ("face seen", f"{100 * seen.mean():.1f} %" if frames else "-"),
        ("eyes judged", f"{100 * judged.mean():.1f} %" if frames else "-"),
        ("highest PERCLOS", "-" if np.isnan(perclos).all() else f"{100 * np.nanmax(perclos):.1f} %"),
    ]


def _row(span: Span) -> str:
    level = str(span.level)
    ended = "ongoing" if span.ongoing else clock(span.ended_s)
    return (
        f"<tr><td>{escape(words.event_type(span.event_type))}</td>"
        f'<td class="{level}">{_SIGNS[level]} {words.level(level)}</td>'
        f'<td class="number">{clock(span.began_s)}</td><td class="number">{ended}</td>'
        f'<td class="number">{span.ended_s - span.began_s:.1f}</td><td>{escape(span.detail)}</td></tr>'
    )


def clock(seconds: float) -> str:
    """Minutes and seconds, for example ``1:08.4``."""
    tenths = round(10 * seconds)
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"
