"""``average``: one network of the mean weights of several ("model soup").

Trainings of one network that start from the same weights often end in one valley; its middle tends to be better
than any of them (Wortsman et al., 2022). Averaged weights need batch norm statistics of their own, which are taken
from training pictures. The .tflite that a training started from may be one of them: halfway back, a network that
learned other pictures keeps what it knew of the first (Wortsman et al., 2022, "robust fine-tuning").
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert import networks
from convert.arguments import whole
from convert.backend import load_keras
from convert.errors import UsageError
from convert.files import replacing, write_json
from convert.networks import load_same
from convert.predictors import read_card
from convert.tasks.base import Task
from convert.training import checked
from convert.training.average import settle


def add_arguments(parser: argparse.ArgumentParser, task: Task) -> None:
    """The options of ``average``."""
    add = parser.add_argument
    add(
        "models",
        type=Path,
        nargs="+",
        help="trained .keras files of one network, or the .tflite they started from, with their cards",
    )
    task.add_data(parser)
    add("--samples", type=whole(), default=6400, help="training pictures for batch norm's statistics (6400)")
    add("--batch", type=whole(), default=64)
    add("--seed", type=whole(0), default=1, help="random seed for choosing samples")
    add("--threads", type=whole(), help="CPU threads (all)")
    add("--out", type=Path, required=True, help="folder for model.keras and its card")


def run(args: argparse.Namespace, task: Task) -> int:
    """Average, measure each model and their mean where the task can, write the mean; returns 0."""
    checked(args.out, resume=False)
    if args.out.resolve() in {path.parent.resolve() for path in args.models}:
        raise UsageError(f"--out {args.out}: contains one of the models; choose a different folder")
    load_keras(threads=args.threads)
    paths = sorted(args.models, key=_is_tflite)
    if _is_tflite(paths[0]):
        raise UsageError(f"{paths[0]}: one of the models must be a .keras file that train wrote")
    cards = [_card(path) for path in paths]
    for path, card in zip(paths, cards, strict=True):
        same = ("labels",) if _is_tflite(path) else ("labels", "input", "task")
        if any(card.get(name) != cards[0].get(name) for name in same):
            raise UsageError(f"{path}: its labels or its input are not those of {paths[0]}")
    models = load_same([path for path in paths if not _is_tflite(path)])
    pictures, measure = task.averaging(args, cards[0], models[0])
    models += [_started(path, models[0], pictures) for path in paths[len(models) :]]
    if measure:
        for path, model in zip(paths, models, strict=True):
            _tell(str(path), measure(model))
    net = networks.average(models)
    settle(net, np.array_split(pictures, max(len(pictures) // args.batch, 1)))
    figures = measure(net) if measure else {}
    with replacing(args.out / "model.keras") as beside:
        net.save(beside)
    write_json(args.out / "model.json", _mean_card(args, cards, figures))
    _tell(f"{args.out / 'model.keras'}, the mean of {len(args.models)}", figures)
    return 0


def _is_tflite(path: Path) -> bool:
    return path.suffix == ".tflite"


def _started(path: Path, net: Any, pictures: NDArray[np.float32]) -> Any:
    """The network of a .tflite, like ``net``, with the batch norms that a training from it begins with."""
    import keras

    from convert.seeing import rounded

    twin = keras.models.clone_model(net)
    rounded.load(twin, path)
    rounded.settle(twin, pictures[: rounded.SETTLED])
    return twin


def _card(path: Path) -> dict[str, Any]:
    card = read_card(path)
    if card is None:
        raise UsageError(f"{path}: it has no card; average needs models written by train")
    return card


def _mean_card(args: argparse.Namespace, cards: list[dict[str, Any]], figures: dict[str, float]) -> dict[str, Any]:
    return cards[0] | {
        "name": args.out.name,
        "figures": {name: round(value, 4) for name, value in figures.items()},
        "seeds": sorted({seed for card in cards for seed in card.get("seeds", [])}),
        "averaged": [card["name"] for card in cards],
    }


def _tell(what: str, figures: dict[str, float]) -> None:
    told = ", ".join(f"{name} {value:.4f}" for name, value in figures.items()) or "written"
    print(f"{what}: {told}", file=sys.stderr)
