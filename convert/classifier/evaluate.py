"""``evaluate`` for classifiers: figures, confusion, worst mistakes; Keras and TFLite alike."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert import metrics, plots
from convert.arguments import class_names, share, whole
from convert.data import Dataset, Want, load, stratified_split
from convert.errors import UsageError
from convert.predictors import Predictor, open_predictor
from convert.preprocess import SCALINGS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``evaluate --task expression``."""
    add = parser.add_argument
    add("model", type=Path, help=".tflite, .keras, .h5, or an architecture .json with --weights")
    add("--data", type=Path, required=True, help="CSV, folder tree, .npz, or a folder of *_val.npz")
    add("--val-fraction", type=share, help="measure on the share that train held out with this option, not on --split")
    add("--split-seed", type=whole(0), default=42, help="seed of that split")
    add("--split", choices=("train", "val", "test"), default="val")
    add("--weights", type=Path, help="weights of an architecture .json")
    add("--labels", type=class_names, help="7, 5, 3 or names in the model's order, where it has no card")
    add("--scaling", choices=tuple(SCALINGS), help="its input, where it has no card: -1..1, 0..1, 0..255")
    add("--flip", action="store_true", help="average with the mirror image")
    add("--threads", type=whole(), help="CPU threads (1; all for a Keras model)")
    add("--plots", type=Path, metavar="DIR", help="write confusion.png and mistakes.png there")
    add("--json", action="store_true", help="one JSON object on stdout")


def evaluate(args: argparse.Namespace) -> int:
    """Measure and report; returns 0."""
    predictor = open_predictor(
        args.model,
        weights=args.weights,
        labels=args.labels,
        scaling=args.scaling,
        threads=args.threads,
    )
    prepare = predictor.prepare
    want = Want(prepare.size, prepare.channels, predictor.labels, partial=True)
    if args.val_fraction is None:
        data = load(args.data, args.split, want)
        if data.whole and not Path(data.source).stem.endswith(f"_{args.split}"):
            print(f"{data.source}: it names no splits; all {len(data)} pictures are measured", file=sys.stderr)
            args.split = "all"
    else:
        _, data = stratified_split(load(args.data, "train", want), args.val_fraction, args.split_seed)
        args.split = f"val, {args.val_fraction:g} of train"
        if not len(data):
            raise UsageError(f"--val-fraction {args.val_fraction:g}: of this little data no picture is left")
    probabilities = predictor.probabilities(data.images, flip=args.flip)
    report: dict[str, Any] = {"model": str(args.model), "data": str(args.data), "split": args.split}
    report |= metrics.report(probabilities, data.labels, predictor.labels)
    report |= {"flip": args.flip} | _by_vote(probabilities, data)
    if args.plots:
        _plots(args.plots, report, probabilities, data, predictor)
    print(json.dumps(report) if args.json else _text(report))
    return 0


def _by_vote(probabilities: NDArray[np.float32], data: Dataset) -> dict[str, Any]:
    """Accuracy against the majority of FER+ votes, on the pictures that have one."""
    majority = data.vote_majority()
    known = majority >= 0
    if not known.any():
        return {}
    right = probabilities.argmax(axis=1)[known] == majority[known]
    return {"ferplus": {"n": int(known.sum()), "accuracy": round(float(right.mean()), 4)}}


def _plots(
    folder: Path, report: dict[str, Any], probabilities: NDArray[np.float32], data: Dataset, model: Predictor
) -> None:
    title = f"{model.path.name}: {report['accuracy']:.1%} of {report['n']} ({report['split']})"
    plots.confusion(folder / "confusion.png", np.array(report["confusion"]), model.labels, title)
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != data.labels)
    worst = wrong[np.argsort(-probabilities[wrong, predicted[wrong]])][:40]
    titles = [
        f"{model.labels[predicted[i]]} {probabilities[i, predicted[i]]:.0%}\nis {model.labels[data.labels[i]]}"
        for i in worst
    ]
    plots.sheet(folder / "mistakes.png", [data.images[i] for i in worst], titles, 8)


def _text(report: dict[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"{report['model']} on {report['data']} ({report['split']}, {report['n']} pictures)",
        "  ".join(f"{name} {report[name]:.4f}" for name in ("accuracy", "macro_f1", "log_loss", "ece")),
    ]
    if "ferplus" in report:
        lines.append("accuracy against the FER+ majority {accuracy:.4f} (n {n})".format(**report["ferplus"]))
    lines += ["", f"{'class':<12}{'precision':>10}{'recall':>8}{'f1':>8}{'n':>7}"]
    for name, row in report["per_class"].items():
        lines.append(f"{name:<12}{row['precision']:>10.3f}{row['recall']:>8.3f}{row['f1']:>8.3f}{row['support']:>7}")
    lines += ["", "true \\ predicted  " + " ".join(f"{name[:8]:>8}" for name in report["labels"])]
    for name, row in zip(report["labels"], report["confusion"], strict=True):
        lines.append(f"{name[:16]:<18}" + " ".join(f"{count:>8}" for count in row))
    return "\n".join(lines)
