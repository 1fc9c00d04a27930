"""``evaluate``: the figures of a model on data, Keras and TFLite alike."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from convert.arguments import whole
from convert.errors import ModelError, UsageError
from convert.predictors import card_beside
from convert.tasks.base import Task


def add_arguments(parser: argparse.ArgumentParser, task: Task) -> None:
    """The options of ``evaluate``."""
    add = parser.add_argument
    add("model", type=Path, help=".tflite with its card, .keras, .h5, or an architecture .json with --weights")
    add("--split", default="val", choices=["train", "val", "test", "all"], help="which part (val)")
    add("--threads", type=whole(), help="CPU threads (1; all for a Keras model)")
    add("--json", action="store_true", help="one JSON object on stdout")
    task.add_measured(parser)


def run(args: argparse.Namespace, task: Task) -> int:
    """Measure and report; returns 0."""
    if not args.model.exists():
        raise ModelError(f"{args.model}: no such file; correct the path")
    known = (card_beside(args.model) or {}).get("task", task.name)
    if known != task.name:
        raise UsageError(f"{args.model}: a model for --task {known}, not {task.name}")
    measured = task.measure(args)
    report = {"model": str(args.model), "data": str(args.data), "split": args.split} | measured
    print(json.dumps(report) if args.json else task.text(report))
    return 0
