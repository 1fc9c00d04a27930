"""The course of a training: one row an epoch, as CSV and as curves."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from convert.files import write_bytes
from convert.plots import figure, save

Row = dict[str, float]


def write_csv(path: Path, rows: list[Row]) -> None:
    """All epochs so far, whole or not at all."""
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in rows)
    write_bytes(path, text.getvalue().encode())


def write_png(path: Path, rows: list[Row]) -> None:
    """Loss and, where there are any, the other figures over the epochs, side by side."""
    losses = [name for name in rows[-1] if "loss" in name]
    others = [name for name in rows[-1] if name not in {*losses, "epoch", "lr", "seconds"}]
    shown = [names for names in (losses, others) if names]
    drawing, panels = figure(1, len(shown), width=5 * len(shown), height=4)
    for panel, names in zip(panels, shown, strict=True):
        for name in names:
            known = [row for row in rows if name in row]
            panel.plot([row["epoch"] for row in known], [row[name] for row in known], ".-", label=name)
        panel.set_xlabel("epoch")
        panel.grid(alpha=0.3)
        panel.legend()
    save(drawing, path)
