"""``average`` for classifiers: one network of the mean weights of several ("model soup").

Trainings of one network that start from the same weights often end in one valley; its middle
tends to be better than any of them (Wortsman et al., 2022). Averaged weights need batch norm
statistics of their own, which are taken from training pictures.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from convert import metrics
from convert.arguments import whole
from convert.backend import load_keras
from convert.data import Want, load_training
from convert.data.load import add_data_arguments
from convert.errors import UsageError
from convert.files import replacing, write_json
from convert.networks import load_model, predict
from convert.predictors import read_card
from convert.preprocess import Preprocess
from convert.training import checked
from convert.training.average import settle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``average --task expression``."""
    add = parser.add_argument
    add("models", type=Path, nargs="+", help="trained .keras files of one network, their cards beside them")
    add_data_arguments(parser)
    add("--samples", type=whole(), default=6400, help="training pictures for batch norm's statistics (6400)")
    add("--batch", type=whole(), default=64)
    add("--seed", type=whole(0), default=1, help="of the choice of samples")
    add("--threads", type=whole(), help="CPU threads (all)")
    add("--out", type=Path, required=True, help="folder for model.keras and its card")


def average(args: argparse.Namespace) -> int:
    """Average, measure each model and their mean on validation data, write the mean; returns 0."""
    checked(args.out, resume=False)
    if args.out.resolve() in {path.parent.resolve() for path in args.models}:
        raise UsageError(f"--out {args.out}: it holds one of the models; take another folder")
    load_keras(threads=args.threads)
    cards = [_card(path) for path in args.models]
    for path, card in zip(args.models, cards, strict=True):
        if (card["labels"], card["input"]) != (cards[0]["labels"], cards[0]["input"]):
            raise UsageError(f"{path}: its labels or its input are not those of {args.models[0]}")
    prepare, labels = Preprocess.from_card(cards[0]), tuple(cards[0]["labels"])
    want = Want(prepare.size, prepare.channels, labels)
    data, held = load_training(args.data, want, val=args.val, fraction=args.val_fraction, seed=args.split_seed)
    inputs = prepare(held.images)
    model, total = load_model(args.models[0]), None
    for path in args.models:
        weights = _weights(path, model)
        total = weights if total is None else [a + b for a, b in zip(total, weights, strict=True)]
        model.set_weights(weights)
        _tell(str(path), metrics.validation(predict(model, inputs), held.labels))
    model.set_weights([weight / len(args.models) for weight in total or []])
    chosen = np.random.default_rng(args.seed).permutation(len(data))[: args.samples]
    settle(model, (prepare(data.images[part]) for part in np.array_split(chosen, max(len(chosen) // args.batch, 1))))
    figures = metrics.validation(predict(model, inputs), held.labels)
    with replacing(args.out / "model.keras") as beside:
        model.save(beside)
    write_json(args.out / "model.json", _mean_card(args, cards, figures))
    _tell(f"{args.out / 'model.keras'}, the mean of {len(args.models)}", figures)
    return 0


def _card(path: Path) -> dict[str, Any]:
    card = read_card(path)
    if card is None:
        raise UsageError(f"{path}: it has no card beside it; average takes what train wrote")
    return card


def _weights(path: Path, model: Any) -> list[Any]:
    weights: list[Any] = load_model(path).get_weights()
    if [weight.shape for weight in weights] != [weight.shape for weight in model.get_weights()]:
        raise UsageError(f"{path}: not the network of the first model; only weights of one network can be averaged")
    return weights


def _mean_card(args: argparse.Namespace, cards: list[dict[str, Any]], figures: dict[str, float]) -> dict[str, Any]:
    return cards[0] | {
        "name": args.out.name,
        "figures": {name: round(value, 4) for name, value in figures.items()},
        "seeds": sorted({seed for card in cards for seed in card.get("seeds", [])}),
        "averaged": [card["name"] for card in cards],
    }


def _tell(what: str, figures: dict[str, float]) -> None:
    print(f"{what}: " + ", ".join(f"{name} {value:.4f}" for name, value in figures.items()), file=sys.stderr)
