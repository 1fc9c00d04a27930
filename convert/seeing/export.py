"""From a trained Keras network to int8 TFLite, where need be with its last layer in float."""

from __future__ import annotations

from typing import Any

import numpy as np

from convert import tflite
from convert.quiet import quiet


def convert(net: Any, pictures: np.ndarray, *, float_ends: bool = False) -> bytes:
    """Full int8, batch fixed to 1. ``pictures`` (n, H, W) uint8 set the ranges.

    With ``float_ends`` input and output are float32 and the last dense layer stays float (its
    input is dequantized): 256 steps over a crop would cost half a pixel of every point.
    """
    shown = pictures.copy()
    # Black and white at least once, so that the input's scale is exactly 1/128.
    shown[0].ravel()[:2] = 0, 255
    samples = (shown.astype(np.float32) / 128 - 1)[..., None]
    return _with_float_ends(net, samples) if float_ends else tflite.convert(net, "int8", samples)


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
