"""What the tasks share whose pictures are drawn anew for every batch: those that measure faces, eyes and mouths."""

from __future__ import annotations

import abc
import argparse
import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from convert import plots, tflite
from convert.arguments import share, whole
from convert.backend import load_keras
from convert.card import write_model
from convert.errors import UsageError
from convert.networks import load_model
from convert.preprocess import Preprocess, to_input
from convert.seeing.pieces import Draw
from convert.tasks.base import Export, Task
from convert.training import Lessons
from convert.training.engine import Batch

COMPARED = 200
"""Pictures apart from those that set int8's ranges, on which it is compared with its float parent."""
EPOCH = 250
"""Batches after which there is a line of progress and a checkpoint: pictures drawn anew have no end."""
SHOWN = 48
"""Pictures on the sheet that shows what is learned from."""


class Drawn(Task):
    """A network of one grey picture. ``values`` is how many numbers it gives (a detector: for each cell), ``outputs``
    names them where each has a name, ``loss`` names its loss in :mod:`convert.seeing.losses`, ``size`` is the
    picture's width and ``aspect`` its height in widths.
    """

    outputs: ClassVar[tuple[str, ...]] = ()
    values: ClassVar[int]
    size: ClassVar[int]
    aspect: ClassVar[float] = 1.0
    stages: ClassVar[str]
    loss: ClassVar[str]
    training = {  # noqa: RUF012
        "epochs": 16, "optimizer": "adam", "lr": 2e-3, "warmup": 0.05, "weight_decay": 1e-3, "ema": 0.998,
    }  # fmt: skip

    @abc.abstractmethod
    def sampler(self, args: argparse.Namespace, net: Any) -> Draw:
        """Read the data and give what draws batches of it."""

    def calibration(self, args: argparse.Namespace, net: Any, count: int) -> np.ndarray:
        """Pictures (count, H, W) uint8 for int8's ranges and to compare on: as in training."""
        return self.sampler(args, net)(np.random.default_rng(args.seed), count)[0]

    def deployed(self, net: Any) -> Any:
        """What of the network is shipped."""
        return net

    def add_network(self, parser: argparse.ArgumentParser) -> None:
        add = parser.add_argument_group("network").add_argument
        side = "side" if self.aspect == 1 else "width"
        add("--size", type=whole(), default=self.size, help=f"input {side} in pixels ({self.size})")
        add(
            "--stages", default=self.stages, help=f"widths of the blocks, each stage halves the picture ({self.stages})"
        )
        add("--dropout", type=share, default=0.0)

    def check(self, args: argparse.Namespace) -> None:
        widths(args.stages)

    def card(self, args: argparse.Namespace) -> dict[str, Any]:
        shown = Preprocess(self.height(args), width=args.size)
        return {"task": self.name, "labels": list(self.outputs), "input": shown.card()}

    def height(self, args: argparse.Namespace) -> int:
        """The picture's height in pixels."""
        return round(args.size * self.aspect)

    def lessons(self, args: argparse.Namespace) -> Callable[[Any], Lessons]:
        return lambda net: self._lessons(args, self.sampler(args, net))

    def _lessons(self, args: argparse.Namespace, draw: Draw) -> Lessons:
        from convert.seeing import losses

        shown, _ = draw(np.random.default_rng(args.seed), SHOWN)
        plots.sheet(args.out / "samples.png", list(shown), [""] * SHOWN, 8)

        def batches(_epoch: int, rng: np.random.Generator) -> Iterator[Batch]:
            while True:
                pictures, targets = draw(rng, args.batch)
                yield to_input(pictures), targets

        return Lessons(
            batches,
            EPOCH,
            getattr(losses, self.loss),
            lambda rng, count: to_input(draw(rng, count)[0]),
            settled=True,
        )

    def averaging(
        self, args: argparse.Namespace, card: Mapping[str, Any], net: Any
    ) -> tuple[np.ndarray, Callable[[Any], dict[str, float]] | None]:
        args.size = int(net.input_shape[2])
        return to_input(self.sampler(args, net)(np.random.default_rng(args.seed), args.samples)[0]), None

    def export(self, args: argparse.Namespace, net: Any) -> Export:
        takes = net.input_shape[1:]
        args.size = (takes[1] if len(takes) == 3 else None) or self.size
        if takes != (self.height(args), args.size, 1) or net.output_shape[-1] != self.values:
            kind = "square" if self.aspect == 1 else f"{self.aspect:g} times as high as wide"
            raise UsageError(
                f"{args.models[0]}: takes {net.input_shape} and gives {net.output_shape}; --task {self.name} needs one "
                f"grey picture, {kind}, and {self.values} values"
            )
        pictures = self.calibration(args, net, args.samples + COMPARED)
        compared = to_input(pictures[-COMPARED:])
        # Black and white at least once, so that the input's scale is exactly 1/128.
        pictures[0].ravel()[:2] = 0, 255
        base = self.card(args)
        return Export(
            self.deployed(net),
            to_input(pictures[: args.samples]),
            compared,
            lambda parity: base | {"rounding_db": round(parity.decibels, 1)},
        )

    @contextlib.contextmanager
    def file(self, path: Path) -> Iterator[Path]:
        """A .tflite file of a model for as long as the block lasts: the model itself, or its float network's."""
        if path.suffix == ".tflite":
            yield path
            return
        load_keras("tensorflow")
        net = load_model(path)
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / f"{path.stem}.tflite"
            card = self.card(argparse.Namespace(size=net.input_shape[2]))
            write_model(made, tflite.convert(self.deployed(net), "float32"), card, {})
            yield made

    def measure(self, args: argparse.Namespace) -> dict[str, Any]:
        with self.file(args.model) as model:
            return self.figures(model, args)

    @abc.abstractmethod
    def figures(self, model: Path, args: argparse.Namespace) -> dict[str, Any]:
        """The figures of a finished .tflite."""


def widths(text: str) -> list[list[int]]:
    """``16,24 32`` as [[16, 24], [32]]. Raises UsageError."""
    try:
        stages = [[int(width) for width in stage.split(",")] for stage in text.split()]
    except ValueError:
        stages = []
    if not stages or min(min(stage) for stage in stages) < 1:
        raise UsageError(f"--stages {text!r}: give widths like '16,24 32,48 64'")
    return stages
