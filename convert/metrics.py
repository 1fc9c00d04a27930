"""Figures of a classifier from its probabilities: definitions in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]

FLOOR = 1.0 / 512
"""Smallest probability counted in the log loss: half a step of an int8 softmax (1/256)."""


def confusion(predicted: Labels, labels: Labels, classes: int) -> NDArray[np.int64]:
    """Counts of (true row, predicted column)."""
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (labels, predicted), 1)
    return matrix


def log_loss(probabilities: Probabilities, labels: Labels) -> float:
    """Mean negative log probability of the true class, floored at 1/512 (nats)."""
    true = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(true, FLOOR)).mean())


def calibration_error(probabilities: Probabilities, labels: Labels, bins: int = 15) -> float:
    """Expected calibration error: mean gap of confidence and accuracy over equal-width bins."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    gap = np.bincount(place, right - confidence, minlength=bins)
    return float(np.abs(gap).sum() / max(count.sum(), 1))


def per_class(matrix: NDArray[np.int64], classes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 (0 to 1) and support of each class of a confusion matrix."""
    hits = np.diag(matrix).astype(float)
    precision = hits / np.maximum(matrix.sum(axis=0), 1)
    recall = hits / np.maximum(matrix.sum(axis=1), 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    support = matrix.sum(axis=1)
    return {
        name: {
            "precision": round(float(precision[i]), 4),
            "recall": round(float(recall[i]), 4),
            "f1": round(float(f1[i]), 4),
            "support": int(support[i]),
        }
        for i, name in enumerate(classes)
    }


def validation(probabilities: Probabilities, labels: Labels) -> dict[str, float]:
    """The two figures by which trainings are followed and compared."""
    return {
        "val_accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "val_loss": log_loss(probabilities, labels),
    }


def report(probabilities: Probabilities, labels: Labels, classes: Sequence[str]) -> dict[str, Any]:
    """Everything ``evaluate --json`` says about predictions."""
    matrix = confusion(probabilities.argmax(axis=1), labels, len(classes))
    each = per_class(matrix, classes)
    present = [each[name]["f1"] for name in classes if each[name]["support"]]
    return {
        "n": len(labels),
        "accuracy": round(float(np.diag(matrix).sum() / max(len(labels), 1)), 4),
        "macro_f1": round(float(np.mean(present)) if present else 0.0, 4),
        "log_loss": round(log_loss(probabilities, labels), 4),
        "ece": round(calibration_error(probabilities, labels), 4),
        "per_class": each,
        "confusion": matrix.tolist(),
        "labels": list(classes),
    }
