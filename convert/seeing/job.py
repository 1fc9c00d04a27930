"""The three verbs of every network that sees, said once: train, quantize, evaluate."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convert import card, files
from convert.arguments import number, share, whole
from convert.backend import load_keras
from convert.errors import AgreementError, UsageError
from convert.predictors import card_beside

SAMPLES = 400
"""Pictures that set the ranges of an int8 network."""
COMPARED = 200
"""Other pictures, on which the int8 network is compared with its float parent."""
SETTLED = 512
"""Pictures from which batch norms put back into a .tflite's network take their statistics."""
SCALING = {"colour": "grey", "scale": 1 / 128, "offset": -1.0}
"""A grey level becomes level / 128 - 1, which in int8 is the level less 128."""


@dataclass(frozen=True)
class Job:
    """One kind of network.

    ``values`` is how many numbers it gives (a detector: for each cell), ``outputs`` names them where each has a name.
    ``build(args)`` makes it, ``sampler(args, net)`` draws its training batches, ``loss`` names what
    it minimizes in :mod:`convert.seeing.losses` and ``measure(args)`` gives the figures of a finished
    .tflite. ``calibration(args, count)`` gives the pictures that set the ranges of int8 (training batches
    otherwise), ``deployed(net)`` what of the network is shipped; ``float_ends`` keeps the last layer
    in float32.
    """

    name: str
    outputs: tuple[str, ...]
    values: int
    size: int
    stages: str
    add_data: Callable[[argparse.ArgumentParser], None]
    build: Callable[[argparse.Namespace], Any]
    loss: str
    sampler: Callable[[argparse.Namespace, Any], Callable]
    add_measured: Callable[[argparse.ArgumentParser], None]
    measure: Callable[[argparse.Namespace], dict[str, Any]]
    calibration: Callable[[argparse.Namespace, int], np.ndarray] | None = None
    deployed: Callable[[Any], Any] = lambda net: net
    float_ends: bool = False


def add_arguments(job: Job, parser: argparse.ArgumentParser, verb: str) -> None:
    """The options of one verb."""
    if verb == "evaluate":
        parser.add_argument("model", type=Path, help="a .tflite file with its card beside it")
        parser.add_argument("--split", default="val", choices=["train", "val", "test", "all"], help="which part (val)")
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
        job.add_measured(parser)
        return
    job.add_data(parser)
    parser.add_argument("--seed", type=whole(0), default=1, help="seed of everything random (1)")
    parser.add_argument("--threads", type=whole(), help="CPU threads")
    if verb == "quantize":
        parser.add_argument(
            "models", type=Path, nargs="+", metavar="model", help="the trained .keras file; of several their mean"
        )
        parser.add_argument(
            "--out", type=Path, required=True, help="the .tflite file to write; its card goes beside it"
        )
        parser.add_argument("--notes", type=Path, help="YAML of what a person says of the model, for the card")
        parser.add_argument(
            "--samples", type=whole(), default=SAMPLES, help=f"pictures that set the ranges ({SAMPLES})"
        )
        parser.add_argument(
            "--min-decibels",
            type=number(),
            default=15.0,
            help="least distance of int8's rounding noise from what the network says (15)",
        )
        return
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and the trained .keras file")
    parser.add_argument("--start", type=Path, help="a .keras or .tflite file of the same network to go on from")
    parser.add_argument(
        "--size", type=whole(), default=job.size, help=f"side of the picture the network takes ({job.size})"
    )
    parser.add_argument(
        "--stages", default=job.stages, help=f"widths of the blocks, each stage halves the picture ({job.stages})"
    )
    parser.add_argument("--dropout", type=share, default=0.0)
    parser.add_argument("--steps", type=whole(), default=4000, help="batches to learn from (4000)")
    parser.add_argument("--batch", type=whole(), default=64)
    parser.add_argument("--rate", type=number(), default=2e-3, help="highest learning rate (0.002)")
    parser.add_argument("--weight-decay", type=number(), default=1e-3)


def run(job: Job, verb: str, args: argparse.Namespace) -> int:
    """Carry one verb out."""
    match verb:
        case "train":
            return _train(job, args)
        case "quantize":
            return _quantize(job, args)
    if args.model.suffix != ".tflite":
        raise UsageError(f"{args.model}: give the .tflite file: python -m convert quantize makes it")
    known = card_beside(args.model)
    if known and known.get("task", job.name) != job.name:
        raise UsageError(f"{args.model}: a model for --task {known['task']}, not {job.name}")
    figures = {"model": str(args.model), "data": str(args.data), "split": args.split, **job.measure(args)}
    print(json.dumps(figures) if args.json else "\n".join(f"{key}: {value}" for key, value in figures.items()))
    return 0


def stages(text: str) -> list[list[int]]:
    """``16,24 32`` as [[16, 24], [32]]. Raises UsageError."""
    try:
        widths = [[int(width) for width in stage.split(",")] for stage in text.split()]
    except ValueError:
        widths = []
    if not widths or min(min(stage) for stage in widths) < 1:
        raise UsageError(f"--stages {text!r}: give widths like '16,24 32,48 64'")
    return widths


def together(args: argparse.Namespace, *names: str) -> None:
    """Raises UsageError where some but not all of these options are given."""
    missing = [f"--{name.replace('_', '-')}" for name in names if getattr(args, name) is None]
    if 0 < len(missing) < len(names):
        raise UsageError(f"{missing[0]} is missing: it goes with --{' and --'.join(names).replace('_', '-')}")


def _train(job: Job, args: argparse.Namespace) -> int:
    keras = load_keras("tensorflow", threads=args.threads)
    from convert.seeing import losses, training

    keras.utils.set_random_seed(args.seed)
    net = job.build(args)
    if args.start:
        _start(keras, net, args.start)
    draw = job.sampler(args, net)
    if args.start and args.start.suffix == ".tflite":
        from convert.seeing import rounded

        rounded.settle(net, training.to_input(draw(np.random.default_rng(args.seed), SETTLED)[0]))
    how = {key: getattr(args, key) for key in ("steps", "batch", "rate", "weight_decay")}
    net = training.fit(net, draw, getattr(losses, job.loss), args.out, how, args.seed)
    with files.replacing(args.out / f"{job.name}.keras") as beside:
        net.save(beside)
    print(f"{args.out / job.name}.keras: {net.count_params()} parameters")
    return 0


def _start(keras: Any, net: Any, path: Path) -> None:
    """Give a network the weights of a .keras file, or the rounded ones of a .tflite."""
    if path.suffix == ".tflite":
        from convert.seeing import rounded

        rounded.load(net, path)
        return
    try:
        net.set_weights(_load(keras, path).get_weights())
    except ValueError:
        raise UsageError(f"--start {path}: not the network these options describe") from None


def _quantize(job: Job, args: argparse.Namespace) -> int:
    card.check_place(args.out)
    notes = card.read_notes(args.notes)
    keras = load_keras("tensorflow", threads=args.threads)
    from convert.seeing import export

    net = _mean(keras, args.models)
    if net.input_shape[-1] != 1 or net.output_shape[-1] != job.values:
        raise UsageError(
            f"{args.models[0]}: takes {net.input_shape} and gives {net.output_shape}; --task {job.name} needs one grey "
            f"picture and {job.values} values"
        )
    args.size = int(net.input_shape[1])
    shown = _pieces(job, args, net)
    deployed = job.deployed(net)
    content = export.convert(deployed, shown[: args.samples], float_ends=job.float_ends)
    near = export.decibels(deployed, content, shown[-COMPARED:])
    if near < args.min_decibels:
        raise AgreementError(
            f"{args.out}: not written; its rounding noise is {near:.1f} dB under what it says, less than "
            f"--min-decibels {args.min_decibels:g}; train it for longer, or give it more --samples"
        )
    told = {"task": job.name, "labels": list(job.outputs), "input": dict(SCALING), "rounding_db": round(near, 1)}
    whole = card.write_model(args.out, content, told, notes)
    print(
        f"{args.out}: {whole['bytes']} bytes, {whole['macs'] / 1e6:.1f} M multiply-accumulates, "
        f"rounding {near:.1f} dB under its word"
    )
    return 0


def _pieces(job: Job, args: argparse.Namespace, net: Any) -> np.ndarray:
    """Pictures (samples + COMPARED, H, W) to set the ranges, and others, where there are so many, to compare on."""
    count = args.samples + COMPARED
    if job.calibration:
        return job.calibration(args, count)
    return job.sampler(args, net)(np.random.default_rng(args.seed), count)[0]


def _mean(keras: Any, paths: list[Path]) -> Any:
    """The network of one file, or of the mean of the weights of several, batch norm statistics too.

    They are to be stages of one training, each from the weights of the one before.
    """
    nets = [_load(keras, path) for path in paths]
    weights = [net.get_weights() for net in nets]
    shapes = [[weight.shape for weight in of_one] for of_one in weights]
    for path, own in zip(paths, shapes, strict=True):
        if own != shapes[0]:
            raise UsageError(f"{path}: not the network of {paths[0]}; only weights of one network have a mean")
    nets[0].set_weights([np.mean(same, axis=0) for same in zip(*weights, strict=True)])
    return nets[0]


def _load(keras: Any, path: Path) -> Any:
    from convert.seeing import losses  # noqa: F401  the file names its loss

    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError) as fault:
        raise UsageError(f"{path}: cannot be loaded ({str(fault).splitlines()[0][:160]})") from None
