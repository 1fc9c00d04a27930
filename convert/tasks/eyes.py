"""Eyes open or closed: train, quantize, evaluate."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from convert.seeing import job


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        help=".npz files of eyes: images, labels (1 open, 0 closed), split",
    )
    parser.add_argument("--faces", type=Path, required=True, help="folder of marked faces (points.npz and pictures)")


def _add_measured(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, required=True, help=".npz of eyes: images, labels (1 open, 0 closed), split"
    )


def _build(args: argparse.Namespace) -> Any:
    from convert.seeing import nets

    return nets.classifier(args.size, job.stages(args.stages), 3, args.dropout)


def _sampler(args: argparse.Namespace, _net: Any) -> Any:
    from convert.seeing import eyes_data, faces68

    return eyes_data.sampler(args.data, faces68.load(args.faces, "train"), args.size)


def _measure(args: argparse.Namespace) -> dict[str, Any]:
    from convert.seeing import eyes_data, figures

    return figures.yes_or_no(args.model, eyes_data.labelled(args.data, args.split), ("open", "closed"))


JOB = job.Job(
    name="eyes",
    outputs=("closed", "openness", "visible"),
    values=3,
    size=32,
    stages="16,24 48,48 96",
    add_data=_add_data,
    build=_build,
    loss="eye_loss",
    sampler=_sampler,
    add_measured=_add_measured,
    measure=_measure,
)
add_arguments = partial(job.add_arguments, JOB)
run = partial(job.run, JOB)
