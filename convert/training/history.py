"""The course of a training: one row an epoch, as CSV and as curves."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from convert.files import replacing, write_bytes

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
    """Loss and the other figures over the epochs, side by side."""
    from convert.plots import figure

    losses = [name for name in rows[-1] if "loss" in name]
    others = [name for name in rows[-1] if name not in {*losses, "epoch", "lr", "seconds"}]
    drawing, panels = figure(1, 2, width=10, height=4)
    for panel, names in zip(panels, (losses, others), strict=True):
        for name in names:
            known = [row for row in rows if name in row]
            panel.plot([row["epoch"] for row in known], [row[name] for row in known], label=name)
        panel.set_xlabel("epoch")
        panel.grid(alpha=0.3)
        if names:
            panel.legend()
    with replacing(path) as beside:
        drawing.savefig(beside, dpi=90)
