"""``inspect``: what a model is, what it is made of, and how fast it runs here."""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from convert import tflite
from convert.arguments import class_names, whole
from convert.errors import UsageError
from convert.predictors import card_beside


def add_arguments(parser: argparse.ArgumentParser, _task: None) -> None:
    """The options of ``inspect``."""
    parser.add_argument(
        "model", type=Path, nargs="?", help=".tflite, .keras, .h5, or an architecture .json with --weights"
    )
    parser.add_argument("--weights", type=Path, help="weights of an architecture .json")
    parser.add_argument("--arch", help="instead of a model: this network, untrained, in int8 for 48x48 faces")
    parser.add_argument("--labels", type=class_names, default=class_names("7"), help="of --arch: 7, 5, 3, …")
    parser.add_argument("--colour", choices=("grey", "rgb"), default="grey", help="of --arch")
    parser.add_argument("--runs", type=whole(0), default=500, help="timed runs, 0: none")
    parser.add_argument("--threads", type=whole(), default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: argparse.Namespace, _task: None) -> int:
    """Print what is known of the model; returns 0."""
    if args.model is None and not args.arch:
        raise UsageError("inspect: give a model file or an --arch")
    own = args.model.read_bytes() if args.model and args.model.is_file() else b""
    converted = _untrained(args) if args.arch else _converted(args)
    facts = {"model": args.arch or str(args.model), "bytes": len(own or converted)}
    facts |= {"sha256": hashlib.sha256(own or converted).hexdigest()} | _facts(converted, args)
    card = None if args.arch else card_beside(args.model)
    if card is not None:
        facts["card"] = card
        if "sha256" in card:
            facts["card_fits"] = card["sha256"] == facts["sha256"]
    print(json.dumps(facts) if args.json else _text(facts))
    return 0


def _untrained(args: argparse.Namespace) -> bytes:
    """A network's int8 file: its size, work and speed do not depend on what it has learned."""
    from convert.architectures import Shape, build
    from convert.backend import load_keras

    load_keras("tensorflow", threads=1)
    channels = 1 if args.colour == "grey" else 3
    model = build(args.arch, Shape(48, channels, len(args.labels)))
    samples = np.random.default_rng(0).uniform(-1, 1, (8, 48, 48, channels)).astype(np.float32)
    return tflite.convert(model, "int8", samples)


def _converted(args: argparse.Namespace) -> bytes:
    """The file itself, or a Keras model as TFLite in float32: so both are counted and timed alike."""
    if args.model.suffix.lower() == ".tflite":
        tflite.interpreter(args.model)  # says what is wrong with a file that is none
        return args.model.read_bytes()
    from convert.backend import load_keras
    from convert.networks import load_model

    load_keras("tensorflow", threads=args.threads)
    entry = (card_beside(args.model) or {}).get("input", {})
    return tflite.convert(load_model(args.model, args.weights), "float32", size=entry.get("shape", [1, 48])[1])


def _facts(content: bytes, args: argparse.Namespace) -> dict[str, Any]:
    made = tflite.interpreter(content, args.threads)
    facts = {
        "inputs": [_tensor(detail) for detail in made.get_input_details()],
        "outputs": [_tensor(detail) for detail in made.get_output_details()],
        "operators": tflite.operators(content),
        "macs": tflite.file_macs(content),
        "parameters": tflite.parameters(content),
    }
    if args.runs:
        facts["latency"] = {"threads": args.threads} | _latency(made, args.runs)
    return facts


def _latency(made: Any, runs: int) -> dict[str, float]:
    """Median, 5th and 95th percentile of ``runs`` on an input of zeros, in milliseconds, after a warm-up."""
    for detail in made.get_input_details():
        made.set_tensor(detail["index"], np.zeros(detail["shape"], detail["dtype"]))
    times = []
    for _ in range(runs + max(runs // 10, 3)):
        began = time.perf_counter()
        made.invoke()
        times.append((time.perf_counter() - began) * 1000)
    cuts = np.percentile(times[-runs:], (50, 5, 95)).round(3).tolist()
    return dict(zip(("median_ms", "p5_ms", "p95_ms"), cuts, strict=True)) | {"runs": runs}


def _tensor(detail: dict[str, Any]) -> dict[str, Any]:
    scale, zero = detail["quantization"]
    shape = [int(side) for side in detail["shape"]]
    facts: dict[str, Any] = {"name": detail["name"], "shape": shape, "dtype": detail["dtype"].__name__}
    return facts | ({"scale": float(scale), "zero_point": int(zero)} if scale else {})


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
