"""How shut both eyes are: shut eyes told from those that look down."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from convert.arguments import whole
from convert.seeing.eyepair_data import EACH, OUTPUTS, PEOPLE, WIDTH
from convert.seeing.pieces import Draw
from convert.tasks.base import add_data
from convert.tasks.drawn import Drawn, widths

DATA = "*.npz of strips with both eyes that convert.recipes.teacher_mesh wrote"


class EyePair(Drawn):
    """A grey strip with both eyes to their closures and the gaps of their lids."""

    name = "eyepair"
    outputs = OUTPUTS
    values = len(OUTPUTS)
    size = WIDTH
    aspect = 0.5
    stages = "16,16 32,32 64,64"
    loss = "eyepair_loss"

    def add_data(self, parser: argparse.ArgumentParser) -> None:
        add_data(parser.add_argument, data=DATA)
        about = f"drawn people to train on, {EACH} pictures each ({PEOPLE})"
        parser.add_argument("--people", type=whole(0), default=PEOPLE, help=about)

    def add_measured(self, parser: argparse.ArgumentParser) -> None:
        scenes = "folder of scenes with annotated eyes (faces.json, faces/)"
        add_data(parser.add_argument, data=DATA, scenes=scenes)
        parser.add_argument("--people", type=whole(0), default=0, help="drawn people to measure on (0)")

    def network(self, args: argparse.Namespace) -> Any:
        from convert.seeing import nets

        return nets.classifier(args.size, widths(args.stages), self.values, args.dropout, self.height(args))

    def sampler(self, args: argparse.Namespace, net: Any) -> Draw:
        from convert.seeing import eyepair_data

        parts = [eyepair_data.load(args.data, "train"), eyepair_data.drawn(range(args.people))]
        return eyepair_data.sampler(parts, args.size, self.height(args))

    def figures(self, model: Path, args: argparse.Namespace) -> dict[str, Any]:
        from convert.seeing import eyepair_data, eyepair_figures
        from fer_edge.perception.interpreter import Model

        made = Model(model)
        told = {"teacher": eyepair_figures.by_source(made, eyepair_data.load(args.data, args.split))}
        if args.scenes:
            told["scenes"] = eyepair_figures.scenes(made, args.scenes, args.split)
            told["product"] = eyepair_figures.product(model, args.scenes, args.split)
        return told | ({"drawn people": eyepair_figures.drawn(made, args.people)} if args.people else {})


TASK = EyePair()
