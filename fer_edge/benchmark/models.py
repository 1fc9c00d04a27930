"""Each model on its own, against what this processor reaches in plain int8 convolutions in the same run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.perception.interpreter import Model

YARDSTICK = Path(__file__).parent / "conv_int8.tflite"
"""Three plain 3x3 convolutions (convert/reference.py makes it)."""
RUNS = 200


def measure(models: Sequence[Model], *, threads: int, runtime: str) -> dict[str, Any]:
    """Size, MACs, median milliseconds and GMAC/s of each, and the share of the practical limit."""
    limit = _gmac_per_s(Model(YARDSTICK, threads=threads, runtime=runtime))
    return {"limit_gmac_per_s": limit, "models": [_one(model, limit) for model in models]}


def _one(model: Model, limit: float | None) -> dict[str, Any]:
    reached = _gmac_per_s(model)
    return {
        "name": model.name,
        "bytes": model.path.stat().st_size,
        "macs": model.card.get("macs"),
        "median_ms": _median_ms(model),
        "gmac_per_s": reached,
        "of_limit": reached / limit if reached and limit else None,
        "runtime": model.runtime,
    }


def _gmac_per_s(model: Model) -> float | None:
    macs = model.card.get("macs")
    return None if macs is None else macs / _median_ms(model) / 1e6


def _median_ms(model: Model) -> float:
    picture = np.random.default_rng(0).integers(0, 256, model.shape[1:], dtype=np.uint8)
    times = []
    for _ in range(RUNS):
        before = time.perf_counter()
        model.run(picture)
        times.append(time.perf_counter() - before)
    return 1000 * float(np.median(times))
