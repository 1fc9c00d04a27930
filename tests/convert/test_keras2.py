"""Networks as Keras 2 saved them: what their files say, and that they answer as the same network of Keras 3 does."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert.backend import load_keras
from convert.errors import ModelError
from convert.networks import load_model, predict

pytestmark = [pytest.mark.convert, pytest.mark.filterwarnings("default"), pytest.mark.timeout(400)]

FACE = {"batch_input_shape": [None, 24, 24, 3], "dtype": "float32", "sparse": False, "ragged": False}


def of_keras_3(keras: Any) -> Any:
    """A network within a network, with layers that Keras 2 told otherwise."""
    layers = keras.layers
    inner = keras.Sequential(
        [
            keras.Input((24, 24, 3), name="crop"),
            layers.DepthwiseConv2D(3, name="depthwise"),
            layers.BatchNormalization(name="normal"),
            layers.SeparableConv2D(4, 3, strides=2, name="separable"),
            layers.GlobalAveragePooling2D(name="mean"),
        ],
        name="inner",
    )
    face = keras.Input((24, 24, 3), name="face")
    said = layers.Dense(3, activation="softmax", name="said")(inner(layers.RandomFlip("horizontal", name="flip")(face)))
    return keras.Model(face, said, name="outer")


def layer(kind: str, name: str, *sources: str, calls: int = 0, **config: Any) -> dict[str, Any]:
    """A layer as the last versions of Keras 2 wrote it, called with what ``sources`` gave at call ``calls``."""
    inbound = [[[source, calls, 0, {}] for source in sources]] if sources else []
    told = {"class_name": kind, "config": {"name": name} | config, "name": name, "inbound_nodes": inbound}
    return {"module": "keras.layers", "registered_name": None} | told


def of_keras_2(inner: str) -> dict[str, Any]:
    """The same, as an architecture of Keras 2; ``inner`` says what kind of network the inner one was."""
    parts = [
        layer("InputLayer", "crop", **FACE),
        layer("DepthwiseConv2D", "depthwise", "crop", kernel_size=[3, 3], groups=1),
        layer("BatchNormalization", "normal", "depthwise", axis=[3]),
        layer(
            "SeparableConv2D", "separable", "normal",
            filters=4, kernel_size=[3, 3], strides=[2, 2], groups=1, kernel_constraint=None,
        ),
        layer("GlobalAveragePooling2D", "mean", "separable"),
    ]  # fmt: skip
    ends = {"input_layers": [["crop", 0, 0]], "output_layers": [["mean", 0, 0]]} if inner == "Functional" else {}
    outer = [
        layer("InputLayer", "face", **FACE),
        layer("RandomFlip", "flip", "face", mode="horizontal", rng_type="stateful"),
        layer(inner, "inner", "flip", layers=parts, **ends),
        layer("Dense", "said", "inner", calls=1, units=3, activation="softmax"),
    ]
    config = {"name": "outer", "layers": outer, "input_layers": [["face", 0, 0]], "output_layers": [["said", 0, 0]]}
    return {"class_name": "Functional", "config": config, "keras_version": "2.15.0", "backend": "tensorflow"}


@pytest.mark.parametrize("inner", ["Functional", "Sequential"])
def test_a_network_of_keras_2_answers_as_it_did(tmp_path: Path, inner: str) -> None:
    keras = load_keras("tensorflow")
    import h5py

    model, told = of_keras_3(keras), of_keras_2(inner)
    pictures = np.random.default_rng(0).uniform(0, 1, (3, 24, 24, 3)).astype(np.float32)
    model.save(tmp_path / "user.h5")
    with h5py.File(tmp_path / "user.h5", "r+") as file:
        file.attrs["model_config"] = json.dumps(told)
    (tmp_path / "user.json").write_text(json.dumps(told))
    wanted = predict(model, pictures)
    assert np.allclose(predict(load_model(tmp_path / "user.h5"), pictures), wanted, atol=1e-6)
    from_architecture = load_model(tmp_path / "user.json", tmp_path / "user.h5")
    assert np.allclose(predict(from_architecture, pictures), wanted, atol=1e-6)


@pytest.mark.parametrize(("version", "group"), [("2.12.0", "_layer_checkpoint_dependencies"), ("2.15.0", "layers")])
def test_a_keras_file_of_keras_2_answers_as_it_did(tmp_path: Path, version: str, group: str) -> None:
    keras = load_keras("tensorflow")
    import h5py

    model = of_keras_3(keras)
    pictures = np.random.default_rng(0).uniform(0, 1, (3, 24, 24, 3)).astype(np.float32)
    model.save_weights(tmp_path / "model.weights.h5")
    with h5py.File(tmp_path / "model.weights.h5", "r+") as file:
        if group != "layers":
            file["layers/sequential"].move("layers", group)
            file.move("layers", group)
    told = {"module": "keras.src.engine.functional", "registered_name": "Functional"} | of_keras_2("Sequential")
    with zipfile.ZipFile(tmp_path / "user.keras", "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version, "date_saved": "2023-11-01@10:00:00"}))
        archive.writestr("config.json", json.dumps(told))
        archive.write(tmp_path / "model.weights.h5", "model.weights.h5")
    assert np.allclose(predict(load_model(tmp_path / "user.keras"), pictures), predict(model, pictures), atol=1e-6)


def test_what_keras_3_cannot_open_is_called_what_it_is(tmp_path: Path) -> None:
    keras = load_keras("tensorflow")
    (tmp_path / "saved").mkdir()
    with pytest.raises(ModelError, match=r"saved: is a folder, .*convert a SavedModel .*save\('saved.h5'\)$"):
        load_model(tmp_path / "saved")
    entry = keras.Input((4,))
    keras.Model(entry, keras.layers.Lambda(lambda x: 2 * x)(entry)).save(tmp_path / "code.keras")
    with pytest.raises(ModelError, match=r"code.keras: it has a Lambda layer, .*save it again$"):
        load_model(tmp_path / "code.keras")
