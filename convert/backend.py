"""Which engine Keras runs on, decided once, before Keras is imported.

Training takes ``KERAS_BACKEND`` where set, else torch where installed, else TensorFlow.
Conversion to TFLite always needs TensorFlow.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import sys
from typing import Any

from convert.errors import MissingExtra, UsageError
from convert.fused import fuse_layers
from convert.quiet import quiet

BACKENDS = ("torch", "tensorflow", "jax")
"""Engines, in the order in which they are taken where none is asked for."""
HINT = "in the checkout: pip install -e '.[convert]'"


def load_keras(backend: str | None = None, *, threads: int | None = None) -> Any:
    """Import Keras on ``backend`` (torch, tensorflow, jax) with ``threads`` CPU threads.

    Raises MissingExtra where Keras or the engine is not installed, UsageError where Keras
    already runs on another engine in this process.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    name = backend or os.environ.get("KERAS_BACKEND") or _installed_backend()
    if name not in BACKENDS:
        raise UsageError(f"KERAS_BACKEND={name}: must be one of {', '.join(BACKENDS)}")
    os.environ["KERAS_BACKEND"] = name
    _limit_threads(name, threads)
    try:
        with quiet():  # Keras looks for TensorFlow on every engine, and it greets at length
            if importlib.util.find_spec("tensorflow"):
                importlib.import_module("tensorflow")
            import keras
    except ImportError as error:
        raise MissingExtra(f"{error.name or 'keras'} is not installed: {HINT}") from None
    if keras.backend.backend() != name:
        raise UsageError(f"Keras already runs on {keras.backend.backend()} in this process, not on {name}")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it advises on speed in the midst of our lines
    if name == "torch":
        fuse_layers()
    return keras


def _installed_backend() -> str:
    for module in BACKENDS:
        if importlib.util.find_spec(module):
            return module
    raise MissingExtra(f"Keras needs torch, tensorflow or jax: {HINT}")


def _limit_threads(name: str, threads: int | None) -> None:
    if threads is None:
        return
    os.environ["OMP_NUM_THREADS"] = str(threads)
    try:
        if name == "torch":
            import torch

            torch.set_num_threads(threads)
        elif name == "tensorflow" and "tensorflow" not in sys.modules:
            with quiet():
                import tensorflow as tf

            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
    except ImportError:
        raise MissingExtra(f"{name} is not installed: {HINT}") from None
