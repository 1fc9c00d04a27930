"""``inspect``: what a model is, what it is made of, and how fast it runs here."""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from convert import tflite
from convert.arguments import class_names, whole
from convert.errors import ModelError, UsageError
from convert.latency import measure_ms, time_interpreter
from convert.predictors import card_beside, read_card
from convert.preprocess import Preprocess


def add_arguments(parser: argparse.ArgumentParser, _verb: str) -> None:
    """The options of ``inspect``."""
    parser.add_argument(
        "model", type=Path, nargs="?", help=".tflite, .keras, .h5, or an architecture .json with --weights"
    )
    parser.add_argument("--weights", type=Path, help="weights of an architecture .json")
    parser.add_argument("--arch", help="instead of a model: this network, untrained, as int8 for 48x48 faces")
    parser.add_argument("--labels", type=class_names, default=class_names("7"), help="of --arch: 7, 5, 3, …")
    parser.add_argument("--colour", choices=("grey", "rgb"), default="grey", help="of --arch")
    parser.add_argument("--runs", type=whole(0), default=500, help="timed runs, 0: none")
    parser.add_argument("--threads", type=whole(), default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(_verb: str, args: argparse.Namespace) -> int:
    """Print what is known of the model; returns 0."""
    if args.arch:
        with tempfile.TemporaryDirectory() as folder:
            args.model = _untrained(args, Path(folder))
            return _report(args)
    if args.model is None:
        raise UsageError("inspect: name a model file or an --arch")
    if not args.model.is_file():
        raise ModelError(f"{args.model}: no such file")
    return _report(args)


def _untrained(args: argparse.Namespace, folder: Path) -> Path:
    """A network's int8 file: its size, work and speed do not depend on what it has learned."""
    from convert.architectures import Shape, build
    from convert.backend import load_keras

    load_keras("tensorflow", threads=1)
    channels = 1 if args.colour == "grey" else 3
    model = build(args.arch, Shape(48, channels, len(args.labels)))
    samples = np.random.default_rng(0).uniform(-1, 1, (8, 48, 48, channels)).astype(np.float32)
    path = folder / f"{args.arch}.tflite"
    path.write_bytes(tflite.convert(model, "int8", samples))
    return path


def _report(args: argparse.Namespace) -> int:
    facts = _tflite_facts(args) if args.model.suffix.lower() == ".tflite" else _keras_facts(args)
    content = args.model.read_bytes()
    facts = {
        "model": str(args.model),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    } | facts
    card = card_beside(args.model)
    if card is not None:
        facts["card"] = card
        if "sha256" in card:
            facts["card_fits"] = card["sha256"] == facts["sha256"]
    print(json.dumps(facts) if args.json else _text(facts))
    return 0


def _tflite_facts(args: argparse.Namespace) -> dict[str, Any]:
    made = tflite.interpreter(args.model, args.threads)
    facts = {
        "inputs": [_tensor(detail) for detail in made.get_input_details()],
        "outputs": [_tensor(detail) for detail in made.get_output_details()],
        "operators": tflite.operators(args.model),
        "macs": tflite.file_macs(args.model),
        "parameters": tflite.parameters(args.model),
    }
    if args.runs:
        facts["latency"] = {"threads": args.threads} | time_interpreter(made, args.runs)
    return facts


def _tensor(detail: dict[str, Any]) -> dict[str, Any]:
    scale, zero = detail["quantization"]
    shape = [int(side) for side in detail["shape"]]
    facts: dict[str, Any] = {"name": detail["name"], "shape": shape, "dtype": detail["dtype"].__name__}
    return facts | ({"scale": float(scale), "zero_point": int(zero)} if scale else {})


def _keras_facts(args: argparse.Namespace) -> dict[str, Any]:
    from convert.backend import load_keras
    from convert.networks import count_macs, load_model
    from convert.predictors import input_shape

    load_keras(threads=args.threads)
    model = load_model(args.model, args.weights)
    card = read_card(args.model)
    shape = input_shape(model, Preprocess.from_card(card).size if card else 48)
    kinds = [type(layer).__name__ for layer in model.layers]
    facts: dict[str, Any] = {
        "inputs": [{"name": model.inputs[0].name, "shape": list(shape), "dtype": "float32"}],
        "outputs": [{"name": tensor.name, "shape": [1, *tensor.shape[1:]]} for tensor in model.outputs],
        "operators": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
        "macs": count_macs(model, shape[1]),
        "parameters": int(model.count_params()),
    }
    if args.runs:
        blank = np.zeros(shape, np.float32)
        facts["latency"] = {"threads": args.threads} | measure_ms(lambda: model.predict_on_batch(blank), args.runs)
    return facts


def _text(facts: dict[str, Any]) -> str:
    """The facts for people."""
    lines = [
        f"{facts['model']}: {facts['bytes'] / 1024:.0f} KiB, {facts['parameters']:,} parameters, "
        f"{facts['macs'] / 1e6:.1f} M multiply-accumulates",
        f"sha256 {facts['sha256']}",
    ]
    for side in ("inputs", "outputs"):
        for tensor in facts[side]:
            scaled = f", scale {tensor['scale']:.6g} zero {tensor['zero_point']}" if "scale" in tensor else ""
            lines.append(f"{side[:-1]} {tensor['name']} {tensor['shape']} {tensor.get('dtype', '')}{scaled}")
    lines.append("operators " + ", ".join(f"{name} {count}" for name, count in facts["operators"].items()))
    if "latency" in facts:
        lines.append(
            "one run {median_ms:.3f} ms (p5 {p5_ms:.3f}, p95 {p95_ms:.3f}; {threads} thread(s), {runs} runs)".format(
                **facts["latency"]
            )
        )
    if facts.get("card_fits") is False:
        lines.append("the card beside it is of another file: its sha256 differs")
    if "card" in facts:
        lines += ["card", json.dumps(facts["card"], indent=2, ensure_ascii=False)]
    return "\n".join(lines)
