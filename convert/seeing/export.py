"""From a trained Keras network to int8 TFLite, where need be with its last layer in float."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convert import tflite
from convert.quiet import quiet
from convert.seeing.training import to_input


def convert(net: Any, pictures: np.ndarray, *, float_ends: bool = False) -> bytes:
    """Full int8, batch fixed to 1. ``pictures`` (n, H, W) uint8 set the ranges.

    With ``float_ends`` input and output are float32 and the last dense layer stays float (its
    input is dequantized): 256 steps over a crop would cost half a pixel of every point.
    """
    shown = pictures.copy()
    # Black and white at least once, so that the input's scale is exactly 1/128.
    shown[0].ravel()[:2] = 0, 255
    samples = to_input(shown)
    return _with_float_ends(net, samples) if float_ends else tflite.convert(net, "int8", samples)


def decibels(net: Any, content: bytes, pictures: np.ndarray) -> float:
    """How near a converted network is to its float parent: signal over rounding noise of its outputs, decibels.

    What an output always says is no signal: it is counted as its variance over ``pictures`` (n, H, W) uint8.
    """
    runner, inputs = tflite.Runner(content), to_input(pictures)
    child = np.stack([_together(runner.run(row)) for row in inputs])
    output = net.predict_on_batch(inputs)
    parts = output if isinstance(output, list | tuple) else [output]
    parent = np.stack([_together(rows) for rows in zip(*parts, strict=True)])
    signal, noise = parent.var(axis=0).sum(), np.square(parent - child).mean(axis=0).sum()
    return float(10 * np.log10(max(signal, 1e-12) / max(noise, 1e-12)))


def _together(parts: Sequence[np.ndarray]) -> np.ndarray:
    """All outputs for one picture in a row, by their size: a converter changes their order."""
    return np.concatenate([np.ravel(part) for part in sorted(parts, key=np.size)])


def _with_float_ends(net: Any, samples: np.ndarray) -> bytes:
    import keras
    import tensorflow as tf

    entry = keras.Input(batch_shape=(1, *net.input_shape[1:]))
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(entry, net(entry)))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]

    def shown():
        return ([sample[None]] for sample in samples)

    converter.representative_dataset = shown
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=["FULLY_CONNECTED"])
    with quiet():
        made = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=shown, debug_options=options
        )
        return bytes(made.get_nondebug_quantized_model())
