"""Mouth wide open or not."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from convert.seeing.pieces import Draw
from convert.tasks.base import add_data
from convert.tasks.drawn import Drawn, widths

DATA = "*mouths with labels: 1 wide open, 0 not"
SCENES = "folder of scenes whose mouths are annotated (faces.json, faces/)"


class Mouth(Drawn):
    """A grey mouth to two probabilities."""

    name = "mouth"
    outputs = ("wide_open", "visible")
    values = 2
    size = 32
    stages = "16,24 32,48 64"
    loss = "mouth_loss"

    def add_data(self, parser: argparse.ArgumentParser) -> None:
        add_data(
            parser.add_argument, data=DATA, faces="*folder of annotated faces (points.npz and pictures)", scenes=SCENES
        )

    def add_measured(self, parser: argparse.ArgumentParser) -> None:
        add_data(parser.add_argument, data=DATA, scenes=SCENES)

    def network(self, args: argparse.Namespace) -> Any:
        from convert.seeing import nets

        return nets.classifier(args.size, widths(args.stages), self.values, args.dropout)

    def sampler(self, args: argparse.Namespace, net: Any) -> Draw:
        from convert.seeing import faces68, mouth_data

        return mouth_data.sampler(args.data, faces68.load(args.faces, "train"), args.scenes, args.size)

    def figures(self, model: Path, args: argparse.Namespace) -> dict[str, Any]:
        from convert.seeing import figures, mouth_data

        told = figures.yes_or_no(model, mouth_data.labelled(args.data, args.split), ("not", "wide_open"), 1)
        return told | ({"scenes": mouth_data.told(model, args.scenes, args.split)} if args.scenes else {})


TASK = Mouth()
