"""The networks have the published sizes, and Keras models of any origin open."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.convert, pytest.mark.filterwarnings("default"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def keras() -> Any:
    from convert.backend import load_keras

    return load_keras("tensorflow")


@pytest.mark.parametrize(
    ("name", "channels", "classes", "parameters"),
    [("a", 3, 7, 1_328_743), ("e", 1, 5, 1_004_805)],
)
def test_published_parameter_counts(keras: Any, name: str, channels: int, classes: int, parameters: int) -> None:
    from convert.architectures import Shape, build

    assert build(name, Shape(48, channels, classes)).count_params() == parameters


@pytest.mark.parametrize("name", ["a", "b", "c", "c-bottleneck", "d", "e", "edge"])
@pytest.mark.parametrize("classes", [7, 5, 3])
def test_every_network_gives_probabilities_for_every_label_set(keras: Any, name: str, classes: int) -> None:
    from convert.architectures import Shape, build
    from convert.networks import logits_model, predict

    model = build(name, Shape(48, 1, classes))
    inputs = np.random.default_rng(0).uniform(-1, 1, (2, 48, 48, 1)).astype(np.float32)
    output = predict(model, inputs)
    assert output.shape == (2, classes)
    assert output.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)
    logits = predict(logits_model(model), inputs)
    powers = np.exp(logits)
    assert powers / powers.sum(axis=1, keepdims=True) == pytest.approx(output, abs=1e-5)


def test_the_bottleneck_net_trains_its_perceptron_only(keras: Any) -> None:
    from convert.architectures import Shape, build

    model = build("c-bottleneck", Shape())
    units = [layer.units for layer in model.layers if type(layer).__name__ == "Dense"]
    assert units == [512, 256, 128, 64, 7]
    assert len(model.trainable_weights) == 2 * len(units)


def test_macs_counted_by_hand(keras: Any) -> None:
    from convert.tflite import convert, file_macs

    layers = keras.layers
    inner = keras.Sequential([keras.Input((8, 8, 4)), layers.DepthwiseConv2D(3, padding="same")])
    model = keras.Sequential(
        [keras.Input((16, 16, 1)), layers.Conv2D(4, 3, 2, padding="same"), inner, layers.Flatten(), layers.Dense(10)]
    )
    assert file_macs(convert(model, "float32")) == 8 * 8 * 9 * 4 + 8 * 8 * 9 * 4 + 8 * 8 * 4 * 10


def test_models_open_from_every_kind_of_file(keras: Any, tmp_path: Path) -> None:
    from convert.architectures import Shape, build
    from convert.networks import load_model, predict

    model = build("c", Shape(classes=3))
    model.save(tmp_path / "m.keras")
    model.save(tmp_path / "m.h5")
    (tmp_path / "m.json").write_text(model.to_json())
    model.save_weights(tmp_path / "m.weights.h5")
    inputs = np.zeros((1, 48, 48, 1), np.float32)
    expected = predict(model, inputs)
    for opened in (
        load_model(tmp_path / "m.keras"),
        load_model(tmp_path / "m.h5"),
        load_model(tmp_path / "m.json", tmp_path / "m.weights.h5"),
    ):
        assert predict(opened, inputs) == pytest.approx(expected, abs=1e-6)


def test_a_model_that_lists_its_one_input_takes_it_bare(keras: Any, tmp_path: Path) -> None:
    from convert.networks import load_model, predict

    bare = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    listed = keras.Model([bare.inputs[0]], [bare.outputs[0]])
    listed.save(tmp_path / "old.keras")
    pictures = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 1)).astype(np.float32)
    opened = load_model(tmp_path / "old.keras")
    assert not isinstance(opened.input, list), "torch warns at every call that gives a listed input bare"
    assert predict(opened, pictures) == pytest.approx(bare(pictures).numpy(), abs=1e-5)


def test_what_is_no_model_is_one_line(keras: Any, tmp_path: Path) -> None:
    from convert.errors import ModelError, UsageError
    from convert.networks import load_model

    (tmp_path / "m.keras").write_bytes(b"nothing")
    (tmp_path / "m.json").write_text(json.dumps({"class_name": "Nothing"}))
    (tmp_path / "w.weights.h5").write_bytes(b"nothing")
    for path, weights in ((tmp_path / "m.keras", None), (tmp_path / "m.json", tmp_path / "w.weights.h5")):
        with pytest.raises(ModelError) as caught:
            load_model(path, weights)
        assert "\n" not in str(caught.value)
        assert path.name in str(caught.value)
    with pytest.raises(UsageError, match="needs --weights"):
        load_model(tmp_path / "m.json")
    with pytest.raises(ModelError, match="no such file"):
        load_model(tmp_path / "gone.keras")


def test_an_unknown_network_or_setting_is_refused(keras: Any) -> None:
    from convert.architectures import Shape, build
    from convert.errors import UsageError

    with pytest.raises(UsageError, match="must be one of a, b, c"):
        build("vgg", Shape())
    with pytest.raises(UsageError, match="cannot be built with"):
        build("a", Shape(), stem=3)
