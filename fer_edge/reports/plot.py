"""The drive as a picture: events, eyes, mouth, head, PERCLOS and expression over time. Needs the extra ``plot``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge import words
from fer_edge.core import EMOTIONS, Level
from fer_edge.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from fer_edge.reports.recording import Recording, Span
    from fer_edge.settings import Settings

FORMATS = (".png", ".svg", ".pdf")
_COLOURS = {Level.INFO: "#3b82c4", Level.ADVISORY: "#d9a400", Level.WARNING: "#e07b00", Level.CRITICAL: "#c8322d"}
_INK, _SOFT = "#22303a", "#8fa0ab"
_MAX_POINTS = 6000
"""A picture is no wider than some thousands of pixels; more points only cost time."""


def check(path: Path) -> None:
    """Raises UsageError or MissingExtra for what could not be written, before a long drive is replayed."""
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"--plot {path}: unknown picture format; the name must end in {', '.join(FORMATS)}")
    need_matplotlib("--plot")


def need_matplotlib(option: str) -> None:
    """Raises MissingExtra where there is none."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingExtra(f"{option} needs matplotlib", "matplotlib") from error


def write(recording: Recording, settings: Settings, title: str, target: Any, kind: str | None = None) -> None:
    """Draw a recording into a path or binary file; ``kind`` is png, svg or pdf where the path does not say."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    expressive = bool(recording.column("happy").size) and not _unknown(recording.column("happy"))
    heights = [1.15, 1.3, 0.8, 1.2, 1.2] + ([1.1] if expressive else [])
    figure = Figure(figsize=(12, 0.9 + 1.15 * sum(heights)), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    rows = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    step = max(1, len(recording) // _MAX_POINTS)
    at = recording.column("at")
    _events(rows[0], recording.spans)
    _eyes(rows[1], recording, at, step)
    _mouth(rows[2], recording, at, step)
    _head(rows[3], recording, at, settings, step)
    _perclos(rows[4], recording, at, settings, step)
    if expressive:
        _expression(rows[5], recording, at, step)
    for row in rows:
        _finish(row, recording)
    rows[-1].set_xlabel("time from the first frame")
    rows[0].set_title(title, loc="left", fontsize=11, color=_INK, parse_math=False)
    figure.align_ylabels()
    figure.savefig(target, format=kind, metadata={} if kind == "png" else None)


def _events(row: Any, spans: list[Span]) -> None:
    names = list(dict.fromkeys(span.event_type for span in spans if span.category != "emotion"))
    for span in spans:
        if span.category == "emotion":
            continue
        width = max(span.ended_s - span.began_s, 0.05)
        row.broken_barh(
            [(span.began_s, width)], (names.index(span.event_type) - 0.36, 0.72), color=_COLOURS[span.level]
        )
    row.set_yticks(range(len(names)), list(map(words.event_type, names)))
    row.set_ylim(len(names) - 0.4, -0.6)
    row.set_ylabel("events")
    shown = {span.level for span in spans if span.category != "emotion"}
    handles = [_patch(_COLOURS[level], words.level(str(level))) for level in Level if level in shown]
    if handles:
        row.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1.0), ncols=4, frameon=False, fontsize=8)
    else:
        row.text(0.5, 0.5, "no events", transform=row.transAxes, ha="center", va="center", color=_SOFT)


def _eyes(row: Any, recording: Recording, at: Any, step: int) -> None:
    row.plot(at[::step], recording.column("eyes_closed")[::step], color=_SOFT, lw=0.8, label="probability closed")
    row.plot(
        at[::step], recording.column("openness")[::step], color="#2a7f62", lw=1.1, label="openness (own baseline = 1)"
    )
    closed = recording.column("closed") == 1
    row.fill_between(at, 0, 1.25, where=closed, color="#c8322d", alpha=0.18, lw=0, label="closed", step="mid")
    row.set_ylim(0, 1.25)
    row.set_ylabel("eyes")
    _key(row)


def _mouth(row: Any, recording: Recording, at: Any, step: int) -> None:
    row.plot(at[::step], recording.column("mouth_open")[::step], color="#7d55c7", lw=1.1, label="probability wide open")
    row.set_ylim(0, 1.05)
    row.set_ylabel("mouth")
    _key(row)


def _head(row: Any, recording: Recording, at: Any, settings: Settings, step: int) -> None:
    limits = settings.monitoring.distraction
    row.plot(at[::step], recording.column("yaw")[::step], color="#3b82c4", lw=1.1, label="yaw (+ driver's left)")
    row.plot(at[::step], recording.column("pitch")[::step], color="#e07b00", lw=1.1, label="pitch (+ up)")
    for name, colour in (("gaze_yaw", "#9cc4e4"), ("gaze_pitch", "#f3c48c")):
        row.plot(at[::step], recording.column(name)[::step], ".", color=colour, ms=1.5, label=name.replace("_", " "))
    aside, up_and_down = (limits.yaw_deg, -limits.yaw_deg), (limits.up_deg, -limits.pitch_deg)
    for values, colour in ((aside, "#3b82c4"), (up_and_down, "#e07b00")):
        for value in filter(None, values):
            row.axhline(value, color=colour, lw=0.8, ls=":")
    low, high = row.get_ylim()
    row.set_ylim(min(low, -1.3 * limits.yaw_deg), max(high, 1.3 * limits.yaw_deg))
    row.set_ylabel("head and gaze, degrees\nfrom straight ahead")
    _key(row)


def _perclos(row: Any, recording: Recording, at: Any, settings: Settings, step: int) -> None:
    import numpy as np

    limits = settings.monitoring.drowsy
    share = 100 * recording.column("perclos")
    row.plot(at[::step], share[::step], color=_INK, lw=1.3)
    for level, value in ((Level.ADVISORY, limits.advisory), (Level.WARNING, limits.warning)):
        row.axhline(100 * value, color=_COLOURS[level], lw=1, ls="--")
        row.text(
            1.004,
            100 * value,
            str(level),
            color=_COLOURS[level],
            fontsize=8,
            va="center",
            transform=row.get_yaxis_transform(),
        )
    top = 0.0 if _unknown(share) else float(np.nanmax(share))
    row.set_ylim(0, max(160 * limits.warning, 1.1 * top))
    row.set_ylabel("PERCLOS, %")
    if _unknown(share):
        row.text(0.5, 0.5, "the drive is too short", transform=row.transAxes, ha="center", va="center", color=_SOFT)


def _expression(row: Any, recording: Recording, at: Any, step: int) -> None:
    import numpy as np

    shares = np.nan_to_num(np.stack([recording.column(name)[::step] for name in EMOTIONS]))
    colours = ("#c8322d", "#6a8f3c", "#7d55c7", "#e9b73b", "#3b6ea5", "#e58bb0", "#c9d2d8")
    row.stackplot(at[::step], shares, colors=colours, labels=EMOTIONS, lw=0)
    row.set_ylim(0, 1)
    row.set_ylabel("expression")
    row.legend(loc="upper left", bbox_to_anchor=(1.0, 1.05), frameon=False, fontsize=7, labelspacing=0.2, reverse=True)


def _finish(row: Any, recording: Recording) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    low, high = row.get_ylim()
    unseen = recording.column("seen") == 0
    row.fill_between(recording.column("at"), low, high, where=unseen, color="#dfe5e9", lw=0, zorder=0)
    row.set_ylim(low, high)
    row.set_xlim(0, max(recording.seconds, 1.0))
    row.xaxis.set_major_locator(MaxNLocator(12, steps=[1, 1.5, 2, 3, 5, 6, 10]))
    digits = 1 if recording.seconds < 30 else 0
    row.xaxis.set_major_formatter(
        FuncFormatter(lambda s, _: f"{int(s // 60)}:{s % 60:0{4 if digits else 2}.{digits}f}")
    )
    row.grid(axis="x", color="#e4eaee", lw=0.7)
    row.set_axisbelow(True)
    for side in ("top", "right"):
        row.spines[side].set_visible(False)
    row.tick_params(labelsize=8, colors=_INK)
    row.yaxis.label.set_size(9)


def _key(row: Any) -> None:
    row.legend(loc="lower right", bbox_to_anchor=(1, 0.97), ncols=4, frameon=False, fontsize=8)


def _patch(colour: str, name: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(color=colour, label=name)


def _unknown(values: Any) -> bool:
    import numpy as np

    return bool(np.isnan(values).all())
