"""Temperature scaling: probabilities that mean what they say (Guo et al., 2017)."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert import metrics
from convert.predictors import softmax


def halves(count: int, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of two random halves: one to fit the temperature on, one to measure on."""
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[: count // 2]), np.sort(order[count // 2 :])


def fit_temperature(logits: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> float:
    """The temperature (0.2 to 5) by which dividing the logits (N, classes) gives the least log loss.

    Of logits (looks, N, classes) the probabilities of all looks at a picture are averaged.
    """
    low, high = np.log(0.2), np.log(5.0)
    for _ in range(4):
        grid = np.linspace(low, high, 17)
        losses = [_loss(logits / np.exp(value), labels) for value in grid]
        best = int(np.argmin(losses))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 16)]
    return float(np.exp((low + high) / 2))


def _loss(logits: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> float:
    shares = softmax(logits).reshape(-1, *logits.shape[-2:]).mean(axis=0)
    true = shares[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(true, 1e-9)).mean())


def fold(model: Any, temperature: float, bias: NDArray[np.float64] | None = None) -> bool:
    """Add ``bias`` and divide by ``temperature`` in the last dense layer, so its softmax is calibrated.

    False, with nothing changed, where the model does not end in a dense layer and a softmax.
    """
    dense = _last_dense(model)
    if dense is None:
        return False
    weights = dense.get_weights()
    if bias is not None:
        if len(weights) < 2:
            return False
        weights[1] = weights[1] + bias
    dense.set_weights([weight / temperature for weight in weights])
    return True


def calibrate(model: Any, probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float | None:
    """Fit a temperature on one half of the validation pictures and fold it in; None where there is no place for it.

    ``probabilities`` (looks, N, classes) are what the model says of them.
    """
    fitted, _ = halves(len(labels))
    temperature = fit_temperature(np.log(np.maximum(probabilities[:, fitted], 1e-9)), labels[fitted])
    if fold(model, temperature):
        return temperature
    print("no dense softmax at the end: the probabilities stay as trained", file=sys.stderr)
    return None


def figures(
    before: NDArray[np.float32], after: NDArray[np.float32], labels: NDArray[np.int64], temperature: float | None
) -> dict[str, Any]:
    """Calibration error of probabilities (N, classes) on the half that the temperature was not fitted on."""
    _, measured = halves(len(labels))
    return {
        "temperature": None if temperature is None else round(temperature, 4),
        "folded_in": temperature is not None,
        "ece_before": round(metrics.calibration_error(before[measured], labels[measured]), 4),
        "ece_after": round(metrics.calibration_error(after[measured], labels[measured]), 4),
        "measured_on": f"the half of val not used for fitting, {len(measured)} pictures",
    }


def _last_dense(model: Any) -> Any:
    """The dense layer whose output the closing softmax takes, or None."""
    last = model.layers[-1]
    if type(last).__name__ == "Dense":
        return last if _activation(last) == "softmax" else None
    closes = type(last).__name__ == "Softmax" or _activation(last) == "softmax"
    if not closes or len(model.layers) < 2:
        return None
    before = model.layers[-2]
    return before if type(before).__name__ == "Dense" and _activation(before) == "linear" else None


def _activation(layer: Any) -> str:
    return str(getattr(getattr(layer, "activation", None), "__name__", ""))
