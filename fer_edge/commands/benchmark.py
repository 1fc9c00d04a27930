"""Measure frames per second, latency and memory on this machine, and how the time per frame is spent.

Speeds on shared or warm machines vary from run to run: compare ratios within one run.

example:
  fer-edge benchmark --seconds 20
  fer-edge benchmark --source drive.mp4 --baseline --json
  fer-edge benchmark --latency --daemon --sustain 30 --scaling --plot cost.png
  fer-edge benchmark --drives 100h --json
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.commands import options
from fer_edge.errors import UsageError

if TYPE_CHECKING:
    from fer_edge.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.add_argument("--source", metavar="SRC", default="sim:demo", help="source of the frames (default: sim:demo)")
    parser.add_argument(
        "--seconds", type=options.positive, default=10.0, metavar="N", help="duration of each measurement (default: 10)"
    )
    parser.add_argument(
        "--fps", type=options.positive, default=30.0, metavar="N", help="frame rate of the camera (default: 30)"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="threads of each model (perception.threads)")
    parser.add_argument("--runtime", choices=("litert", "tflite-runtime"), help="interpreter (perception.runtime)")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="an earlier --json result to compare with")
    parser.add_argument("--plot", type=Path, metavar="OUT.png", help="draw the result: .png, .svg or .pdf")
    more = parser.add_argument_group("further measurements")
    baseline = "compare with a Haar cascade and an expression network in every frame, on the same frames"
    more.add_argument("--baseline", action="store_true", help=baseline)
    more.add_argument("--latency", action="store_true", help="time from a frame to its event at the subscriber")
    more.add_argument("--daemon", action="store_true", help="the daemon as a process: start, CPU and memory at --fps")
    page = "cost of the live page with 0, 1 and 10 viewers, and its first paint"
    more.add_argument("--page", action="store_true", help=page)
    minutes = "with --page: watch for this long and count missed updates"
    more.add_argument("--minutes", type=options.positive, metavar="N", help=minutes)
    more.add_argument("--sustain", type=options.positive, metavar="SECONDS", help="keep up with --fps for this long")
    more.add_argument("--scaling", action="store_true", help="cost by resolution, faces and window length")
    soak = "run at full speed for this long and check memory growth"
    more.add_argument("--soak", type=options.positive, metavar="MINUTES", help=soak)
    drives = parser.add_argument_group("simulated drives, in place of all these")
    hours = "false alarms and missed closures in TIME of simulated driving, e.g. 100h"
    drives.add_argument("--drives", metavar="TIME", help=hours)
    pictures = "render them as pictures for the networks that ship (slow)"
    drives.add_argument("--pictures", action="store_true", help=pictures)
    networks = "without pictures: errors of the shipped eye networks, of the previous ones, or none (default: shipped)"
    drives.add_argument("--networks", choices=("shipped", "before", "ideal"), help=networks)
    drives.add_argument("--seed", type=int, metavar="N", help="random seed (default: 1)")
    options.add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Measure what was asked for and print it."""
    _check(args)
    settings = options.settings(args, {"perception.threads": args.threads, "perception.runtime": args.runtime})
    if args.drives:
        return _drives(args, settings)
    if args.plot:
        from fer_edge.reports import plot

        options.need_folder(args.plot)
        plot.check(args.plot)
    earlier = _earlier(args.compare) if args.compare else None
    result = measure(settings, args)
    from fer_edge.benchmark import tables

    if earlier is not None:
        result["compared"] = tables.compare(result, earlier)
    sys.stdout.write(json.dumps(result) + "\n" if args.json else tables.text(result))
    if args.plot:
        with options.writing(args.plot):
            tables.plot(result, args.plot)
    return 0


def _drives(args: argparse.Namespace, settings: Settings) -> int:
    wanted_h, seed = hours(args.drives), 1 if args.seed is None else args.seed
    progress = _show if sys.stderr.isatty() else _silent
    if args.pictures:
        from fer_edge.benchmark import pictured

        result, lines = pictured.measure(wanted_h, settings, seed, progress), pictured.lines
    else:
        from fer_edge.benchmark import drives

        result, lines = drives.measure(wanted_h, seed, settings, progress, args.networks or "shipped"), drives.lines
    sys.stdout.write((json.dumps(result) if args.json else "\n".join(lines(result))) + "\n")
    return 0


def hours(text: str) -> float:
    """``100h``, ``30m``, ``90s`` or a number of hours. Raises UsageError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([hms]?)\s*", text)
    value = float(match[1]) / {"h": 1, "": 1, "m": 60, "s": 3600}[match[2]] if match else 0.0
    if not 0 < value <= 100_000:
        raise UsageError(f"--drives: give a time like 100h, 30m or 90s (got {text!r})")
    return value


def _show(name: str, share: float) -> None:
    sys.stderr.write(f"\r{name}: {share:4.0%}\x1b[K" + ("\n" if share >= 1 else ""))
    sys.stderr.flush()


def _silent(_name: str, _share: float) -> None:
    """Nobody is watching."""


OF_DRIVES = ("pictures", "networks", "seed")
NOT_OF_DRIVES = ("baseline", "latency", "daemon", "page", "sustain", "scaling", "soak", "compare", "plot")


def _check(args: argparse.Namespace) -> None:
    """Raise UsageError for options that would do nothing together."""
    given = [name for name, value in vars(args).items() if value not in (None, False)]
    if "minutes" in given and "page" not in given:
        raise UsageError("--minutes: only for the live page; add --page")
    for name in given:
        if args.drives and name in NOT_OF_DRIVES:
            raise UsageError(f"--drives: cannot be combined with --{name}")
        if not args.drives and name in OF_DRIVES:
            raise UsageError(f"--{name}: only for simulated drives; add --drives TIME")
    if args.pictures and args.networks:
        raise UsageError("--networks: only for drives without --pictures, which go through the shipped networks")


def measure(settings: Settings, args: argparse.Namespace) -> dict[str, Any]:
    """One part of the result for each thing asked for; speed always."""
    from fer_edge.benchmark import baseline, latency, process, scaling, speed, sustain

    result: dict[str, Any] = {"speed": speed.measure(settings, args.source, args.seconds)}
    if args.baseline:
        result["baseline"] = baseline.measure(settings, args.source)
    if args.latency:
        result["latency"] = latency.measure(settings, args.source, args.seconds, args.fps)
    if args.daemon:
        result["daemon"] = process.measure(settings, args.source, args.seconds, args.fps)
    if args.page:
        from fer_edge.benchmark import page

        result["page"] = page.measure(settings, args.source, args.seconds, args.fps, args.minutes)
    if args.sustain:
        result["sustain"] = sustain.keep_pace(settings, args.source, args.sustain, args.fps)
    if args.scaling:
        result["scaling"] = scaling.measure(settings, args.source)
    if args.soak:
        result["soak"] = sustain.soak(settings, args.source, args.soak)
    return result


_EARLIER = "give a file written by fer-edge benchmark --json"


def _earlier(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as fault:
        raise UsageError(f"--compare {path}: cannot be read ({fault.strerror}); {_EARLIER}") from None
    except ValueError:
        raise UsageError(f"--compare {path}: not JSON; {_EARLIER}") from None
    if not isinstance(found, dict) or "speed" not in found:
        raise UsageError(f"--compare {path}: not a result of a benchmark; {_EARLIER}")
    return found
