"""One file that holds all a training needs to go on: weights, optimizer, averages, progress."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from convert.errors import DataError, UsageError
from convert.files import read_arrays, replacing
from convert.training.average import Average

NAME = "checkpoint.npz"
"""In the folder of a training."""


def checked(out: Path, *, resume: bool) -> None:
    """Raises UsageError before any work where ``out`` lacks the checkpoint to resume, or holds one to lose."""
    there = (out / NAME).is_file()
    if resume and not there:
        raise UsageError(f"--resume: there is no checkpoint at {out / NAME}")
    if there and not resume:
        raise UsageError(f"--out {out}: contains a training; continue it with --resume, or choose a different --out")


def save(path: Path, model: Any, average: Average | None, progress: dict[str, Any]) -> None:
    """Write the checkpoint whole or not at all; a kill at any moment leaves the one before."""
    from keras import ops

    arrays: dict[str, Any] = {f"model_{i}": np.array(w) for i, w in enumerate(model.get_weights())}
    for index, variable in enumerate(model.optimizer.variables):
        arrays[f"optimizer_{index}"] = np.array(ops.convert_to_numpy(variable.value))
    if average is not None:
        arrays |= {f"average_{i}": w for i, w in enumerate(average.arrays())}
        progress = progress | {"average_steps": average.steps}
    with replacing(path) as beside:
        np.savez(beside, progress=np.array(json.dumps(progress)), **arrays)


def restore(path: Path, model: Any, average: Average | None) -> dict[str, Any]:
    """Put everything back and return the progress. The model must be compiled and of the same build."""
    arrays = read_arrays(path)
    try:
        progress: dict[str, Any] = json.loads(str(arrays.pop("progress")))
    except (ValueError, KeyError):
        raise DataError(f"{path}: not a checkpoint of this program; delete it to start again") from None
    groups = {
        kind: [arrays[f"{kind}_{i}"] for i in range(sum(name.startswith(f"{kind}_") for name in arrays))]
        for kind in ("model", "optimizer", "average")
    }
    model.optimizer.build(model.trainable_variables)
    variables = model.optimizer.variables
    ours = [tuple(weight.shape) for weight in model.weights] + [tuple(v.shape) for v in variables]
    theirs = [array.shape for array in groups["model"] + groups["optimizer"]]
    if ours != theirs:
        raise UsageError(
            f"{path}: the checkpoint is of another network or optimizer; give the same options or another --out"
        )
    model.set_weights(groups["model"])
    for variable, array in zip(variables, groups["optimizer"], strict=True):
        variable.assign(array)
    if average is not None and groups["average"]:
        average.restore(groups["average"], progress["average_steps"])
    return progress
