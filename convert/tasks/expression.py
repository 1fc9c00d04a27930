"""Expressions of faces, or any other classes of small pictures: train, average, quantize, evaluate."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser, verb: str) -> None:
    """The options of one verb."""
    match verb:
        case "train":
            from convert.classifier.train import add_arguments as add
        case "quantize":
            from convert.classifier.quantize import add_arguments as add
        case "average":
            from convert.classifier.average import add_arguments as add
        case _:
            from convert.classifier.evaluate import add_arguments as add
    add(parser)


def run(verb: str, args: argparse.Namespace) -> int:
    """Carry one verb out."""
    match verb:
        case "train":
            from convert.classifier.train import train as work
        case "quantize":
            from convert.classifier.quantize import quantize as work
        case "average":
            from convert.classifier.average import average as work
        case _:
            from convert.classifier.evaluate import evaluate as work
    return work(args)
