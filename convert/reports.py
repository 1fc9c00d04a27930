"""What ``evaluate`` says of a classifier: figures, confusion, worst mistakes; Keras and TFLite alike."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert import metrics, plots
from convert.arguments import class_names, share, whole
from convert.data import Dataset, Want, load, reshaped, stratified_split
from convert.errors import UsageError
from convert.predictors import Predictor, open_predictor
from convert.preprocess import SCALINGS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``evaluate`` for classifiers."""
    add = parser.add_argument
    add("--data", type=Path, required=True, help="CSV, folder tree, .npz, or a folder of *_val.npz")
    add("--val-fraction", type=share, help="measure on the share that train held out with this option, not on --split")
    add("--split-seed", type=whole(0), default=42, help="seed of that split")
    add("--weights", type=Path, help="weights of an architecture .json")
    add("--labels", type=class_names, help="7, 5, 3 or names in the model's order, if it has no card")
    add("--scaling", choices=tuple(SCALINGS), help="input range, if it has no card: -1..1, 0..1, 0..255")
    add("--flip", action="store_true", help="average with the mirror image")
    add(
        "--product",
        action="store_true",
        help="also through the whole product: detection, landmarks, crop, expression (.tflite)",
    )
    add("--scenes", type=Path, help="also on annotated faces of scenes (faces.json, faces/; .tflite)")
    add("--plots", type=Path, metavar="DIR", help="write confusion.png and mistakes.png there")


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """The report of ``args.model`` on ``args.data``; ``args.split`` becomes what was measured."""
    predictor = open_predictor(
        args.model, weights=args.weights, labels=args.labels, scaling=args.scaling, threads=args.threads
    )
    data = _measured(args, Want(predictor.prepare.size, predictor.prepare.channels, predictor.labels, partial=True))
    probabilities = predictor.probabilities(data.images, flip=args.flip)
    report = {"split": args.split} | metrics.report(probabilities, data.labels, predictor.labels)
    report |= {"flip": args.flip} | _by_vote(probabilities, data)
    if args.product:
        report["product"] = _through_the_product(args.model, data)
    if args.scenes:
        from convert.seeing import expressions

        report["scenes"] = expressions.told(args.model, args.scenes)
    if args.plots:
        _plots(args.plots, report, probabilities, data, predictor)
    return report


def _through_the_product(model: Path, data: Dataset) -> dict[str, Any]:
    from convert import product

    if model.suffix != ".tflite":
        raise UsageError(f"--product: the product reads .tflite files, not {model.name}; quantize makes one")
    grey = reshaped(data.images, Want(0, 1))[..., 0]
    return product.measure(model, grey, [data.classes[label] for label in data.labels])


def show(data: Dataset, held: Dataset, vary: Callable[[NDArray[np.uint8]], NDArray[np.uint8]], out: Path) -> None:
    """Class counts and samples, as they are and as varied, before anything is trained."""
    counts = {"train": data.counts(), "val": held.counts()}
    for name, values in counts.items():
        each = ", ".join(f"{label} {count}" for label, count in zip(data.classes, values, strict=True))
        print(f"{name}: {values.sum()} pictures ({each})", file=sys.stderr)
    plots.class_counts(out / "classes.png", counts, data.classes)
    rng = np.random.default_rng(0)
    some = [rng.permutation(np.flatnonzero(data.labels == label))[:5] for label in range(len(data.classes))]
    shown = data.pick(np.concatenate(some))
    titles = [data.classes[label] for label in shown.labels]
    plots.sheet(out / "samples.png", list(shown.images), titles, 5)
    plots.sheet(out / "varied.png", list(vary(shown.images)), titles, 5)


def _measured(args: argparse.Namespace, want: Want) -> Dataset:
    if args.val_fraction is None:
        data = load(args.data, args.split, want)
        if data.whole and not Path(data.source).stem.endswith(f"_{args.split}"):
            print(f"{data.source}: has no splits; all {len(data)} pictures are measured", file=sys.stderr)
            args.split = "all"
        return data
    _, data = stratified_split(load(args.data, "train", want), args.val_fraction, args.split_seed)
    args.split = f"val, {args.val_fraction:g} of train"
    if not len(data):
        raise UsageError(f"--val-fraction {args.val_fraction:g}: too little data; no picture is left")
    return data


def figures(probabilities: NDArray[np.float32], data: Dataset) -> dict[str, float]:
    """The figures that a card carries."""
    report = metrics.report(probabilities, data.labels, data.classes)
    told = {name: report[name] for name in ("accuracy", "macro_f1", "log_loss", "ece")}
    voted = _by_vote(probabilities, data).get("ferplus")
    return told | ({"ferplus_accuracy": voted["accuracy"], "ferplus_n": voted["n"]} if voted else {})


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


def text(report: Mapping[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"{report['model']} on {report['data']} ({report['split']}, {report['n']} pictures)",
        "  ".join(f"{name} {report[name]:.4f}" for name in ("accuracy", "macro_f1", "log_loss", "ece")),
    ]
    if "ferplus" in report:
        lines.append("accuracy against the FER+ majority {accuracy:.4f} (n {n})".format(**report["ferplus"]))
    if "product" in report:
        lines.append(
            "through the product: {accuracy:.4f} of {found} faces found of {pictures}".format(**report["product"])
        )
    if "scenes" in report:
        own = report["scenes"]
        yawns = ", ".join(f"{count} {label}" for label, count in own["yawns"].most_common())
        lines.append(
            f"people and drivers marked by eye: {own['accuracy']:.4f} of {own['n']}, in cars "
            f"{own['cars']['accuracy']:.4f} of {own['cars']['n']}; yawns are called: {yawns or 'none marked'}"
        )
    lines += ["", f"{'class':<12}{'precision':>10}{'recall':>8}{'f1':>8}{'n':>7}"]
    for name, row in report["per_class"].items():
        lines.append(f"{name:<12}{row['precision']:>10.3f}{row['recall']:>8.3f}{row['f1']:>8.3f}{row['support']:>7}")
    lines += ["", "true \\ predicted  " + " ".join(f"{name[:8]:>8}" for name in report["labels"])]
    for name, row in zip(report["labels"], report["confusion"], strict=True):
        lines.append(f"{name[:16]:<18}" + " ".join(f"{count:>8}" for count in row))
    return "\n".join(lines)
