"""Makes the benchmark's yardstick: three plain 3x3 int8 convolutions, as fast as the runtime can be.

run: python -m convert.reference fer_edge/benchmark/conv_int8.tflite
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

SIDE, CHANNELS, LAYERS = 24, 64, 3


def main(path: Path) -> None:
    """Write the model and its card. Weights are random: only its speed matters."""
    import keras
    import numpy as np
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    shape = (1, SIDE, SIDE, CHANNELS)
    pictures = keras.Input(batch_shape=shape)
    layer = pictures
    for _ in range(LAYERS):
        layer = keras.layers.Conv2D(CHANNELS, 3, padding="same", activation="relu")(layer)
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(pictures, layer))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    random = np.random.default_rng(0)
    converter.representative_dataset = lambda: ([random.normal(size=shape).astype(np.float32)] for _ in range(20))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    content = converter.convert()
    card = {
        "name": "conv_int8",
        "about": f"{LAYERS} plain 3x3 convolutions of {SIDE}x{SIDE}x{CHANNELS}, int8: what this processor can reach",
        "input": {"shape": list(shape), "dtype": "int8", "scale": 1 / 64, "offset": -2.0},
        "macs": LAYERS * SIDE * SIDE * CHANNELS * CHANNELS * 9,
        "sha256": hashlib.sha256(content).hexdigest(),
        "recipe": "python -m convert.reference",
    }
    path.write_bytes(content)
    path.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
