"""The training loop, the same for every task and every Keras engine.

A task brings batches and a way to measure; the loop brings the schedule, averaged weights, early
stopping, the best model, a checkpoint after every epoch and the history. The random numbers of
an epoch depend on the seed and the epoch only, so a resumed run sees what the first would have.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import DataError
from convert.files import replacing
from convert.progress import Progress, spoken
from convert.training import checkpoint, history
from convert.training.average import Average
from convert.training.options import TrainOptions

Batch = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Task:
    """What :func:`fit` trains.

    ``model`` is trained with ``loss`` (any Keras loss); ``saved`` is written when the figure
    ``monitor`` of ``measure()`` gets better (it shares the model's weights; None: the model
    itself). ``batches(epoch, rng)`` gives the epoch's (inputs, targets). ``higher`` says which way
    is better.
    """

    model: Any
    loss: Any
    batches: Callable[[int, np.random.Generator], Iterable[Batch]]
    steps: int
    measure: Callable[[], dict[str, float]]
    monitor: str
    higher: bool = True
    saved: Any = None
    described: Callable[[dict[str, float]], None] = field(default=lambda figures: None)


def fit(task: Task, options: TrainOptions, out: Path) -> list[dict[str, float]]:
    """Train and return one row of figures an epoch.

    ``out`` gets ``model.keras`` (the best so far), ``checkpoint.npz``, ``history.csv`` and
    ``history.png``, each whole at any moment. ``task.described(figures)`` is called after each
    better model was written, to write its card.
    """
    _compile(task, options)
    average = Average(task.model, options.ema) if options.ema else None
    state = _State()
    if options.resume:
        state = _State(**checkpoint.restore(out / checkpoint.NAME, task.model, average)["state"])
    total = options.epochs * task.steps
    progress = Progress(total, state.epoch * task.steps)
    while state.epoch < options.epochs and not state.stopped(options):
        began = time.monotonic()
        loss, rate = _epoch(task, options, average, state, progress)
        with average.applied() if average else contextlib.nullcontext():
            figures = task.measure()
            better = state.note(figures[task.monitor], task.higher)
            if better:
                _save_model(task, out / "model.keras")
                task.described(figures)
        state.after_epoch({"loss": loss, "lr": rate, "seconds": time.monotonic() - began} | figures)
        state.lower_rate(options)
        history.write_csv(out / "history.csv", state.rows)
        history.write_png(out / "history.png", state.rows)
        # Last: an epoch of which anything is missing is learnt again after a kill.
        checkpoint.save(out / checkpoint.NAME, task.model, average, {"state": state.as_dict()})
        _say(progress, state, options, better)
    return state.rows


@dataclass(slots=True)
class _State:
    """Where a training is; goes into the checkpoint."""

    epoch: int = 0
    best: float | None = None
    since_best: int = 0
    since_cut: int = 0
    factor: float = 1.0
    rows: list[dict[str, float]] = field(default_factory=list)

    def note(self, value: float, higher: bool) -> bool:
        """Take an epoch's figure in; True where it is the best so far."""
        better = self.best is None or (value > self.best if higher else value < self.best)
        self.best = value if better else self.best
        self.since_best = 0 if better else self.since_best + 1
        self.since_cut = 0 if better else self.since_cut + 1
        return better

    def after_epoch(self, figures: dict[str, float]) -> None:
        self.epoch += 1
        self.rows.append({"epoch": float(self.epoch)} | figures)

    def lower_rate(self, options: TrainOptions) -> None:
        if options.schedule == "plateau" and self.since_cut >= options.plateau_patience:
            self.factor *= options.plateau_factor
            self.since_cut = 0

    def stopped(self, options: TrainOptions) -> bool:
        return options.patience is not None and self.since_best >= options.patience

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def _compile(task: Task, options: TrainOptions) -> None:
    import keras

    limits = {"clipnorm": options.clip} if options.clip else {}
    decay = options.weight_decay or None
    if options.optimizer == "adam":
        optimizer = keras.optimizers.Adam(options.lr, weight_decay=decay, **limits)
    else:
        optimizer = keras.optimizers.SGD(options.lr, 0.9, nesterov=True, weight_decay=decay, **limits)
    if decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    task.model.compile(optimizer, task.loss)


def _epoch(
    task: Task, options: TrainOptions, average: Average | None, state: _State, progress: Progress
) -> tuple[float, float]:
    """One pass; returns the mean loss and the last learning rate."""
    import keras

    keras.utils.set_random_seed(options.seed * 10_007 + state.epoch)
    _set_draws(task.model, state.epoch * task.steps)
    rng = np.random.default_rng((options.seed, state.epoch))
    total, rate, losses = options.epochs * task.steps, options.lr, []
    for step, (inputs, targets) in enumerate(task.batches(state.epoch, rng)):
        rate = options.rate((state.epoch * task.steps + step) / total) * state.factor
        task.model.optimizer.learning_rate = rate
        losses.append(float(task.model.train_on_batch(inputs, targets)))
        if not np.isfinite(losses[-1]):
            raise DataError(f"the loss is no number any more in epoch {state.epoch + 1}; try a lower --lr or --clip 5")
        if average:
            average.step()
        progress.step(f"epoch {state.epoch + 1}/{options.epochs} loss {np.mean(losses[-50:]):.3f}")
    return float(np.mean(losses)), rate


def _set_draws(model: Any, draws: int) -> None:
    """Let dropout go on from its ``draws``-th draw: off torch, layers count their own, which no weights hold."""
    from keras import ops

    weights = {id(weight) for weight in model.weights}
    for state in (variable for variable in model.variables if id(variable) not in weights):
        state.assign([int(ops.convert_to_numpy(state.value)[0]), draws])


def _save_model(task: Task, path: Path) -> None:
    with replacing(path) as beside:
        (task.saved or task.model).save(beside)


def _say(progress: Progress, state: _State, options: TrainOptions, better: bool) -> None:
    row = state.rows[-1]
    skip = {"epoch", "seconds", "lr"}
    figures = "  ".join(f"{name} {value:.4f}" for name, value in row.items() if name not in skip)
    progress.line(
        f"epoch {state.epoch}/{options.epochs}  {spoken(row['seconds'])}  {figures}"
        f"{'  best' if better else ''}  ({progress.left()} left)"
    )
