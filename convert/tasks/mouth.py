"""Mouth wide open or not: train, quantize, evaluate."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from convert.seeing import job

DATA_HELP = ".npz of mouths: images, labels (1 wide open, 0 not), split"


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--faces", type=Path, required=True, help="folder of marked faces (points.npz and pictures)")


def _add_measured(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)


def _build(args: argparse.Namespace) -> Any:
    from convert.seeing import nets

    return nets.classifier(args.size, job.stages(args.stages), 2, args.dropout)


def _sampler(args: argparse.Namespace, _net: Any) -> Any:
    from convert.seeing import faces68, mouth_data

    return mouth_data.sampler(args.data, faces68.load(args.faces, "train"), args.size)


def _measure(args: argparse.Namespace) -> dict[str, Any]:
    from convert.seeing import figures, mouth_data

    return figures.yes_or_no(args.model, mouth_data.labelled(args.data, args.split), ("not", "wide_open"))


JOB = job.Job(
    name="mouth",
    outputs=("wide_open", "visible"),
    values=2,
    size=32,
    stages="16,24 32,48 64",
    add_data=_add_data,
    build=_build,
    loss="mouth_loss",
    sampler=_sampler,
    add_measured=_add_measured,
    measure=_measure,
)
add_arguments = partial(job.add_arguments, JOB)
run = partial(job.run, JOB)
