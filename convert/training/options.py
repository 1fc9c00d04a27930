"""How a network is trained, whatever it learns; and the command-line options for it."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from convert.arguments import number, share, whole


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """Settings of :func:`convert.training.fit`.

    ``lr`` is the highest learning rate; ``warmup`` the share of all steps it rises over;
    ``plateau_patience``, ``patience`` (early stopping) and ``epochs`` count epochs; ``ema`` is
    the decay of the averaged weights per step (0: none); ``clip`` a limit on the gradient's norm
    (0: none).
    """

    epochs: int = 40
    batch: int = 64
    optimizer: str = "sgd"
    lr: float = 0.1
    schedule: str = "cosine"
    warmup: float = 0.1
    weight_decay: float = 1e-4
    clip: float = 0.0
    plateau_patience: int = 5
    plateau_factor: float = 0.5
    patience: int | None = None
    ema: float = 0.0
    precision: str = "float32"
    seed: int = 1
    threads: int | None = None
    resume: bool = False

    def rate(self, done: float) -> float:
        """The learning rate after the share ``done`` (0 to 1) of all steps; flat unless cosine."""
        if self.schedule != "cosine":
            return self.lr
        if done < self.warmup:
            return self.lr * (0.04 + 0.96 * done / self.warmup)
        falling = (done - self.warmup) / (1 - self.warmup)
        return self.lr * max(0.5 * (1 + math.cos(math.pi * falling)), 1e-3)


def add_training_arguments(parser: argparse.ArgumentParser, **defaults: Any) -> None:
    """The options of :class:`TrainOptions`; ``defaults`` replace its values for one task."""
    base = TrainOptions(**defaults)
    group = parser.add_argument_group("training")
    add = group.add_argument
    add("--epochs", type=whole(), default=base.epochs, help="passes over the training data")
    add("--batch", type=whole(), default=base.batch, help="pictures per step")
    add("--optimizer", choices=("sgd", "adam"), default=base.optimizer, help="sgd is Nesterov, momentum 0.9")
    add("--lr", type=number(), default=base.lr, help="highest learning rate")
    add("--schedule", choices=("cosine", "plateau", "constant"), default=base.schedule)
    add("--warmup", type=share, default=base.warmup, help="share of all steps the cosine first rises over")
    add("--weight-decay", type=number(), default=base.weight_decay)
    add("--clip", type=number(), default=base.clip, help="limit of the gradient's norm, 0: none")
    add("--plateau-patience", type=whole(), default=base.plateau_patience, help="epochs before the rate is cut")
    add("--plateau-factor", type=share, default=base.plateau_factor)
    add("--patience", type=whole(), default=base.patience, help="stop after so many epochs without progress")
    add("--ema", type=share, default=base.ema, help="decay per step of averaged weights, 0: none")
    add("--precision", choices=("float32", "bfloat16"), default=base.precision)
    add("--seed", type=whole(0), default=base.seed)
    add("--threads", type=whole(), default=base.threads, help="CPU threads (all)")
    add("--resume", action="store_true", default=base.resume, help="go on from OUT/checkpoint.npz")
    add("--out", type=Path, required=True, help="folder for the model, history, plots and checkpoint")


def training_options(args: argparse.Namespace) -> TrainOptions:
    """The parsed options as one value."""
    return TrainOptions(**{field.name: getattr(args, field.name) for field in fields(TrainOptions)})
