"""Faces in a picture."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from convert.arguments import share
from convert.errors import UsageError
from convert.seeing.pieces import Draw
from convert.tasks.base import add_data, together
from convert.tasks.drawn import Drawn, widths
from fer_edge.perception import grid


class Detector(Drawn):
    """A grey picture to scores and boxes of two grids of cells."""

    name = "detector"
    values = 1 + grid.NUMBERS
    size = 128
    stages = "12 24 48,48 64,64"
    loss = "detector_loss"

    def add_data(self, parser: argparse.ArgumentParser) -> None:
        add_data(
            parser.add_argument,
            data="*folder of pictures with faces",
            boxes="*JSON {file: {boxes: [[x, y, w, h]], ignore, split}}",
            taught="JSON of five points, written by teach",
            empty="folder of pictures without a face",
            empty_list="JSON of those pictures: {file: {split}}",
            faces="folder of annotated faces, to paste into pictures without a face",
        )
        parser.add_argument(
            "--mine", action="store_true", help="with --start: train on its own mistakes on pictures without a face"
        )

    def add_measured(self, parser: argparse.ArgumentParser) -> None:
        add_data(
            parser.add_argument,
            data="*folder of pictures",
            boxes="JSON of their faces' boxes; none: no picture has a face",
            confirm="landmark .tflite that must confirm the face, as in the product",
        )
        parser.add_argument("--score", type=share, default=0.5, help="minimum score of a face (0.5)")
        about = "also search the halves of every picture, as the product does in turn"
        parser.add_argument("--closer", action="store_true", help=about)

    def check(self, args: argparse.Namespace) -> None:
        if len(widths(args.stages)) != 4:
            raise UsageError(f"--stages {args.stages!r}: a detector has four, to strides of 2, 4, 8 and 16 pixels")
        together(args, "empty", "empty_list")

    def network(self, args: argparse.Namespace) -> Any:
        from convert.seeing import nets

        return nets.detector(args.size, widths(args.stages), grid.NUMBERS)

    def deployed(self, net: Any) -> Any:
        """Scores and geometry apart, each with a scale of its own."""
        from convert.seeing import nets

        return nets.two_outputs(net)

    def sampler(self, args: argparse.Namespace, net: Any) -> Draw:
        from convert.seeing import detector_data, faces68, mining, scenes

        peopled = scenes.load(args.data, args.boxes, "train", args.taught)
        empty = scenes.load(args.empty, args.empty_list, "train") if args.empty else []
        faces = faces68.load(args.faces, "train") if args.faces else None
        hard = mining.mistakes(net, empty, args.size, args.seed) if args.mine else []
        return detector_data.sampler(peopled, empty, faces, args.size, hard)

    def figures(self, model: Path, args: argparse.Namespace) -> dict[str, Any]:
        from convert.seeing import figures

        found = figures.detector(model, args.data, args.boxes, args.split, args.score, args.confirm, args.closer)
        return found if args.boxes else {"split": "all"} | found


TASK = Detector()
