"""From a trained Keras network to an int8 .tflite file and its card."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from convert import files
from convert.errors import MissingExtra
from convert.seeing import nets

INPUT = {"colour": "grey", "scale": 1 / 128, "offset": -1.0, "dtype": "int8"}
"""A grey level becomes level / 128 - 1, which in int8 is the level less 128."""


def convert(net: keras.Model, pictures: Iterable[np.ndarray], *, float_ends: bool = False) -> bytes:
    """Full int8 with int8 input, batch fixed to 1.

    ``pictures`` (H, W) uint8 set the ranges. With ``float_ends`` the last dense layer stays
    float32 (its input is dequantized): 256 steps over a crop would cost half a pixel.
    """
    try:
        import tensorflow as tf
    except ImportError:
        raise MissingExtra("tensorflow is not installed: pip install 'fer-edge[convert]'") from None
    shown = list(pictures)
    # Black to white at least once, so that the input's scale is exactly 1/128.
    shown[0] = shown[0].copy()
    shown[0].ravel()[:2] = 0, 255

    def samples():
        for picture in shown:
            yield [(picture.astype(np.float32) / 128 - 1)[None, ..., None]]

    entry = keras.Input(batch_shape=(1, *net.input_shape[1:]), name="picture")
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(entry, net(entry)))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    if not float_ends:
        converter.inference_output_type = tf.int8
        return bytes(converter.convert())
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=["FULLY_CONNECTED"])
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=samples, debug_options=options
    )
    return bytes(debugger.get_nondebug_quantized_model())


def write(path: Path, content: bytes, net: keras.Model, card: dict[str, Any]) -> None:
    """The .tflite file and, beside it, its card with checksum, size of work and input."""
    size = int(net.input_shape[1])
    whole = {
        **card,
        "input": {"shape": [1, size, size, 1], **INPUT, **card.get("input", {})},
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "macs": nets.macs(net),
        "parameters": int(net.count_params()),
    }
    files.write_bytes(path, content)
    files.write_json(path.with_suffix(".json"), whole)
