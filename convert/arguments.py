"""Types of command-line options that say what fits, so that nothing unfit gets past the parser."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import field, fields
from typing import Any, TypeVar

from convert.errors import UsageError
from convert.labels import parse_labels


def whole(least: int = 1) -> Callable[[str], int]:
    """A whole number of at least ``least``."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of {least} or more")
        return value

    return read


def number(least: float = 0.0, most: float = math.inf) -> Callable[[str], float]:
    """A number from ``least`` to ``most``."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (least <= value <= most and math.isfinite(value)):
            limits = f"of {least:g} or more" if math.isinf(most) else f"from {least:g} to {most:g}"
            raise argparse.ArgumentTypeError(f"{text!r} is not a number {limits}")
        return value

    return read


share = number(0.0, 1.0)
"""A number from 0 to 1."""


def class_names(text: str) -> tuple[str, ...]:
    """Class names as :func:`convert.labels.parse_labels` reads them."""
    try:
        return parse_labels(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def epoch_and_side(text: str) -> tuple[int, int]:
    """``EPOCH:SIDE``: pictures of SIDE pixels from EPOCH (0 is the first) on."""
    epoch, _, side = text.partition(":")
    try:
        return whole(0)(epoch), whole()(side)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected EPOCH:SIDE, for example 0:36 10:48") from None


def class_offset(text: str) -> tuple[str, float]:
    """``CLASS=LOGIT``: a class's name and what to add to its logit, -5 to 5."""
    name, _, value = text.partition("=")
    try:
        return name, number(-5.0, 5.0)(value)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected CLASS=LOGIT, -5 to 5, for example disgust=0.8") from None


Settings = TypeVar("Settings")


def option(default: Any, kind: Callable[[str], Any] | None = None, about: str = "", *names: str, **more: Any) -> Any:
    """A dataclass's field that is an option of the command line, too: its type, help and further names."""
    return field(default=default, metadata={"names": names, "given": {"type": kind, "help": about} | more})


def add_options(parser: Any, of: type, **defaults: Any) -> None:
    """Add the fields of a dataclass made by :func:`option`; ``defaults`` replace theirs."""
    for one in fields(of):
        names = [f"--{name.replace('_', '-')}" for name in (one.name, *one.metadata["names"])]
        value, given = defaults.get(one.name, one.default), dict(one.metadata["given"])
        if isinstance(one.default, bool):
            del given["type"]
            given["action"] = "store_true"
        elif value is not None:
            given["help"] = f"{given['help']} ({value})".strip()
        parser.add_argument(*names, default=value, **given)


def chosen(of: type[Settings], args: argparse.Namespace) -> Settings:
    """The parsed options as the dataclass that :func:`add_options` took them from."""
    return of(**{one.name: getattr(args, one.name) for one in fields(of)})  # type: ignore[arg-type]
