"""How a network is trained, whatever it learns; and the command-line options for it."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convert.arguments import add_options, chosen, number, option, share, whole


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """Settings of :func:`convert.training.fit`. ``plateau_patience`` and ``patience`` count epochs."""

    epochs: int = option(40, whole(), "passes over the training data")
    steps: int | None = option(None, whole(), "total number of batches, instead of --epochs")
    batch: int = option(64, whole(), "pictures per step")
    optimizer: str = option("sgd", None, "sgd is Nesterov, momentum 0.9", choices=("sgd", "adam"))
    lr: float = option(0.1, number(), "highest learning rate", "rate")
    schedule: str = option(
        "cosine", None, "course of the rate after the warm-up", choices=("cosine", "plateau", "constant")
    )
    warmup: float = option(0.1, share, "cosine: share of all steps in which the rate rises")
    weight_decay: float = option(1e-4, number(), "pull of the weights towards 0, per step")
    clip: float = option(0.0, number(), "limit of the gradient's norm, 0: none")
    plateau_patience: int = option(5, whole(), "plateau: epochs without progress before the rate is cut")
    plateau_factor: float = option(0.5, share, "plateau: the rate is multiplied by it")
    patience: int | None = option(None, whole(), "stop after this many epochs without progress")
    ema: float = option(0.0, share, "decay per step of averaged weights, 0: none")
    precision: str = option(
        "float32", None, "of a training step; the saved model is float32", choices=("float32", "bfloat16")
    )
    seed: int = option(1, whole(0), "of everything drawn at random")
    threads: int | None = option(None, whole(), "CPU threads (all)")
    resume: bool = option(False, None, "continue from OUT/checkpoint.npz")

    def rate(self, done: float) -> float:
        """The learning rate after the share ``done`` (0 to 1) of all steps; flat unless cosine."""
        if self.schedule != "cosine":
            return self.lr
        if done < self.warmup:
            return self.lr * (0.04 + 0.96 * done / self.warmup)
        falling = (done - self.warmup) / (1 - self.warmup)
        return self.lr * max(0.5 * (1 + math.cos(math.pi * falling)), 1e-3)


def add_training_arguments(parser: argparse.ArgumentParser, **defaults: Any) -> None:
    """The options of :class:`TrainOptions`, ``defaults`` in place of its own, and what every training is given."""
    group = parser.add_argument_group("training")
    add_options(group, TrainOptions, **defaults)
    add = group.add_argument
    add("--out", type=Path, required=True, help="folder for the model, history, plots and checkpoint")
    add("--start", "--weights", type=Path, help="start from this model of the same network: .keras, .h5 or .tflite")
    add("--teacher", type=Path, nargs="+", default=[], help="trained models to learn from")
    add("--teacher-weight", type=share, default=0.5, help="weight of the teachers relative to the data's own targets")


def training_options(args: argparse.Namespace) -> TrainOptions:
    """The parsed options as one value."""
    return chosen(TrainOptions, args)
