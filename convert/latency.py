"""How long one run takes, one input at a time: ``python convert/latency.py MODEL.tflite [RUNS]``.

Needs NumPy and any one TFLite runtime only, so it also runs where nothing else is installed.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any


def measure_ms(run: Callable[[], Any], runs: int = 500) -> dict[str, float]:
    """Median, 5th and 95th percentile of ``runs`` timings in milliseconds, after a warm-up."""
    for _ in range(max(runs // 10, 3)):
        run()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        run()
        times.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(times, n=20, method="inclusive")
    return {
        "median_ms": round(statistics.median(times), 3),
        "p5_ms": round(cuts[0], 3),
        "p95_ms": round(cuts[-1], 3),
        "runs": runs,
    }


def time_interpreter(made: Any, runs: int = 500) -> dict[str, float]:
    """Timings of an allocated TFLite interpreter on inputs of zeros."""
    import numpy as np

    for detail in made.get_input_details():
        made.set_tensor(detail["index"], np.zeros(detail["shape"], detail["dtype"]))
    return measure_ms(made.invoke, runs)


def _alone(path: str, runs: int) -> dict[str, Any]:
    try:
        from ai_edge_litert import interpreter as runtime
    except ImportError:
        from tflite_runtime import interpreter as runtime
    made = runtime.Interpreter(model_path=path, num_threads=1)
    made.allocate_tensors()
    return {"model": path, "runtime": runtime.__name__.split(".")[0], **time_interpreter(made, runs)}


if __name__ == "__main__":
    print(json.dumps(_alone(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 500)))
