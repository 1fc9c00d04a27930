"""Makes the benchmark's yardstick: three plain 3x3 int8 convolutions, as fast as the runtime can be.

run: python -m convert.reference fer_edge/benchmark/conv_int8.tflite
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from convert.backend import load_keras
from convert.tflite import convert

SIDE, CHANNELS, LAYERS = 24, 64, 3


def main(path: Path) -> None:
    """Write the model and its card. Weights are random: only its speed matters."""
    keras = load_keras("tensorflow")
    keras.utils.set_random_seed(0)
    layer = pictures = keras.Input((SIDE, SIDE, CHANNELS))
    for _ in range(LAYERS):
        layer = keras.layers.Conv2D(CHANNELS, 3, padding="same", activation="relu")(layer)
    samples = np.random.default_rng(0).normal(size=(20, SIDE, SIDE, CHANNELS)).astype(np.float32)
    content = convert(keras.Model(pictures, layer), "int8", samples)
    card = {
        "name": "conv_int8",
        "about": f"{LAYERS} plain 3x3 convolutions of {SIDE}x{SIDE}x{CHANNELS}, int8: what this processor can reach",
        "input": {"shape": [1, SIDE, SIDE, CHANNELS], "dtype": "int8", "scale": 1 / 64, "offset": -2.0},
        "macs": LAYERS * SIDE * SIDE * CHANNELS * CHANNELS * 9,
        "sha256": hashlib.sha256(content).hexdigest(),
        "recipe": "python -m convert.reference",
    }
    path.write_bytes(content)
    path.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
