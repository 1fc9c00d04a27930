"""Report every error in a configuration file, with its line.

example:
  fer-edge check-config /etc/fer-edge/config.yaml
  fer-edge check-config --defaults > config.yaml
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from fer_edge import config
from fer_edge.errors import ConfigError, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="default: ./config.yaml, else /etc/fer-edge/config.yaml; an installed fer-edge looks in /etc first",
    )
    # The other commands have this option: whoever is used to it is not sent away.
    parser.add_argument("--config", dest="also", type=Path, metavar="FILE", help="the same as FILE")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a setting")
    parser.add_argument("--json", action="store_true", help="print errors as JSON")
    parser.add_argument("--defaults", action="store_true", help="print every setting at its default as YAML")
    parser.add_argument("--markdown", action="store_true", help="print every setting, explained, as Markdown")


def run(args: argparse.Namespace) -> int:
    """Check, print the verdict, and return 0 or 78."""
    if args.defaults:
        sys.stdout.write(config.template())
        return 0
    if args.markdown:
        from fer_edge.config.handbook import markdown

        sys.stdout.write(markdown())
        return 0
    if args.file and args.also:
        raise UsageError(f"--config {args.also}: {args.file} is given, too; give only one of them")
    path = args.file or args.also or config.find()
    faults: list[str] = []
    try:
        config.load(path, args.set)
    except ConfigError as wrong:
        faults = wrong.faults
    if args.json:
        sys.stdout.write(json.dumps({"file": str(path) if path else None, "ok": not faults, "faults": faults}) + "\n")
    elif faults:
        sys.stderr.write("\n".join(faults) + "\n")
    else:
        note = "" if args.file or args.also else config.why(path)
        sys.stderr.write(f"{path or 'built-in defaults'}: valid{f' ({note})' if note else ''}\n")
    return ConfigError.exit_code if faults else 0
