"""Plots and contact sheets, as PNG files; Matplotlib without a screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.files import replacing


def figure(rows: int, columns: int, *, width: float, height: float) -> tuple[Any, list[Any]]:
    """A figure of ``width`` x ``height`` inches and its panels, row by row."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(drawing)
    panels = drawing.subplots(rows, columns, squeeze=False)
    return drawing, list(panels.ravel())


def save(drawing: Any, path: Path) -> None:
    """Write a figure, whole or not at all."""
    with replacing(path) as beside:
        drawing.savefig(beside, dpi=100)


def class_counts(path: Path, counts: dict[str, NDArray[np.int64]], classes: Sequence[str]) -> None:
    """Bars of pictures per class for each split."""
    drawing, (panel,) = figure(1, 1, width=1.5 + len(classes), height=3.5)
    width = 0.8 / len(counts)
    for index, (split, values) in enumerate(counts.items()):
        places = np.arange(len(classes)) + (index - (len(counts) - 1) / 2) * width
        panel.bar_label(panel.bar(places, values, width, label=split), fontsize=7)
    panel.set_xticks(np.arange(len(classes)), classes)
    panel.set_ylabel("pictures")
    panel.legend()
    save(drawing, path)


def sheet(path: Path, images: Sequence[NDArray[np.uint8]], titles: Sequence[str], columns: int) -> None:
    """Pictures (H, W[, 1 or 3]) of one size in a grid, each with a title above it."""
    rows = max(1, -(-len(images) // columns))
    # One panel for all of them: laying out a panel for each takes a second of a processor.
    drawing, (panel,) = figure(1, 1, width=1.15 * columns, height=1.4 * rows)
    panel.set(xlim=(-0.05, columns), ylim=(rows, -0.25))
    panel.axis("off")
    for place, (image, title) in enumerate(zip(images, titles, strict=True)):
        row, column = divmod(place, columns)
        corners = (column, column + 0.95, row + 0.78, row)
        panel.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255, extent=corners, aspect="auto")
        panel.text(column + 0.475, row - 0.02, title, ha="center", va="bottom", fontsize=7)
    save(drawing, path)


def confusion(path: Path, matrix: NDArray[np.int64], classes: Sequence[str], title: str) -> None:
    """A heat map of rows (true) against columns (predicted): shares coloured, counts written."""
    drawing, (panel,) = figure(1, 1, width=1.5 + 0.8 * len(classes), height=1.2 + 0.8 * len(classes))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.5 else "black"
        text = f"{share:.0%}\n{matrix[row, column]}"
        panel.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
    panel.set_xticks(range(len(classes)), classes, rotation=45)
    panel.set_yticks(range(len(classes)), classes)
    panel.set_xlabel("predicted")
    panel.set_ylabel("true")
    panel.set_title(title, fontsize=9)
    save(drawing, path)
