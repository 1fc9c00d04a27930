"""Keras to TFLite and back to numbers: conversion, running a file, reading what is in it."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.backend import load_keras
from convert.errors import MissingExtra, ModelError, UsageError
from convert.quiet import quiet

MODES = ("int8", "dynamic", "float16", "float32")


def convert(
    model: Any, mode: str, samples: NDArray[np.float32] | None = None, size: int = 48, *, float_ends: bool = False
) -> bytes:
    """The model as TFLite: batch fixed to 1, one input, any number of outputs.

    ``int8`` quantizes weights per channel and activations from ``samples`` (N, H, W, C, already
    scaled), input and output included. With ``float_ends`` its input and output are float32 and dense
    layers stay float (their input is dequantized): 256 steps over a crop would cost half a pixel of
    every point. ``size`` stands in for sides the model leaves open. Keras must run on TensorFlow
    (:func:`convert.backend.load_keras` with ``"tensorflow"``).
    """
    keras = load_keras("tensorflow")
    import tensorflow as tf

    shape = [side or size for side in model.input_shape[1:-1]]
    entry = keras.Input(batch_shape=(1, *shape, model.input_shape[-1]))
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(entry, model(entry)))
    _set_mode(tf, converter, mode, samples)
    with quiet():
        try:
            if mode == "int8" and float_ends:
                return _with_float_ends(tf, converter)
            return bytes(converter.convert())
        except Exception as error:  # the converter raises whatever MLIR gives it
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise ModelError(f"{model.name}: TensorFlow cannot convert it ({lines[0][:160]})") from None


def _with_float_ends(tf: Any, converter: Any) -> bytes:
    converter.inference_input_type = converter.inference_output_type = tf.float32
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=["FULLY_CONNECTED"])
    made = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=converter.representative_dataset, debug_options=options
    )
    return bytes(made.get_nondebug_quantized_model())


def _set_mode(tf: Any, converter: Any, mode: str, samples: NDArray[np.float32] | None) -> None:
    if mode == "float32":
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if mode == "float16":
        converter.target_spec.supported_types = [tf.float16]
    elif mode == "dynamic":
        # tflite-runtime 2.14 cannot load per-channel dense layers of newer converters
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    elif samples is None or len(samples) == 0:
        raise UsageError("int8 needs representative data: give --data")
    else:
        converter.representative_dataset = lambda: ([sample[None]] for sample in samples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8


def interpreter(model: Path | bytes, threads: int = 1, *, plain: bool = False, keep: bool = False) -> Any:
    """A TFLite interpreter ready to run.

    ``plain`` leaves XNNPACK out, so every operator is seen; ``keep`` leaves every layer's output
    readable after a run.

    Raises ModelError for a file that is missing, damaged or not TFLite.
    """
    name = model if isinstance(model, Path) else "model"
    try:
        content = model.read_bytes() if isinstance(model, Path) else model
    except OSError as error:
        raise ModelError(f"{name}: cannot be read ({error.strerror})") from None
    if content[4:8] != b"TFL3":
        raise ModelError(f"{name}: not a TFLite file")
    kind, resolver = _runtime()
    options = {"experimental_op_resolver_type": resolver.BUILTIN_WITHOUT_DEFAULT_DELEGATES} if plain else {}
    options |= {"experimental_preserve_all_tensors": True} if keep else {}
    try:
        with quiet():
            made = kind(model_content=content, num_threads=threads, **options)
            made.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{name}: the interpreter refuses it ({str(error).splitlines()[0][:160]})") from None
    return made


def _runtime() -> tuple[Any, Any]:
    with contextlib.suppress(ImportError):
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        return Interpreter, OpResolverType
    with contextlib.suppress(ImportError):
        from tflite_runtime.interpreter import Interpreter, OpResolverType

        return Interpreter, OpResolverType
    raise MissingExtra("no TFLite runtime is installed: pip install ai-edge-litert")


class Runner:
    """Runs one TFLite file on float inputs and gives float outputs, whatever it is quantized to."""

    def __init__(self, model: Path | bytes, threads: int = 1) -> None:
        self._made = interpreter(model, threads)
        inputs = self._made.get_input_details()
        if len(inputs) != 1:
            raise ModelError(f"{model if isinstance(model, Path) else 'model'}: it takes {len(inputs)} inputs, not one")
        self.input_detail = inputs[0]
        self.outputs = self._made.get_output_details()
        self.shape = tuple(int(side) for side in self.input_detail["shape"])

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """The first output for every input (N, H, W, C), one at a time as on the device."""
        rows = [self.run(row)[0] for row in inputs]
        return np.stack(rows)

    def run(self, row: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Every output for one input (H, W, C), without the batch axis."""
        self._made.set_tensor(self.input_detail["index"], quantized(row[None], self.input_detail))
        self._made.invoke()
        return [real(self._made.get_tensor(out["index"]), out)[0] for out in self.outputs]


def quantized(values: NDArray[np.float32], detail: dict[str, Any]) -> NDArray[Any]:
    """Real values as the tensor's own type."""
    kind = np.dtype(detail["dtype"])
    scale, zero = detail["quantization"]
    if kind.kind == "f" or not scale:
        return values.astype(kind)
    limits = np.iinfo(kind)
    return np.clip(np.round(values / scale) + zero, limits.min, limits.max).astype(kind)


def real(values: NDArray[Any], detail: dict[str, Any]) -> NDArray[np.float32]:
    """The tensor's values as real numbers."""
    scale, zero = detail["quantization"]
    if values.dtype.kind == "f" or not scale:
        return values.astype(np.float32)
    return ((values.astype(np.float32) - zero) * scale).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operator of a file, and the shapes of what it takes and gives; ``inputs`` are numbers of tensors."""

    name: str
    inputs: list[int]
    takes: list[list[int]]
    gives: list[int]


def operations(model: Path | bytes) -> list[Operation]:
    """The operators of a file in the order in which they run."""
    made = interpreter(model, plain=True)
    shapes = {int(tensor["index"]): [int(n) for n in tensor["shape"]] for tensor in made.get_tensor_details()}
    found = []
    for op in made._get_ops_details():
        inputs = [int(i) for i in op["inputs"]]
        takes = [shapes.get(i, []) for i in inputs]
        found.append(Operation(op["op_name"], inputs, takes, shapes[int(op["outputs"][0])]))
    return found


def operators(model: Path | bytes) -> dict[str, int]:
    """How often each operator stands in the file, by name."""
    return dict(sorted(Counter(op.name for op in operations(model)).items()))


def file_macs(model: Path | bytes) -> int:
    """Multiply-accumulates of one run: convolutions, depthwise ones and dense layers of the file."""
    total = 0
    for op in operations(model):
        match op.name:
            case "CONV_2D":
                total += math.prod(op.takes[1]) * math.prod(op.gives[:3])
            case "DEPTHWISE_CONV_2D":
                total += math.prod(op.takes[1][1:3]) * math.prod(op.gives)
            case "TRANSPOSE_CONV":
                total += math.prod(op.takes[1]) * math.prod(op.takes[2][:3])
            case "FULLY_CONNECTED":
                total += math.prod(op.takes[1][1:]) * math.prod(op.gives)
    return total


def parameters(model: Path | bytes) -> int:
    """Numbers stored in the file's convolutions and dense layers, weights and biases."""
    stored = {
        number: math.prod(shape)
        for op in operations(model)
        if op.name in {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"}
        for number, shape in zip(op.inputs[1:], op.takes[1:], strict=True)
        if number >= 0
    }
    return sum(stored.values())
