"""The expression network of @vladmandic/face-api (MIT licence) as a Keras file with its card, to be a teacher.

    npm pack @vladmandic/face-api@1.7.15 && tar xzf vladmandic-face-api-1.7.15.tgz
    python -m convert.recipes.teacher_faceapi package/model TEACHER/faceapi.keras

It was trained by others on pictures that FER2013 has none of: on FER2013 it is worse than other teachers, on
photographs of other cameras it is right about other faces. Its weights are read, none of its code is used.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from convert.errors import ModelError
from convert.files import write_json

SIDE = 112
MEANS = (122.782, 117.001, 104.298)
THEIRS = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
OURS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
BLOCKS = (32, 64, 128, 256)


def weights(folder: Path) -> dict[str, np.ndarray]:
    """The package's weights by name, float32. Raises ModelError where its files are not as expected."""
    listed = folder / "face_expression_model-weights_manifest.json"
    if not listed.is_file():
        raise ModelError(f"{listed}: no such file; give the folder `model` of the unpacked package")
    try:
        return _weights(folder, json.loads(listed.read_text(encoding="utf-8")))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{listed}: not the weights of face-api 1.7.15 ({error})") from None


def _weights(folder: Path, groups: list[Any]) -> dict[str, np.ndarray]:
    (group,) = groups
    raw, at, found = b"".join((folder / part).read_bytes() for part in group["paths"]), 0, {}
    for each in group["weights"]:
        count, rounded = int(np.prod(each["shape"])), each.get("quantization")
        values = np.frombuffer(raw, np.uint8 if rounded else np.float32, count, at).astype(np.float32)
        at += count * (1 if rounded else 4)
        if rounded:
            values = values * np.float32(rounded["scale"]) + np.float32(rounded["min"])
        found[each["name"]] = values.reshape(each["shape"])
    return found


def network(known: dict[str, np.ndarray]) -> Any:
    """The network in Keras: grey pictures (112, 112, 1) of 0 to 255, probabilities in the order of ``OURS``."""
    from keras import Model, layers

    inputs = layers.Input((SIDE, SIDE, 1))
    x = layers.Concatenate()([layers.Rescaling(1 / 255, -mean / 255)(inputs) for mean in MEANS])
    for block, width in enumerate(BLOCKS):
        first = layers.Conv2D if block == 0 else layers.SeparableConv2D
        x = layers.Activation("relu")(first(width, 3, 2, "same", name=f"dense{block}_conv0")(x))
        sums = [x]
        for number in (1, 2, 3):
            sums.append(layers.SeparableConv2D(width, 3, 1, "same", name=f"dense{block}_conv{number}")(x))
            x = layers.Activation("relu")(layers.Add()(sums))
    x = layers.Flatten()(layers.AveragePooling2D(7, 2)(x))
    model = Model(inputs, layers.Dense(len(OURS), "softmax", name="fc")(x))
    for layer in (layer for layer in model.layers if layer.weights):
        name = layer.name.replace("_", "/")
        parts = ("filters", "weights", "depthwise_filter", "pointwise_filter", "bias")
        layer.set_weights([known[f"{name}/{part}"] for part in parts if f"{name}/{part}" in known])
    kernel, bias = model.get_layer("fc").get_weights()
    order = [THEIRS.index(label) for label in OURS]
    model.get_layer("fc").set_weights([kernel[:, order], bias[order]])
    return model


def main(arguments: list[str]) -> int:
    """Write the network and its card; returns the exit status."""
    if len(arguments) != 2:
        print("usage: python -m convert.recipes.teacher_faceapi MODEL_FOLDER OUT.keras", file=sys.stderr)
        return 2
    folder, out = map(Path, arguments)
    try:
        known = weights(folder)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 1
    from convert.backend import load_keras

    load_keras()
    out.parent.mkdir(parents=True, exist_ok=True)
    network(known).save(out)
    shape = {"shape": [1, SIDE, SIDE, 1], "colour": "grey", "scale": 1.0, "offset": 0.0}
    name = "face_expression_model of @vladmandic/face-api 1.7.15 (MIT licence)"
    write_json(out.with_suffix(".json"), {"name": name, "labels": OURS, "input": shape, "output": "probabilities"})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
