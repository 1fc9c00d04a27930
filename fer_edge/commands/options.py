"""Options that several commands share."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fer_edge import config
from fer_edge.errors import UsageError
from fer_edge.settings import Settings


def add_config(parser: argparse.ArgumentParser) -> None:
    """``--config`` and ``--set``."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="configuration file (default: ./config.yaml, else /etc/fer-edge/config.yaml; "
        "an installed fer-edge looks in /etc first)",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override a setting, e.g. --set mqtt.port=8883"
    )


def settings(args: argparse.Namespace, given: Mapping[str, object] | None = None) -> Settings:
    """The settings these options name. Raises ConfigError with every fault.

    ``given`` are the values of further options by the setting they stand for, None where one is left out.
    """
    return config.load(args.config or config.find(), args.set, _named(given))


def origins(args: argparse.Namespace, given: Mapping[str, object] | None = None) -> dict[str, str]:
    """Where each of those settings comes from, by its name; those at their default are left out."""
    return config.origins(args.config or config.find(), args.set, _named(given))


def _named(given: Mapping[str, object] | None) -> list[tuple[str, object]]:
    return [(name, value) for name, value in (given or {}).items() if value is not None]


def need_folder(path: Path) -> None:
    """Raises UsageError where a file that is to be written has no folder, or is one."""
    if os.path.isdir(path):  # noqa: PTH112 Path.is_dir raises where the folder may not be entered
        raise UsageError(f"{path}: is a folder; give the name of a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: the folder does not exist; create it first")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raises UsageError where the file that this block writes cannot be written."""
    try:
        yield
    except OSError as fault:
        raise UsageError(f"{path}: cannot be written ({fault.strerror}); choose a different file") from None


def positive(text: str) -> float:
    """A number above 0 of whatever the option counts, as an argparse type."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number above 0 (got {text!r})")
    return value
