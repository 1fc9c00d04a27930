"""Check what works on this machine: camera, models, broker, clock, temperature, permissions, disk.

example:
  fer-edge doctor
  sudo fer-edge doctor --config /etc/fer-edge/config.yaml --json
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict

from fer_edge import config
from fer_edge.commands import checkup, options
from fer_edge.commands.checkup import Finding
from fer_edge.errors import ConfigError, UnavailableError
from fer_edge.settings import Settings

_WIDTH = 14


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_config(parser)
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(args: argparse.Namespace) -> int:
    """Look at everything; 0 where nothing failed, else 69."""
    # What the parts log while they are looked at is told by the findings.
    logging.getLogger("fer_edge").addHandler(logging.NullHandler())
    findings = []
    for finding in examine(args):
        findings.append(finding)
        if not args.json:
            sys.stderr.write(line(finding))
            sys.stderr.flush()
    failed = any(finding.verdict == "fail" for finding in findings)
    if args.json:
        sys.stdout.write(json.dumps({"ok": not failed, "checks": [asdict(finding) for finding in findings]}) + "\n")
        sys.stdout.flush()
    return UnavailableError.exit_code if failed else 0


def examine(args: argparse.Namespace) -> Iterator[Finding]:
    """Every finding, in the order of the checks; a faulty configuration is one, and its defaults are used then."""
    settings = Settings()
    try:
        settings = options.settings(args)
        yield _which(args)
    except ConfigError as wrong:
        for fault in wrong.faults:
            yield Finding("configuration", "fail", fault, "correct it; the checks below use the defaults")
    for check in checkup.CHECKS:
        yield from _one(check, settings)


def _which(args: argparse.Namespace) -> Finding:
    """The file that is judged; one that the service does not use is worth a word."""
    path = args.config or config.find()
    note = "" if args.config else config.why(path)
    says = f"{path or 'built-in defaults'}: valid{f' ({note})' if note else ''}"
    if not args.config and path != config.SERVICE_FILE and config.SERVICE_FILE.is_file():
        return Finding(
            "configuration", "warn", says, f"for the service: fer-edge doctor --config {config.SERVICE_FILE}"
        )
    return Finding("configuration", "ok", says)


def _one(check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except Exception as surprise:  # a doctor does not fall over what it finds
        name = check.__name__
        yield Finding(name, "fail", f"could not be checked: {surprise!r}", "please report it")


def line(finding: Finding) -> str:
    """A finding for a person: verdict, name, what is, what to do."""
    do = f"; {finding.do}" if finding.do else ""
    return f"{finding.verdict:5}{finding.name:{_WIDTH}} {finding.says}{do}\n"
