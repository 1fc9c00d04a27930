"""One training loop for every network that sees: pictures are drawn, varied and learned from."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from convert import files
from convert.errors import DataError, UsageError

Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]
"""Gives (pictures (n, H, W) uint8, targets (n, K) float32) for a batch of n."""

REPORT_S = 20.0
"""A line of progress this often, seconds."""
SAVE_S = 120.0
"""A checkpoint this often, seconds."""


def to_input(pictures: np.ndarray) -> np.ndarray:
    """uint8 (n, H, W) as the networks take it: (n, H, W, 1) float32 from -1 to 1, 1/128 a level."""
    return (pictures.astype(np.float32) / 128 - 1)[..., None]


def fit(model: keras.Model, draw: Draw, loss: Callable, out: Path, how: dict, seed: int) -> keras.Model:
    """Train for ``how['steps']`` batches of ``how['batch']`` and return the averaged weights' model.

    AdamW, a short warm-up, a cosine down to nothing, and a running average of the weights (which
    is what is kept). ``out`` gets checkpoint.keras and checkpoint.json; where they exist, training
    goes on from there.
    """
    model, done = _resume(model, loss, out, how)
    steps, batch, began, spoke, saved, running = how["steps"], how["batch"], *[time.monotonic()] * 3, 0.0
    for step in range(done, steps):
        rng = np.random.default_rng((seed, step))
        pictures, targets = draw(rng, batch)
        value = float(model.train_on_batch(to_input(pictures), targets))
        if not np.isfinite(value):
            raise DataError(f"the loss is no number any more at step {step + 1}; try a lower --rate")
        running = value if step == done else 0.98 * running + 0.02 * value
        now = time.monotonic()
        if now - spoke > REPORT_S or step == steps - 1:
            pace = (now - began) / (step - done + 1)
            print(
                f"step {step + 1}/{steps}  loss {running:.4f}  {pace * 1e3:.0f} ms  left {pace * (steps - step):.0f} s",
                flush=True,
            )
            spoke = now
        if now - saved > SAVE_S:
            _save(model, out, step + 1, how)
            saved = now
    model.optimizer.finalize_variable_values(model.trainable_variables)
    _settle(model, draw, batch, seed)
    return model


def _settle(model: keras.Model, draw: Draw, batch: int, seed: int) -> None:
    """Batch norm statistics of the averaged weights: forward passes in training mode."""
    for step in range(60):
        pictures, _ = draw(np.random.default_rng((seed, 1 << 30, step)), batch)
        model(to_input(pictures), training=True)


def _compiled(model: keras.Model, loss: Callable, how: dict) -> keras.Model:
    warm = min(300, how["steps"] // 10)
    rate = keras.optimizers.schedules.CosineDecay(
        how["rate"] / 20, how["steps"] - warm, alpha=0.0, warmup_target=how["rate"], warmup_steps=warm
    )
    optimizer = keras.optimizers.AdamW(
        rate,
        weight_decay=how.get("weight_decay", 1e-3),
        use_ema=True,
        ema_momentum=max(0.0, min(0.998, 1 - 2.5 / how["steps"])),
    )
    model.compile(optimizer, loss)
    return model


def _save(model: keras.Model, out: Path, step: int, how: dict) -> None:
    with files.replacing(out / "checkpoint.keras") as beside:
        model.save(beside)
    files.write_json(out / "checkpoint.json", {"step": step, "how": how})


def _resume(model: keras.Model, loss: Callable, out: Path, how: dict) -> tuple[keras.Model, int]:
    mark = out / "checkpoint.json"
    if not mark.is_file():
        return _compiled(model, loss, how), 0
    try:
        saved = keras.models.load_model(out / "checkpoint.keras", custom_objects={loss.__name__: loss})
        progress = json.loads(mark.read_text())
        done, before = int(progress["step"]), progress.get("how", how)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        raise DataError(f"{out}: its checkpoint cannot be read; delete checkpoint.* there to start anew") from None
    if before != how or [weight.shape for weight in saved.weights] != [weight.shape for weight in model.weights]:
        raise UsageError(
            f"{out}: its checkpoint is of another network or schedule; give the same options or another --out"
        )
    print(f"going on from step {done} of {out / 'checkpoint.keras'}", flush=True)
    return saved, done
