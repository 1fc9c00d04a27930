"""Faces in a picture: train, quantize, evaluate."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from convert.arguments import share
from convert.errors import UsageError
from convert.seeing import job
from fer_edge.perception import grid


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder of pictures with faces")
    parser.add_argument("--boxes", type=Path, required=True, help="JSON {file: {boxes: [[x, y, w, h]], ignore, split}}")
    parser.add_argument("--taught", type=Path, help="JSON of five points, from python -m convert.seeing.teach")
    parser.add_argument("--empty", type=Path, help="folder of pictures without a face")
    parser.add_argument("--empty-list", type=Path, help="JSON of those pictures: {file: {split}}")
    parser.add_argument("--faces", type=Path, help="folder of marked faces, to paste into pictures without one")
    parser.add_argument(
        "--mine", action="store_true", help="with --start: show it its own mistakes on pictures without a face"
    )


def _add_measured(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--boxes", type=Path, help="JSON of their faces' boxes; none: no picture has a face")
    parser.add_argument("--score", type=share, default=0.5, help="least score of a face (0.5)")
    parser.add_argument(
        "--confirm", type=Path, help="a landmark .tflite that must see the face, too, as in the product"
    )
    parser.add_argument(
        "--closer", action="store_true", help="look at the halves of every picture, too, as the product does in turn"
    )


def _build(args: argparse.Namespace) -> Any:
    from convert.seeing import nets

    stages = job.stages(args.stages)
    if len(stages) != 4:
        raise UsageError(f"--stages {args.stages!r}: a detector has four, to strides of 2, 4, 8 and 16 pixels")
    return nets.detector(args.size, stages, grid.NUMBERS)


def _sampler(args: argparse.Namespace, net: Any) -> Any:
    from convert.seeing import detector_data, faces68, mining, scenes

    peopled = scenes.load(args.data, args.boxes, "train", args.taught)
    job.together(args, "empty", "empty_list")
    empty = scenes.load(args.empty, args.empty_list, "train") if args.empty else []
    faces = faces68.load(args.faces, "train") if args.faces else None
    hard = mining.mistakes(net, empty, args.size, args.seed) if args.mine else []
    return detector_data.sampler(peopled, empty, faces, args.size, hard)


def _measure(args: argparse.Namespace) -> dict[str, Any]:
    from convert.seeing import figures

    return figures.detector(args.model, args.data, args.boxes, args.split, args.score, args.confirm, args.closer)


def _deployed(net: Any) -> Any:
    from convert.seeing import nets

    return nets.two_outputs(net)


JOB = job.Job(
    name="detector",
    outputs=(),
    values=1 + grid.NUMBERS,
    size=128,
    stages="12 24 48,48 64,64",
    add_data=_add_data,
    build=_build,
    loss="detector_loss",
    sampler=_sampler,
    add_measured=_add_measured,
    measure=_measure,
    deployed=_deployed,
)
add_arguments = partial(job.add_arguments, JOB)
run = partial(job.run, JOB)
