"""``train``: a network of any task, from data to a model with its card."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from convert.backend import load_keras
from convert.errors import UsageError
from convert.files import write_json
from convert.predictors import read_card
from convert.tasks.base import Task
from convert.training import Lessons, Pupil, add_training_arguments, checked, fit, training_options

MACHINES = {"out", "resume", "threads", "recipe", "task", "data", "val", "verb"}
"""Options that say nothing of the model: paths and habits of one machine."""


def add_arguments(parser: argparse.ArgumentParser, task: Task) -> None:
    """The options of ``train``."""
    task.add_data(parser)
    task.add_network(parser)
    add_training_arguments(parser, **task.training)


def run(args: argparse.Namespace, task: Task) -> int:
    """Train as the options say; returns 0."""
    options = training_options(args)
    checked(args.out, resume=options.resume)
    task.check(args)
    card = task.card(args)
    known = read_card(args.out / "model.keras") if options.resume else None
    if known and any(known.get(name) != card.get(name) for name in ("task", "labels", "input")):
        raise UsageError(
            f"--resume: the training in {args.out} has other labels or another input; give the same options"
        )
    given = _options(args)
    about = task.lessons(args)
    keras = load_keras(threads=args.threads)
    keras.utils.set_random_seed(options.seed)
    saved = task.network(args)
    if args.start:
        task.start(saved, args)
    lessons = about(saved)
    if args.start and args.start.suffix == ".tflite":
        from convert.seeing import rounded

        rounded.settle(saved, lessons.pictures(np.random.default_rng(options.seed), rounded.SETTLED))
    if args.teacher and not task.classes:  # soft labels of classes are part of the lessons
        from convert.training.teachers import taught

        lessons = taught(lessons, args.teacher, args.teacher_weight, saved)

    def described(figures: dict[str, float]) -> None:
        told = {"name": args.out.name} | card | {"parameters": int(saved.count_params())}
        told |= {"figures": {name: round(value, 4) for name, value in figures.items()}}
        write_json(args.out / "model.json", told | {"seeds": [options.seed], "options": given})

    rows = fit(_pupil(task, saved, args, described), lessons, options, args.out)
    told = f"best {lessons.monitor.replace('_', ' ')} {_best(rows, lessons):.4f}" if lessons.measure else "trained"
    print(f"{args.out / 'model.keras'}: {told}, {saved.count_params():,} parameters", file=sys.stderr)
    return 0


def _best(rows: list[dict[str, float]], lessons: Lessons) -> float:
    return (max if lessons.higher else min)(row[lessons.monitor] for row in rows)


def _pupil(task: Task, saved: Any, args: argparse.Namespace, described: Any) -> Pupil:
    """The network to train: the saved one itself, or with --precision a copy that counts more coarsely."""
    if args.precision == "float32":
        return Pupil(task.trained(saved), saved, described=described)
    import keras

    keras.config.set_dtype_policy(f"mixed_{args.precision}")
    try:
        model = task.network(args)
    finally:
        keras.config.set_dtype_policy("float32")
    model.set_weights(saved.get_weights())
    return Pupil(task.trained(model), saved, shared=False, described=described)


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """The options as a card tells them: of paths only the names."""

    def plain(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [plain(one) for one in value]
        return value.name if isinstance(value, Path) else value

    return {name: plain(value) for name, value in vars(args).items() if name not in MACHINES}
