"""Where a quantized model loses: each layer's output beside the float model's, on the same pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.tflite import interpreter, quantized, real

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
"""The operators compared: one for each layer with weights, in the same order in both files."""


def signal_to_noise(parent: bytes, child: bytes, inputs: NDArray[np.float32]) -> list[tuple[str, float]]:
    """The name of every layer with weights and its signal over its quantization noise, in decibels.

    ``parent`` is the float32 TFLite model, ``child`` the quantized one, ``inputs`` (N, H, W, C) as
    the float model takes them. Noise adds up from layer to layer: where the figure drops most,
    most is lost. Empty where the two files have not the same layers.
    """
    theirs, ours = (interpreter(model, plain=True, keep=True) for model in (parent, child))
    names, pairs = _layers(theirs, ours)
    signal, noise = np.zeros(len(pairs)), np.zeros(len(pairs))
    for row in inputs:
        for made in (theirs, ours):
            detail = made.get_input_details()[0]
            made.set_tensor(detail["index"], quantized(row[None], detail))
            made.invoke()
        for index, (float_one, int_one) in enumerate(pairs):
            wanted = real(theirs.get_tensor(float_one["index"]), float_one)
            got = real(ours.get_tensor(int_one["index"]), int_one)
            signal[index] += float(np.square(wanted).mean())
            noise[index] += float(np.square(wanted - got).mean())
    decibels = 10 * np.log10(np.maximum(signal, 1e-12) / np.maximum(noise, 1e-12))
    return [(name, round(float(value), 1)) for name, value in zip(names, decibels, strict=True)]


def told(layers: list[tuple[str, float]], most: int = 3) -> str:
    """The layers at which most is lost, in words; empty where nothing is known."""
    before = [layers[0][1]] + [value for _, value in layers[:-1]] if layers else []
    drops = sorted(
        ((last - value, name, value) for (name, value), last in zip(layers, before, strict=True)), reverse=True
    )
    return ", ".join(f"{name} {value:.1f} dB (-{drop:.1f})" for drop, name, value in drops[:most] if drop > 0)


def _layers(theirs: Any, ours: Any) -> tuple[list[str], list[tuple[dict[str, Any], dict[str, Any]]]]:
    outputs = [_outputs(made) for made in (theirs, ours)]
    same = len(outputs[0]) == len(outputs[1]) and all(
        list(a["shape"]) == list(b["shape"]) for a, b in zip(*outputs, strict=False)
    )
    if not same:
        return [], []
    names = [f"{number + 1} {_side(detail)}" for number, detail in enumerate(outputs[0])]
    return names, list(zip(*outputs, strict=True))


def _outputs(made: Any) -> list[dict[str, Any]]:
    details = {detail["index"]: detail for detail in made.get_tensor_details()}
    return [details[int(op["outputs"][0])] for op in made._get_ops_details() if op["op_name"] in WEIGHTED]


def _side(detail: dict[str, Any]) -> str:
    """A layer by what it gives: ``24x24x32``; converters rename them at will."""
    return "x".join(str(int(side)) for side in detail["shape"][1:])
