"""Eyes shut, lowered, narrowed or open, and where they look: train, quantize, evaluate."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from convert.arguments import whole
from convert.seeing import job

PEOPLE, EACH, FIRST_HELD = 260, 18, 5000
"""Drawn people to learn from, pictures of each, and the number from which people are kept for validation."""


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        help=".npz files of eyes: images, labels (1 open, 0 closed), split",
    )
    parser.add_argument("--faces", type=Path, required=True, help="folder of marked faces (points.npz and pictures)")
    parser.add_argument("--masks", type=Path, help=".npz of eyes with marked white, iris and pupil")
    parser.add_argument("--glasses", type=Path, help="folder of faces with and without dark glasses (labels.csv)")
    parser.add_argument("--scenes", type=Path, help="folder of scenes whose eyes are marked (faces.json, faces/)")
    parser.add_argument(
        "--people", type=whole(0), default=PEOPLE, help=f"drawn people to learn from, {EACH} pictures each ({PEOPLE})"
    )


def _add_measured(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, required=True, help=".npz of eyes: images, labels (1 open, 0 closed), split"
    )
    parser.add_argument("--faces", type=Path, help="marked faces: states drawn on their eyes are measured, too")
    parser.add_argument("--masks", type=Path, help="eyes with marked parts: states and gaze are measured on them, too")
    parser.add_argument("--glasses", type=Path, help="faces with and without dark glasses: who can be judged")
    parser.add_argument("--scenes", type=Path, help="scenes with marked eyes: what each kind is called")
    parser.add_argument("--people", type=whole(0), default=0, help="drawn people to measure gaze and states on (0)")


def _build(args: argparse.Namespace) -> Any:
    from convert.seeing import nets

    return nets.eyes(args.size, job.stages(args.stages), args.dropout)


def _sampler(args: argparse.Namespace, _net: Any) -> Any:
    from convert.seeing import eyes_data, eyes_scenes, faces68

    faces = faces68.load(args.faces, "train")
    close, wide = (*args.data, None)[:2]
    marked = eyes_data.marked(faces)
    masks = eyes_data.masks(args.masks, "train") if args.masks else []
    groups = {
        "close": eyes_data.labelled(close, "train"),
        "wide": eyes_data.labelled(wide, "train") if wide else [],
        "marked": marked,
        "video": eyes_data.video(faces),
        "masks": masks,
        "low": eyes_data.low([*marked, *masks]),
        "glasses": [eye for eye, _ in eyes_data.glasses(args.glasses, "train")] if args.glasses else [],
        "scenes": eyes_scenes.to_learn_from(args.scenes) if args.scenes else [],
        "drawn": eyes_data.drawn(range(args.people), EACH),
    }
    return eyes_data.sampler(groups, eyes_data.no_eye(faces), args.size)


def _measure(args: argparse.Namespace) -> dict[str, Any]:
    from convert.seeing import eyes_data, eyes_figures, figures

    told = figures.yes_or_no(args.model, eyes_data.labelled(args.data, args.split), ("open", "closed"))
    return {**told, **eyes_figures.measure(args)}


JOB = job.Job(
    name="eyes",
    outputs=("shut", "lowered", "narrowed", "open", "openness", "visible", "told", "gaze_yaw", "gaze_pitch"),
    values=9,
    size=40,
    stages="16,24 48,48 80",
    add_data=_add_data,
    build=_build,
    loss="eye_loss",
    sampler=_sampler,
    add_measured=_add_measured,
    measure=_measure,
    float_ends=True,
)
add_arguments = partial(job.add_arguments, JOB)
run = partial(job.run, JOB)
