"""The 68 points of a face: train, quantize, evaluate."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from convert.arguments import share
from convert.seeing import job

DATA_HELP = "folder with points.npz and its pictures, or an .npz with images and points"


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--scenes", type=Path, help="folder of scenes with faces, by --boxes and --taught")
    parser.add_argument("--boxes", type=Path, help="JSON of the scenes' boxes")
    parser.add_argument("--taught", type=Path, help="JSON of five points, from python -m convert.seeing.teach")
    parser.add_argument("--empty", type=Path, help="folder of scenes without a face")
    parser.add_argument("--empty-list", type=Path, help="JSON of those scenes: {file: {split}}")
    parser.add_argument("--calm", type=share, default=0.0, help="share of marked faces shown unvaried (a last stage)")
    parser.add_argument("--doubt", type=Path, help="detector .tflite: what it takes for faces in --empty is shown, too")


def _add_measured(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--sources", help="only these sources, for example helen,afw")


def _build(args: argparse.Namespace) -> Any:
    from convert.seeing import nets

    return nets.regressor(args.size, job.stages(args.stages), 137, args.dropout)


def _sampler(args: argparse.Namespace, _net: Any) -> Any:
    from convert.seeing import faces68, landmarks_data, scenes

    job.together(args, "scenes", "boxes")
    job.together(args, "empty", "empty_list")
    peopled = scenes.load(args.scenes, args.boxes, "train", args.taught) if args.scenes else []
    empty = scenes.load(args.empty, args.empty_list, "train") if args.empty else []
    mistaken = landmarks_data.taken_for_faces(args.doubt, empty) if args.doubt else []
    faces = faces68.load(args.data, "train")
    return landmarks_data.sampler(faces, peopled, empty, args.size, args.seed, mistaken, args.calm)


def _calibration(args: argparse.Namespace, count: int) -> Any:
    from convert.seeing import faces68, landmarks_data

    return landmarks_data.unvaried(faces68.load(args.data, "train"), args.size, count, args.seed)


def _measure(args: argparse.Namespace) -> dict[str, Any]:
    from convert.seeing import faces68, figures

    faces = faces68.load(args.data, args.split)
    if args.sources:
        faces = faces68.subset(faces, tuple(args.sources.split(",")))
    return figures.landmarks(args.model, faces)


JOB = job.Job(
    name="landmarks",
    outputs=(),
    values=137,
    size=96,
    stages="16 32,32 64,64 128,128 96",
    add_data=_add_data,
    build=_build,
    loss="landmark_loss",
    sampler=_sampler,
    add_measured=_add_measured,
    measure=_measure,
    calibration=_calibration,
    float_ends=True,
)
add_arguments = partial(job.add_arguments, JOB)
run = partial(job.run, JOB)
