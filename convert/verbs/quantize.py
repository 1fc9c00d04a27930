"""``quantize``: a trained network as TFLite, compared with its float parent, or refused."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from convert import parity, tflite
from convert.arguments import number, whole
from convert.backend import load_keras
from convert.card import check_place, read_notes, write_model
from convert.files import notes_file
from convert.networks import average, load_same
from convert.tasks.base import Task


def add_arguments(parser: argparse.ArgumentParser, task: Task) -> None:
    """The options of ``quantize``."""
    add = parser.add_argument
    models = "trained Keras model: .keras, .h5, or an architecture .json with --weights; of several the mean"
    add("models", type=Path, nargs="+", metavar="model", help=models)
    add("--weights", type=Path, help="weights of an architecture .json")
    task.add_data(parser)
    add("--mode", choices=tflite.MODES, default="int8")
    add("--out", type=Path, required=True, help="the .tflite file; its card is written next to it")
    add("--samples", type=whole(), default=task.samples, help=f"pictures that set int8's ranges ({task.samples})")
    if task.classes:
        least = "minimum share of val pictures with the same answer as the float model (0.98)"
        add("--min-agreement", type=number(), default=0.98, help=least)
    least = f"minimum distance of rounding noise from the output ({task.min_decibels:g})"
    add("--min-decibels", type=number(), default=task.min_decibels, help=least)
    add("--layers", action="store_true", help="print the distance of every layer from the float model's, in decibels")
    add(
        "--notes",
        type=notes_file,
        help="YAML of entries for the card: data, terms, not_for … (or a shipped one's name)",
    )
    add("--seed", type=whole(0), default=1, help="random seed for choosing samples")
    add("--threads", type=whole(), help="CPU threads (all)")
    task.add_export(parser)


def run(args: argparse.Namespace, task: Task) -> int:
    """Convert; returns 0. Raises AgreementError, and writes nothing, where too much was lost."""
    check_place(args.out)
    notes = read_notes(args.notes)
    load_keras("tensorflow", threads=args.threads)
    made = task.export(args, average(load_same(args.models, args.weights)))
    content = tflite.convert(made.net, args.mode, made.samples, made.size, float_ends=task.float_ends)
    near = parity.compare(made.net, content, made.compared, made.classes)
    fault = near.fault(args.mode, getattr(args, "min_agreement", 0.0), args.min_decibels)
    layers = parity.by_layer(made.net, content, made.compared, made.size) if fault or args.layers else []
    for name, decibels in layers if args.layers else []:
        print(f"layer {name:12} {decibels:6.1f} dB", file=sys.stderr)
    if fault:
        raise parity.refuse(fault, layers, args.out)
    card = made.card(near)
    whole_card = write_model(args.out, content, card, notes)
    told = f"{whole_card['bytes'] / 1024:.0f} KiB, {whole_card['macs'] / 1e6:.1f} M multiply-accumulates"
    told += f", rounding {near.decibels:.1f} dB below the output"
    if made.classes:
        before, after = card["figures"]["float"]["accuracy"], card["figures"][args.mode]["accuracy"]
        told += f", agreement {near.agreement:.4f}, accuracy {before:.4f} float, {after:.4f} {args.mode}"
    print(f"{args.out}: {told}", file=sys.stderr)
    return 0
