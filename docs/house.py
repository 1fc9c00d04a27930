"""Draws docs/house.svg from the code: ``make picture`` (or ``python docs/house.py``); a test holds it up to date.

The folders and what they are come from the packages' own first sentences, their order from the layers that
import-linter checks. The two ways are written down here, and only through files that exist.
"""

from __future__ import annotations

import ast
import re
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "house.svg"
WIDTH, MARGIN, LINE = 1200, 24, 19
STYLE = """text{font:13px system-ui,sans-serif;fill:#1b2430}.code{font:12px ui-monospace,monospace}
.head{font-weight:600;font-size:17px}.quiet{fill:#5a6675}.box{fill:#eef3fa;stroke:#7c95b8}.layer{fill:#f7f9fc}
.arrow{stroke:#7c95b8;stroke-width:1.5;fill:none;marker-end:url(#tip)}"""


@dataclass(frozen=True)
class Step:
    """A stop on a way: what happens there, in which files, and what goes on from it."""

    does: str
    files: tuple[str, ...]
    gives: str = ""


FRAME = (
    Step("takes a picture", ("fer_edge/sources/", "fer_edge/service/capture.py"), "Frame"),
    Step("pixels to numbers", ("fer_edge/perception/reader.py", "fer_edge/perception/interpreter.py"), "Signals"),
    Step("numbers to meaning", ("fer_edge/monitoring/monitor.py", "fer_edge/monitoring/rules/"), "State, Events"),
    Step("tells it", ("fer_edge/sinks/mqtt/", "fer_edge/sinks/alarm/", "fer_edge/web/")),
)
"""The way of a frame; the daemon's loop takes each through ``fer_edge/pipeline.py``."""
LESSON = (
    Step("reads and varies", ("convert/data/", "convert/seeing/", "convert/augment.py"), "inputs, targets"),
    Step("learns", ("convert/training/engine.py", "convert/training/teachers.py"), "Keras model"),
    Step("rounds and compares", ("convert/verbs/quantize.py", "convert/tflite.py", "convert/parity.py"), "int8, card"),
    Step("judges", ("convert/verbs/evaluate.py", "convert/verbs/judge.py", "convert/reports.py")),
)
"""The way of a training picture; its task in ``convert/tasks/`` says what each stop does with it."""


def sentence(path: Path) -> str:
    """The first sentence of a module's docstring, without its markup. Raises ValueError where there is none."""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    if not text:
        raise ValueError(f"{path}: says nothing of itself; give it a docstring")
    first = " ".join(text.split("\n\n")[0].split())
    first = re.split(r"(?<=[.!?]) (?=[A-Z])", first)[0]
    return re.sub(r":\w+:`~?([^`]*)`|``([^`]*)``", lambda m: m[1] or m[2], first)


def inside(folder: Path) -> list[Path]:
    """The packages directly in a package, by name."""
    return sorted(path.parent for path in folder.glob("*/__init__.py"))


def layers(package: str) -> list[list[Path]]:
    """The package's layers as import-linter knows them, highest first, each with its parts."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    for contract in contracts:
        named = [[part.strip() for part in re.split("[|:]", layer)] for layer in contract.get("layers", ())]
        if named and named[0][0].startswith(f"{package}."):
            return [[ROOT / part.replace(".", "/") for part in layer] for layer in named]
    raise ValueError(f"pyproject.toml: no contract names the layers of {package}")


class Drawing:
    """An SVG that grows downwards."""

    def __init__(self) -> None:
        self._y = MARGIN
        self._parts: list[str] = []

    def heading(self, text: str, under: str) -> None:
        """A heading and a quiet line under it."""
        self._y += 24
        self._text(MARGIN, self._y, text, "head")
        self._text(MARGIN, self._y + LINE, under, "quiet")
        self._y += LINE + 16

    def way(self, steps: tuple[Step, ...]) -> None:
        """Boxes from left to right; what goes on from one to the next stands at the arrow."""
        gap = 92
        width = (WIDTH - 2 * MARGIN - gap * (len(steps) - 1)) // len(steps)
        height = LINE * (1 + max(len(step.files) for step in steps)) + 18
        for n, step in enumerate(steps):
            x = MARGIN + n * (width + gap)
            self._parts.append(f'<rect class="box" x="{x}" y="{self._y}" width="{width}" height="{height}" rx="6"/>')
            self._text(x + 10, self._y + 20, step.does)
            for row, file in enumerate(step.files, 1):
                self._text(x + 10, self._y + 20 + row * LINE, file.split("/", 1)[1], "code quiet")
            if step.gives:
                middle = self._y + height // 2
                self._parts.append(f'<path class="arrow" d="M{x + width + 4} {middle}H{x + width + gap - 6}"/>')
                for row, word in enumerate(reversed(textwrap.wrap(step.gives, 12))):
                    self._text(x + width + gap // 2, middle - 8 - 15 * row, word, "quiet", 'text-anchor="middle"')
        self._y += height + 12

    def storeys(self, package: str) -> None:
        """A package's layers, highest first."""
        for storey in layers(package):
            self.layer([line for part in storey for line in _told(part)])

    def layer(self, parts: list[tuple[int, str, str]]) -> None:
        """One storey: lines of depth, name and sentence."""
        top, rows = self._y, []
        for depth, name, says in parts:
            self._y += LINE
            rows.append((MARGIN + 10 + 22 * depth, self._y - 1, name, says))
        self._y += 10
        box = f'x="{MARGIN}" y="{top}" width="{WIDTH - 2 * MARGIN}" height="{self._y - top - 3}" rx="4"'
        self._parts.append(f'<rect class="layer" {box}/>')
        for x, y, name, says in rows:
            self._text(x, y, name, "code")
            self._text(MARGIN + 210, y, says)

    def _text(self, x: int, y: int, text: str, kind: str = "", more: str = "") -> None:
        self._parts.append(f'<text x="{x}" y="{y}" class="{kind}" {more}>{escape(text)}</text>')

    def written(self) -> str:
        """The whole picture."""
        height = self._y + MARGIN
        tip = '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
                "<title>The folders of fer-edge, the way of a frame and of a training picture</title>",
                f"<style>{STYLE}</style>",
                f'<defs>{tip}<path d="M0 0L8 4L0 8z" fill="#7c95b8"/></marker></defs>',
                f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
                *self._parts,
                "</svg>\n",
            ]
        )


def _told(part: Path, depth: int = 0) -> Iterator[tuple[int, str, str]]:
    if part.is_dir():
        yield depth, f"{part.name}/", sentence(part / "__init__.py")
        for below in inside(part):
            yield from _told(below, depth + 1)
    else:
        yield depth, f"{part.name}.py", sentence(part.with_suffix(".py"))


def picture() -> str:
    """The SVG's text."""
    drawing = Drawing()
    drawing.heading("The way of a frame", "pipeline.py takes each frame along it; service/daemon.py is the loop.")
    drawing.way(FRAME)
    drawing.heading("fer_edge: the daemon", "Each storey imports only what stands below it.")
    drawing.storeys("fer_edge")
    drawing.heading("The way of a training picture", "Its task, a file in convert/tasks/, says what each stop does.")
    drawing.way(LESSON)
    drawing.heading("convert: the training tools", "The same; nothing of it is needed to run.")
    drawing.storeys("convert")
    drawing.heading("fleet: many nodes", "The same; a node knows nothing of it.")
    drawing.storeys("fleet")
    return drawing.written()


if __name__ == "__main__":
    PICTURE.write_text(picture(), "utf-8")
