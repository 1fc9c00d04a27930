"""The 68 points of a face."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from convert.arguments import share
from convert.seeing.pieces import Draw
from convert.tasks.base import add_data, together
from convert.tasks.drawn import Drawn, widths

DATA = "*folder with points.npz and its pictures, or an .npz with images and points"


class Landmarks(Drawn):
    """A grey face to 68 points and whether it is one."""

    name = "landmarks"
    values = 137
    size = 96
    stages = "16 32,32 64,64 128,128 96"
    loss = "landmark_loss"
    float_ends = True

    def add_data(self, parser: argparse.ArgumentParser) -> None:
        add_data(
            parser.add_argument,
            data=DATA,
            scenes="folder of scenes with faces, by --boxes and --taught",
            boxes="JSON of the scenes' boxes",
            taught="JSON of five points, written by teach",
            empty="folder of scenes without a face",
            empty_list="JSON of those scenes: {file: {split}}",
            doubt="detector .tflite; its false faces in --empty are used for training, too",
        )
        parser.add_argument(
            "--calm", type=share, default=0.0, help="share of annotated faces without augmentation (a last stage)"
        )

    def add_measured(self, parser: argparse.ArgumentParser) -> None:
        add_data(parser.add_argument, data=DATA)
        parser.add_argument("--sources", help="only these sources, for example helen,afw")

    def check(self, args: argparse.Namespace) -> None:
        super().check(args)
        together(args, "scenes", "boxes")
        together(args, "empty", "empty_list")

    def network(self, args: argparse.Namespace) -> Any:
        from convert.seeing import nets

        return nets.regressor(args.size, widths(args.stages), self.values, args.dropout)

    def sampler(self, args: argparse.Namespace, net: Any) -> Draw:
        from convert.seeing import faces68, landmarks_data, scenes

        peopled = scenes.load(args.scenes, args.boxes, "train", args.taught) if args.scenes else []
        empty = scenes.load(args.empty, args.empty_list, "train") if args.empty else []
        mistaken = landmarks_data.taken_for_faces(args.doubt, empty) if args.doubt else []
        faces = faces68.load(args.data, "train")
        return landmarks_data.sampler(faces, peopled, empty, args.size, args.seed, mistaken, args.calm)

    def calibration(self, args: argparse.Namespace, net: Any, count: int) -> np.ndarray:
        """Faces as a good camera gives them."""
        from convert.seeing import faces68, landmarks_data

        return landmarks_data.unvaried(faces68.load(args.data, "train"), args.size, count, args.seed)

    def figures(self, model: Path, args: argparse.Namespace) -> dict[str, Any]:
        from convert.seeing import faces68, figures

        faces = faces68.load(args.data, args.split)
        if args.sources:
            faces = faces68.subset(faces, tuple(args.sources.split(",")))
        return figures.landmarks(model, faces)


TASK = Landmarks()
