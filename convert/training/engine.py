"""The training loop, the same for every task and every Keras engine, on a CPU or a GPU.

A task brings lessons; the loop brings the schedule, averaged weights, early stopping, the best model, a
checkpoint after every epoch and the history. The random numbers of an epoch depend on the seed and the epoch
only, so a resumed run sees what the first would have.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import DataError
from convert.files import replacing
from convert.progress import Progress, spoken
from convert.training import checkpoint, history
from convert.training.average import Average, settle
from convert.training.options import TrainOptions

Batch = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Lessons:
    """What there is to learn.

    ``batches(epoch, rng)`` gives (inputs, targets), of which ``steps`` are an epoch, ``loss(targets, outputs)`` any
    Keras loss of them. ``measure(model)`` gives figures on pictures apart, of which ``monitor`` says which epoch is
    the best (``higher`` or lower); without it the last epoch is kept. ``pictures(rng, count)`` gives inputs, at most
    ``count``, from which batch norm can take statistics; ``settled``: averaged weights get new ones.
    """

    batches: Callable[[int, np.random.Generator], Iterable[Batch]]
    steps: int
    loss: Any
    pictures: Callable[[np.random.Generator, int], NDArray[np.float32]]
    measure: Callable[[Any], dict[str, float]] | None = None
    monitor: str = "val_loss"
    higher: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Pupil:
    """The network to train, and the same one as it is saved (sharing its weights, or taking them: float32).

    ``described(figures)`` writes its card after it was saved.
    """

    model: Any
    saved: Any
    shared: bool = True
    described: Callable[[dict[str, float]], None] = field(default=lambda figures: None)

    def ready(self) -> Any:
        """The saved network with the present weights."""
        if not self.shared:
            self.saved.set_weights(self.model.get_weights())
        return self.saved


def fit(pupil: Pupil, lessons: Lessons, options: TrainOptions, out: Path) -> list[dict[str, float]]:
    """Train and return one row of figures an epoch.

    ``out`` gets ``model.keras`` (the best so far), ``checkpoint.npz``, ``history.csv`` and ``history.png``, each
    whole at any moment.
    """
    _compile(pupil.model, lessons.loss, options)
    average = Average(pupil.model, options.ema) if options.ema else None
    state = _State()
    if options.resume:
        state = _State(**checkpoint.restore(out / checkpoint.NAME, pupil.model, average)["state"])
    total = options.steps or options.epochs * lessons.steps
    epochs = -(-total // lessons.steps)
    progress = Progress(total, min(state.epoch * lessons.steps, total))
    while state.epoch < epochs and not state.stopped(options):
        began = time.monotonic()
        loss, rate = _epoch(pupil.model, lessons, options, average, state, progress, total)
        with average.applied() if average else contextlib.nullcontext():
            if average and lessons.settled and (lessons.measure or state.epoch + 1 == epochs):
                drawn = np.random.default_rng((options.seed, 1 << 30))
                settle(pupil.model, (lessons.pictures(drawn, options.batch) for _ in range(SETTLED)))
            figures = lessons.measure(pupil.ready()) if lessons.measure else {}
            better = not lessons.measure or state.note(figures[lessons.monitor], lessons.higher)
            if better:
                with replacing(out / "model.keras") as beside:
                    pupil.ready().save(beside)
                pupil.described(figures)
        state.after_epoch({"loss": loss, "lr": rate, "seconds": time.monotonic() - began} | figures)
        state.lower_rate(options)
        history.write_csv(out / "history.csv", state.rows)
        history.write_png(out / "history.png", state.rows)
        # Last: an epoch of which anything is missing is learnt again after a kill.
        checkpoint.save(out / checkpoint.NAME, pupil.model, average, {"state": asdict(state)})
        _say(progress, state, epochs, best=better and lessons.measure is not None)
    return state.rows


SETTLED = 60
"""Batches from which averaged weights take batch norm's statistics."""


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


def _compile(model: Any, loss: Any, options: TrainOptions) -> None:
    import keras

    limits = {"clipnorm": options.clip} if options.clip else {}
    decay = options.weight_decay or None
    if options.optimizer == "adam":
        optimizer = keras.optimizers.Adam(options.lr, weight_decay=decay, **limits)
    else:
        optimizer = keras.optimizers.SGD(options.lr, 0.9, nesterov=True, weight_decay=decay, **limits)
    if decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer, loss)


def _epoch(
    model: Any,
    lessons: Lessons,
    options: TrainOptions,
    average: Average | None,
    state: _State,
    progress: Progress,
    total: int,
) -> tuple[float, float]:
    """One pass, or what is left of ``total`` steps; returns the mean loss and the last learning rate."""
    import keras

    keras.utils.set_random_seed(options.seed * 10_007 + state.epoch)
    done = state.epoch * lessons.steps
    _set_draws(model, done)
    rng = np.random.default_rng((options.seed, state.epoch))
    rate, losses = options.lr, []
    batches = itertools.islice(lessons.batches(state.epoch, rng), min(lessons.steps, total - done))
    for step, (inputs, targets) in enumerate(batches):
        rate = options.rate((done + step) / total) * state.factor
        model.optimizer.learning_rate = rate
        losses.append(float(model.train_on_batch(inputs, targets)))
        if not np.isfinite(losses[-1]):
            raise DataError(f"the loss is no longer a number in epoch {state.epoch + 1}; try a lower --lr or --clip 5")
        if average:
            average.step()
        progress.step(f"step {done + step + 1}/{total} loss {np.mean(losses[-50:]):.3f}")
    return float(np.mean(losses)), rate


def _set_draws(model: Any, draws: int) -> None:
    """Let dropout go on from its ``draws``-th draw: off torch, layers count their own, which no weights hold."""
    from keras import ops

    weights = {id(weight) for weight in model.weights}
    for state in (variable for variable in model.variables if id(variable) not in weights):
        state.assign([int(ops.convert_to_numpy(state.value)[0]), draws])


def _say(progress: Progress, state: _State, epochs: int, *, best: bool) -> None:
    row = state.rows[-1]
    skip = {"epoch", "seconds", "lr"}
    figures = "  ".join(f"{name} {value:.4f}" for name, value in row.items() if name not in skip)
    progress.line(
        f"epoch {state.epoch}/{epochs}  {spoken(row['seconds'])}  {figures}"
        f"{'  best' if best else ''}  ({progress.left()} left)"
    )
