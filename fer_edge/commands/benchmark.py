"""Frames per second, latency and memory on this machine: where the time of a frame goes.

Speeds of shared or warm machines differ from run to run: compare ratios inside one run.

example:
  fer-edge benchmark --seconds 20
  fer-edge benchmark --source drive.mp4 --json
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from fer_edge.commands import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--json", action="store_true", help="the result as one JSON object on stdout")
    parser.add_argument("--source", metavar="SRC", default="sim:demo", help="what to look at (default: sim:demo)")
    parser.add_argument("--seconds", type=options.seconds, default=10.0, metavar="N", help="how long to measure")
    options.add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from fer_edge.commands.speed import measure

    result = measure(options.settings(args), args.source, args.seconds)
    if args.json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        sys.stdout.write(table(result))
    return 0


def table(result: dict[str, Any]) -> str:
    """The result for a person."""
    machine = result["machine"]
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}; {result['threads']} thread(s)",
        f"{result['source']}: {result['frames']} frames of {result['width']} x {result['height']}, "
        f"a face in {result['faces']:.1%}",
        "",
        f"{'stage':<12}{'share':>7}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'CPU ms a frame':>16}",
    ]
    for name, stage in result["stages"].items():
        lines.append(
            f"{name:<12}{stage['share']:>7.0%}{stage['p50_ms']:>9.3f}{stage['p95_ms']:>9.3f}"
            f"{stage['p99_ms']:>9.3f}{stage['cpu_ms_per_frame']:>16.3f}"
        )
    lines += ["", *(f"{_model_line(model)}" for model in result["models"]), ""]
    lines.append(
        f"{result['fps']:.0f} frames/s, {result['cpu_ms_per_frame']:.2f} ms CPU a frame, "
        f"{result['memory_mb']:.0f} MB; this machine keeps up with {result['sustains_fps']:.0f} frames/s"
    )
    return "\n".join(lines) + "\n"


def _model_line(model: dict[str, Any]) -> str:
    macs = "" if model["macs"] is None else f", {model['macs'] / 1e6:.1f} M MACs"
    return f"{model['name']}: {model['bytes'] / 1000:.0f} kB{macs}, {model['median_ms']:.3f} ms ({model['runtime']})"
