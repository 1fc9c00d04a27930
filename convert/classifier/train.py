"""``train`` for classifiers: data checked and shown, the network, soft targets, the model's card."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert import architectures, metrics, plots
from convert.arguments import class_names, epoch_and_side, number, share, whole
from convert.augment import Augmentation, vary_batch
from convert.backend import load_keras
from convert.classifier.targets import Aim, Batches, cross_entropy, soft_targets
from convert.classifier.teachers import soft_labels
from convert.data import Dataset, Want, load_training, load_unlabelled
from convert.data.load import add_data_arguments
from convert.errors import UsageError
from convert.files import write_json
from convert.networks import logits_model, predict
from convert.predictors import read_card
from convert.preprocess import SCALINGS, Preprocess
from convert.training import Task, TrainOptions, add_training_arguments, checked, fit, training_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``train --task expression``."""
    group = parser.add_argument_group("data")
    add_data_arguments(group)
    add = group.add_argument
    add("--labels", type=class_names, default=class_names("7"), help="7, 5, 3 or names in order")
    add("--colour", choices=("grey", "rgb"), default="grey")
    add("--size", type=whole(), default=48, help="side of the input in pixels")
    add("--scaling", choices=tuple(SCALINGS), default="signed", help="input -1..1, 0..1 or 0..255")
    add("--limit", type=whole(), help="only so many training pictures, for a trial")
    add = parser.add_argument_group("network").add_argument
    add("--arch", choices=tuple(architectures.ARCHITECTURES), default="edge")
    add("--stem", type=whole(), help="filters of edge's first convolution")
    add("--stem-stride", type=int, choices=(1, 2), help="2: edge's stem halves the side")
    add("--widths", type=whole(), nargs="+", help="filters of edge's stages")
    add("--blocks", type=whole(), nargs="+", help="residual pairs of edge's stages")
    add("--dropout", type=share, help="edge's, before the last layer")
    add("--weights", type=Path, help="start from this trained model (c-bottleneck: its features)")
    add("--teacher", type=Path, nargs="+", default=[], help="trained models to learn from")
    add(
        "--unlabelled",
        type=Path,
        nargs="+",
        default=[],
        help=".npz files of faces without labels (python -m convert.seeing.faces cuts them): the teachers say what "
        "they show",
    )
    _add_targets(parser)
    add_training_arguments(parser)


def _add_targets(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("targets and variation").add_argument
    add("--votes", type=share, default=0.0, help="weight of FER+ votes in the targets")
    add("--teacher-weight", type=share, default=0.5, help="weight of the teachers in the targets")
    add("--smoothing", type=share, default=0.0, help="label smoothing")
    add("--mixup", type=share, default=0.0, help="share of batches mixed")
    add("--mixup-alpha", type=number(1e-3), default=0.2, help="of the Beta distribution of mixtures")
    add("--balance", type=share, default=0.0, help="0: classes as they come, 1: all weigh alike")
    add(
        "--sizes",
        type=epoch_and_side,
        nargs="+",
        default=[],
        help="EPOCH:SIDE pairs: pictures of SIDE pixels from EPOCH on",
    )
    for name, text in {
        "shift": "share of the side",
        "scale": "share",
        "rotation": "degrees",
        "light": "0 to 1",
        "degrade": "chance of blur, coarse pixels, JPEG or noise",
        "occlude": "chance of spectacles",
        "erase": "chance of a lost rectangle",
    }.items():
        add(f"--{name}", type=number() if name == "rotation" else share, default=0.0, help=text)
    add("--flip", action="store_true", help="mirror half of the pictures")


def train(args: argparse.Namespace) -> int:
    """Train as the options say; returns 0."""
    options = training_options(args)
    checked(args.out, resume=options.resume)
    if args.sizes and args.arch != "edge":
        raise UsageError(f"--sizes: --arch {args.arch} takes pictures of one size; only edge takes any")
    scale, offset = SCALINGS[args.scaling]
    prepare = Preprocess(args.size, 1 if args.colour == "grey" else 3, scale, offset)
    if args.unlabelled and not args.teacher:
        raise UsageError("--unlabelled: pictures without labels need a --teacher who says what they show")
    if options.resume:
        _check_resumed(args, prepare)
    want = Want(args.size, prepare.channels, args.labels)
    data, held = load_training(args.data, want, val=args.val, fraction=args.val_fraction, seed=args.split_seed)
    if args.limit:
        data = data.pick(np.random.default_rng(args.split_seed).permutation(len(data))[: args.limit])
    if args.votes and data.votes is None:
        print(f"{data.source}: no FER+ votes in it, --votes changes nothing", file=sys.stderr)
    unlabelled = load_unlabelled(args.unlabelled, want, held) if args.unlabelled else data.images[:0]
    keras = load_keras(threads=args.threads)
    keras.utils.set_random_seed(options.seed)
    model, saved = _networks(args, prepare)
    _show(data, held, args)
    aim = Aim(
        args.smoothing,
        args.votes,
        args.teacher_weight if args.teacher else 0.0,
        args.mixup,
        args.mixup_alpha,
        args.balance,
    )
    images, targets = _lessons(data, unlabelled, aim, args)
    batches = Batches(
        images,
        targets,
        _augmentation(args),
        aim,
        prepare,
        min(options.batch, len(images)),
        tuple(sorted(args.sizes)),
    )
    rows = fit(_task(model, saved, batches, held, args), options, args.out)
    best = max(row["val_accuracy"] for row in rows)
    print(f"{args.out / 'model.keras'}: best val accuracy {best:.4f}", file=sys.stderr)
    return 0


def _lessons(
    data: Dataset, unlabelled: NDArray[np.uint8], aim: Aim, args: argparse.Namespace
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """All pictures to learn from, and their targets: of those without labels, what the teachers say."""
    if not args.teacher:
        return data.images, soft_targets(data, aim)
    targets = soft_targets(data, aim, soft_labels(args.teacher, data.images, args.labels, flip=args.flip))
    if not len(unlabelled):
        return data.images, targets
    print(f"and {len(unlabelled)} pictures without labels", file=sys.stderr)
    said = soft_labels(args.teacher, unlabelled, args.labels, flip=args.flip)
    return np.concatenate([data.images, unlabelled]), np.concatenate([targets, said])


def _check_resumed(args: argparse.Namespace, prepare: Preprocess) -> None:
    """Raises UsageError where the training to go on with has other labels or another input: no shape would tell."""
    card = read_card(args.out / "model.keras")
    if card and (card["labels"], card["input"]) != (list(args.labels), prepare.card()):
        raise UsageError(
            f"--resume: the training in {args.out} has other labels or another input; give the same options"
        )


def _task(model: Any, saved: Any, batches: Batches, held: Dataset, args: argparse.Namespace) -> Task:
    """``saved`` is ``model`` itself, or the same network in float32, which takes its weights."""
    inputs = batches.prepare(held.images)

    def measure() -> dict[str, float]:
        if saved is not model:
            saved.set_weights(model.get_weights())
        return metrics.validation(predict(saved, inputs), held.labels)

    def described(figures: dict[str, float]) -> None:
        write_json(args.out / "model.json", _card(saved, batches.prepare, args, figures))

    return Task(
        model=logits_model(model),
        loss=cross_entropy,
        batches=batches,
        steps=batches.steps,
        measure=measure,
        monitor="val_accuracy",
        saved=saved,
        described=described,
    )


def _networks(args: argparse.Namespace, prepare: Preprocess) -> tuple[Any, Any]:
    """The network to train, and the float32 one to measure and save: the same unless --precision."""
    import keras

    saved = _network(args, prepare)
    if args.precision == "float32":
        return saved, saved
    keras.config.set_dtype_policy(f"mixed_{args.precision}")
    try:
        model = _network(args, prepare)
    finally:
        keras.config.set_dtype_policy("float32")
    return model, saved


def _network(args: argparse.Namespace, prepare: Preprocess) -> Any:
    names = ("stem", "stem_stride", "widths", "blocks", "dropout")
    settings = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    size = 0 if args.arch == "edge" else prepare.size
    shape = architectures.Shape(size, prepare.channels, len(args.labels))
    if args.arch == "c-bottleneck":
        if args.weights is None:
            print("c-bottleneck: without --weights its features are frozen as drawn at random", file=sys.stderr)
            return architectures.build(args.arch, shape, **settings)
        features = _trained(args.weights)
        if features.input_shape[-1] != prepare.channels:
            raise UsageError(f"--weights {args.weights}: it takes {features.input_shape}; choose with --colour")
        return architectures.build(args.arch, shape, features=features, **settings)
    model = architectures.build(args.arch, shape, **settings)
    if args.weights:
        try:
            model.set_weights(_trained(args.weights).get_weights())
        except ValueError:
            raise UsageError(f"--weights {args.weights}: not the network these options describe") from None
    return model


def _trained(path: Path) -> Any:
    from convert.networks import load_model

    return load_model(path)


def _augmentation(args: argparse.Namespace) -> Augmentation:
    names = ("flip", "shift", "scale", "rotation", "light", "degrade", "occlude", "erase")
    return Augmentation(**{name: getattr(args, name) for name in names})


def _show(data: Dataset, held: Dataset, args: argparse.Namespace) -> None:
    """Class counts and samples, before anything is trained."""
    counts = {"train": data.counts(), "val": held.counts()}
    for name, values in counts.items():
        each = ", ".join(f"{label} {count}" for label, count in zip(data.classes, values, strict=True))
        print(f"{name}: {values.sum()} pictures ({each})", file=sys.stderr)
    plots.class_counts(args.out / "classes.png", counts, data.classes)
    rng = np.random.default_rng(0)
    rows = [rng.permutation(np.flatnonzero(data.labels == label))[:5] for label in range(len(data.classes))]
    plain = data.images[np.concatenate(rows)]
    titles = [data.classes[label] for label in data.labels[np.concatenate(rows)]]
    plots.sheet(args.out / "samples.png", list(plain), titles, 5)
    plots.sheet(args.out / "varied.png", list(vary_batch(plain, _augmentation(args), args.size, rng)), titles, 5)


def _card(model: Any, prepare: Preprocess, args: argparse.Namespace, figures: dict[str, float]) -> dict[str, Any]:
    """What the float model says of itself; quantize builds the shipped card on it."""
    skip = {"out", "resume", "threads", "recipe", "task", "data", "val"}  # paths of one machine
    options = {
        name: [v.name for v in value] if isinstance(value, list) and value and isinstance(value[0], Path)
        else value.name if isinstance(value, Path) else value
        for name, value in vars(args).items() if name not in skip
    }  # fmt: skip
    return {
        "name": args.out.name,
        "labels": list(args.labels),
        "input": prepare.card(),
        "output": "probabilities",
        "arch": args.arch,
        "parameters": int(model.count_params()),
        "figures": {name: round(value, 4) for name, value in figures.items()},
        "seeds": [args.seed],
        "options": options,
    }


__all__ = ["TrainOptions", "add_arguments", "train"]
