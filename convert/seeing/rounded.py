"""A shipped .tflite as the start of a training: its rounded weights in a float network of the same shape.

Batch norm is folded into the convolutions of a .tflite. Here it is put back: each norm gets the statistics of what
its convolution gives, and a scale and shift that undo them, so the network says what it said and learns as usual.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from convert import tflite
from convert.errors import UsageError

SETTLED = 512
"""Pictures that are enough for :func:`settle`."""
Layer = tuple[np.ndarray, np.ndarray]
"""Kernel as Keras lays it, and bias, float32."""


def load(net: Any, path: Path) -> None:
    """Fill a network with a .tflite file's weights; norms do nothing but add the bias until :func:`settle`.

    Raises UsageError where the file holds another network.
    """
    stored = _stored(path)
    for layer in net.layers:
        if not isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            continue
        fits = [n for n, (kernel, _) in enumerate(stored) if kernel.shape == tuple(layer.kernel.shape)]
        if not fits:
            raise UsageError(f"--start {path}: not the network these options describe")
        kernel, bias = stored.pop(fits[0])
        norm = _norm_of(net, layer)
        if norm is None:
            layer.set_weights([kernel, bias])
            continue
        layer.set_weights([kernel])
        zeros, ones = np.zeros_like(bias), np.ones_like(bias)
        norm.set_weights([ones * np.sqrt(1 + norm.epsilon), bias, zeros, ones])
    if stored:
        raise UsageError(f"--start {path}: not the network these options describe")


def settle(net: Any, inputs: np.ndarray) -> None:
    """Give every norm the statistics of ``inputs`` (n, H, W, 1), so that training begins where the file ended."""
    pairs = [(layer, norm) for layer in net.layers if (norm := _norm_of(net, layer)) is not None]
    given = keras.Model(net.input, [layer.output for layer, _ in pairs]).predict(inputs, batch_size=32, verbose=0)
    for (_, norm), values in zip(pairs, given, strict=True):
        _, bias, *_ = norm.get_weights()
        mean, variance = values.mean(axis=(0, 1, 2)), values.var(axis=(0, 1, 2))
        norm.set_weights([np.sqrt(variance + norm.epsilon), bias + mean, mean, variance])


def _norm_of(net: Any, layer: Any) -> Any:
    """The batch norm that takes what a convolution gives; None where there is none."""
    if not isinstance(layer, keras.layers.Conv2D):
        return None
    norms = (other for other in net.layers if isinstance(other, keras.layers.BatchNormalization))
    return next((norm for norm in norms if norm.input is layer.output), None)


def _stored(path: Path) -> list[Layer]:
    """Kernels and biases of a file in the order in which they are used."""
    made = tflite.interpreter(path, plain=True)
    details = {int(tensor["index"]): tensor for tensor in made.get_tensor_details()}

    def real(index: int) -> np.ndarray:
        values, how = made.get_tensor(index), details[index]["quantization_parameters"]
        if values.dtype.kind == "f":
            return values.astype(np.float32)
        scales, zeros = (np.asarray(how[name], np.float32) for name in ("scales", "zero_points"))
        if len(scales) > 1:
            across = [1] * values.ndim
            across[how["quantized_dimension"]] = -1
            scales, zeros = scales.reshape(across), zeros.reshape(across)
        return (values.astype(np.float32) - zeros) * scales

    layers = []
    for op in made._get_ops_details():
        inputs = [int(i) for i in op["inputs"]]
        if op["op_name"] == "CONV_2D":
            kernel = real(inputs[1]).transpose(1, 2, 3, 0)
        elif op["op_name"] == "FULLY_CONNECTED":
            kernel = real(inputs[1]).T
        else:
            continue
        bias = real(inputs[2]) if inputs[2] >= 0 else np.zeros(kernel.shape[-1], np.float32)
        layers.append((kernel, bias))
    return layers
