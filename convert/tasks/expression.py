"""Expressions of faces, or any other classes of small pictures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert import architectures, calibration, metrics, reports
from convert.arguments import add_options, chosen, class_names, class_offset, epoch_and_side, share, whole
from convert.augment import Augmentation, vary_batch
from convert.data import Dataset, Want, load_training, load_unlabelled
from convert.data.load import add_data_arguments
from convert.errors import ModelError, UsageError
from convert.networks import load_model, logits_model, predict, with_mirror, with_softmax
from convert.parity import Parity
from convert.predictors import are_probabilities, fitted, input_shape, interface, read_card
from convert.preprocess import SCALINGS, Preprocess
from convert.tasks.base import Export, Task
from convert.training import Lessons
from convert.training.targets import Aim, Batches, cross_entropy, soft_targets
from convert.training.teachers import soft_labels

OF_THE_PARENT = ("options", "averaged")
"""What a float model's card says of that model only."""
EDGE = ("stem", "stem_stride", "widths", "blocks", "dropout")


class Expression(Task):
    """Small pictures to probabilities of classes."""

    name = "expression"
    classes = True
    min_decibels = 0.0
    samples = 500

    def add_data(self, parser: argparse.ArgumentParser) -> None:
        add_data_arguments(parser)

    def add_network(self, parser: argparse.ArgumentParser) -> None:
        add = parser.add_argument_group("pictures and network").add_argument
        add("--labels", type=class_names, default=class_names("7"), help="classes: 7, 5, 3 or names in order (7)")
        add("--colour", choices=("grey", "rgb"), default="grey", help="of the input (grey)")
        add("--size", type=whole(), default=48, help="side of the input in pixels (48)")
        add("--scaling", choices=tuple(SCALINGS), default="signed", help="input -1..1, 0..1 or 0..255 (signed)")
        add("--limit", type=whole(), help="use only this many training pictures, for a trial")
        add("--arch", choices=tuple(architectures.ARCHITECTURES), default="edge", help="ours (edge) or a published one")
        add("--stem", type=whole(), help="filters of edge's first convolution")
        add("--stem-stride", type=int, choices=(1, 2), help="2: edge's stem halves the side")
        add("--widths", type=whole(), nargs="+", help="filters of edge's stages")
        add("--blocks", type=whole(), nargs="+", help="residual pairs of edge's stages")
        add("--dropout", type=share, help="edge's, before the last layer")
        unlabelled = ".npz of unlabelled faces (written by faces), labelled by the teachers"
        add("--unlabelled", type=Path, nargs="+", default=[], help=unlabelled)
        others = "models that label the unlabelled faces, if not those of --teacher"
        add("--unlabelled-teacher", type=Path, nargs="+", default=[], help=others)
        sides = "EPOCH:SIDE pairs: pictures of SIDE pixels from EPOCH on"
        add("--sizes", type=epoch_and_side, nargs="+", default=[], help=sides)
        group = parser.add_argument_group("targets and variation")
        add_options(group, Aim)
        add_options(group, Augmentation)

    def add_export(self, parser: argparse.ArgumentParser) -> None:
        add = parser.add_argument
        add("--labels", type=class_names, help="7, 5, 3 or names in the model's order, if it has no card")
        add("--scaling", choices=tuple(SCALINGS), help="input range, if it has no card: -1..1, 0..1, 0..255")
        add("--no-calibrate", action="store_true", help="do not calibrate the probabilities")
        offset = "CLASS=LOGIT pairs, added after calibration: a rare class is told more often, disgust=0.8 say"
        add("--offset", type=class_offset, nargs="+", default=[], metavar="CLASS=LOGIT", help=offset)
        add("--mirror", action="store_true", help="one file that averages over a face and its mirror image")

    def add_measured(self, parser: argparse.ArgumentParser) -> None:
        reports.add_arguments(parser)

    def check(self, args: argparse.Namespace) -> None:
        if args.sizes and args.arch != "edge":
            raise UsageError(f"--sizes: --arch {args.arch} takes pictures of one size; only edge takes any")
        if args.unlabelled and not (args.teacher or args.unlabelled_teacher):
            raise UsageError("--unlabelled: unlabelled pictures need a --teacher")
        if args.unlabelled_teacher and not args.unlabelled:
            raise UsageError("--unlabelled-teacher: there are no unlabelled pictures; give them with --unlabelled")

    def card(self, args: argparse.Namespace) -> dict[str, Any]:
        told = {"labels": list(args.labels), "input": _prepare(args).card(), "output": "probabilities"}
        return told | {"arch": args.arch}

    def lessons(self, args: argparse.Namespace) -> Callable[[Any], Lessons]:
        want = Want(args.size, _prepare(args).channels, args.labels)
        data, held = _loaded(args, want)
        if args.limit:
            data = data.pick(np.random.default_rng(args.split_seed).permutation(len(data))[: args.limit])
        if args.votes and data.votes is None:
            print(f"{data.source}: no FER+ votes in it, --votes changes nothing", file=sys.stderr)
        unlabelled = load_unlabelled(args.unlabelled, want, held) if args.unlabelled else data.images[:0]
        return lambda net: _lessons(args, data, held, unlabelled)

    def network(self, args: argparse.Namespace) -> Any:
        settings = {name: getattr(args, name) for name in EDGE if getattr(args, name) is not None}
        channels = _prepare(args).channels
        shape = architectures.Shape(0 if args.arch == "edge" else args.size, channels, len(args.labels))
        if args.arch == "c-bottleneck" and args.start is not None:
            settings["features"] = load_model(args.start)
            if settings["features"].input_shape[-1] != channels:
                taken = settings["features"].input_shape
                raise UsageError(f"--start {args.start}: it takes {taken}; choose with --colour")
        elif args.arch == "c-bottleneck":
            print("c-bottleneck: without --start its frozen features are random", file=sys.stderr)
        return architectures.build(args.arch, shape, **settings)

    def start(self, net: Any, args: argparse.Namespace) -> None:
        """Give a network the weights of ``args.start``; c-bottleneck has taken them for its features."""
        if args.arch != "c-bottleneck":
            super().start(net, args)

    def trained(self, net: Any) -> Any:
        """All but the closing softmax."""
        return logits_model(net)

    def export(self, args: argparse.Namespace, net: Any) -> Export:
        card = read_card(args.models[0]) or {}
        labels, prepare = _interface(args, net, card)
        want = Want(prepare.size, prepare.channels, labels)
        train, held = _loaded(args, want)
        inputs = prepare(held.images)
        looks = [inputs, inputs[:, :, ::-1]] if args.mirror else [inputs]
        before = _said(net, looks)
        if not are_probabilities(before[0]):
            print(f"{args.models[0]}: it ends in logits; a softmax is added", file=sys.stderr)
            net = with_softmax(net)
            before = _said(net, looks)
        temperature = None if args.no_calibrate else calibration.calibrate(net, _said(net, looks), held.labels)
        _add_offsets(net, labels, args)

        def described(parity: Parity) -> dict[str, Any]:
            told = {name: value for name, value in card.items() if name not in OF_THE_PARENT}
            told |= {"labels": list(labels), "input": prepare.card(), "output": "probabilities"}
            if args.mirror:
                told["mirrored"] = "the mean over the picture and its mirror image, within the file"
            # Whether a model has learned from its validation pictures is known only of what train made.
            known = "none trained on" if "options" in card else "whether it was trained on them is unknown"
            return told | {
                "figures": {
                    "data": f"{Path(held.source).name}, {len(held)} pictures, {known}",
                    "float": reports.figures(parity.parent, held),
                    args.mode: reports.figures(parity.child, held),
                    "agreement": round(parity.agreement, 4),
                    "calibration": calibration.figures(before.mean(axis=0), parity.child, held.labels, temperature)
                    | ({"offsets": dict(args.offset)} if args.offset else {}),
                },
                "quantization": args.mode,
            }

        shipped = with_mirror(net) if args.mirror else net
        return Export(shipped, prepare(_samples(train, args)), inputs, described, labels, prepare.size)

    def averaging(
        self, args: argparse.Namespace, card: Mapping[str, Any], net: Any
    ) -> tuple[NDArray[np.float32], Callable[[Any], dict[str, float]] | None]:
        prepare = Preprocess.from_card(dict(card))
        want = Want(prepare.size, prepare.channels, tuple(card["labels"]))
        data, held = _loaded(args, want)
        inputs, drawn = prepare(held.images), np.random.default_rng(args.seed).permutation(len(data))
        pictures = prepare(data.images[drawn[: args.samples]])
        return pictures, lambda net: metrics.validation(predict(net, inputs), held.labels)

    def measure(self, args: argparse.Namespace) -> dict[str, Any]:
        return reports.measure(args)

    def text(self, report: Mapping[str, Any]) -> str:
        return reports.text(report)


def _prepare(args: argparse.Namespace) -> Preprocess:
    return Preprocess(args.size, 1 if args.colour == "grey" else 3, *SCALINGS[args.scaling])


def _loaded(args: argparse.Namespace, want: Want) -> tuple[Dataset, Dataset]:
    return load_training(args.data, want, val=args.val, fraction=args.val_fraction, seed=args.split_seed)


def _lessons(args: argparse.Namespace, data: Dataset, held: Dataset, unlabelled: NDArray[np.uint8]) -> Lessons:
    prepare = _prepare(args)
    augmentation, aim = chosen(Augmentation, args), chosen(Aim, args)
    rng = np.random.default_rng(0)
    reports.show(data, held, lambda images: vary_batch(images, augmentation, args.size, rng), args.out)
    images, targets = data.images, soft_targets(data, aim)
    if args.teacher:
        said = soft_labels(args.teacher, images, args.labels, flip=args.flip)
        targets = soft_targets(data, aim, said, args.teacher_weight)
    if len(unlabelled):
        print(f"and {len(unlabelled)} pictures without labels", file=sys.stderr)
        said = soft_labels(args.unlabelled_teacher or args.teacher, unlabelled, args.labels, flip=args.flip)
        images, targets = np.concatenate([images, unlabelled]), np.concatenate([targets, said])
    size = min(args.batch, len(images))
    batches = Batches(images, targets, augmentation, aim, prepare, size, tuple(sorted(args.sizes)))
    inputs = prepare(held.images)
    return Lessons(
        batches,
        batches.steps,
        cross_entropy,
        lambda rng, count: prepare(data.images[rng.permutation(len(data))[:count]]),
        measure=lambda net: metrics.validation(predict(net, inputs), held.labels),
        monitor="val_accuracy",
        higher=True,
    )


def _interface(args: argparse.Namespace, net: Any, card: dict[str, Any]) -> tuple[tuple[str, ...], Preprocess]:
    """Labels and input of a trained network, by its card or the options."""
    path = args.models[0]
    labels, told = interface(path, card, args.labels, args.scaling)
    given = getattr(net, "output_shape", None)
    if not isinstance(given, tuple) or len(given) != 2:
        raise ModelError(f"{path}: its output is {given}, not one row of values a picture (N, classes)")
    if given[-1] != len(labels):
        raise UsageError(f"{path}: it gives {given[-1]} values for {len(labels)} labels ({', '.join(labels)})")
    return labels, fitted(path, told, input_shape(net, told.size), args.scaling)


def _samples(train: Dataset, args: argparse.Namespace) -> NDArray[np.uint8]:
    """Training pictures, and one half black and half white that pins the input's range to all of 0 to 255."""
    drawn = np.random.default_rng(args.seed).permutation(len(train))[: args.samples]
    images = train.images[np.sort(drawn)]
    split = images[:1].copy()
    split[:, : split.shape[1] // 2], split[:, split.shape[1] // 2 :] = 0, 255
    return np.concatenate([images, split])


def _said(net: Any, looks: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Outputs (looks, N, classes) of a network for the same pictures seen in several ways."""
    return np.stack([predict(net, look) for look in looks])


def _add_offsets(net: Any, labels: tuple[str, ...], args: argparse.Namespace) -> None:
    """Fold the offsets asked for into the last layer. Raises UsageError where there is no such class or layer."""
    if not args.offset:
        return
    asked = dict(args.offset)
    if unknown := [name for name in asked if name not in labels]:
        raise UsageError(f"--offset {unknown[0]}: not a class of {args.models[0]}, which has {', '.join(labels)}")
    if not calibration.fold(net, 1.0, np.array([asked.get(label, 0.0) for label in labels])):
        raise UsageError(f"{args.models[0]}: --offset needs a dense layer with a bias and a softmax at the end")


TASK = Expression()
