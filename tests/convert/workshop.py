"""What the workshop's tests share: the options of a small quick training, the program, and the commands' answers."""

from __future__ import annotations

import json

import pytest

from convert.cli import main

SMALL = ["--arch", "edge", "--stem", "8", "--widths", "8", "16", "--blocks", "1", "1", "--batch", "20"]
FAST = [*SMALL, "--lr", "0.1", "--ema", "0.9", "--smoothing", "0.05", "--threads", "1"]
PROGRAM = (
    "convert.cli:main",
    "tensorflow",
    "keras",
    "matplotlib.backends.backend_agg",
    "convert.seeing.rounded",
    "convert.tasks.expression",
    "convert.verbs.average",
    "convert.verbs.quantize",
    "convert.verbs.train",
)
"""For :func:`tests.warm.starter`."""


def evaluated(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    """What ``evaluate --json`` says."""
    capsys.readouterr()
    assert main(["evaluate", *arguments, "--json"]) == 0
    result: dict[str, object] = json.loads(capsys.readouterr().out)
    return result
