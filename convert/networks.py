"""Keras models: open them whoever made them, run them in batches, count what they do."""

from __future__ import annotations

import json
import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert import keras2
from convert.backend import load_keras
from convert.errors import ModelError, UsageError


def load_model(path: Path, weights: Path | None = None) -> Any:
    """A trained model: ``.keras``, ``.h5``, or an architecture ``.json`` with its ``weights``.

    Raises ModelError where a file is missing or damaged.
    """
    keras = load_keras()
    for file in (path, weights):
        if file is not None and file.is_dir():
            raise ModelError(
                f"{file}: is a folder, but a file is expected; convert a SavedModel where it was written: "
                f"tf.keras.models.load_model('{file.name}').save('{file.name}.h5')"
            )
        if file is not None and not file.is_file():
            raise ModelError(f"{file}: no such file")
    if path.suffix.lower() == ".json":
        if weights is None:
            raise UsageError(f"{path}: an architecture needs --weights FILE.weights.h5")
        return _from_architecture(keras, path, weights)
    if path.suffix.lower() not in {".keras", ".h5", ".hdf5"}:
        raise UsageError(f"{path}: a Keras model is a .keras, .h5 or .json file")
    try:
        return _unlisted(keras, _opened(keras, path))
    except Exception as error:  # Keras raises anything from OSError to TypeError here
        if "Lambda" in str(error):
            raise ModelError(
                f"{path}: it has a Lambda layer, Python code in the file, which is not run; build the network with "
                "a layer of Keras in its place (Rescaling, Permute …), load the weights into that and save it again"
            ) from None
        raise ModelError(f"{path}: Keras cannot open it ({_first_line(error)})") from None


def load_same(paths: Sequence[Path], weights: Path | None = None) -> list[Any]:
    """Several trainings of one network. Raises UsageError where they are not."""
    models = [load_model(path, weights) for path in paths]
    shapes = [[weight.shape for weight in model.weights] for model in models]
    for path, own in zip(paths, shapes, strict=True):
        if own != shapes[0]:
            raise UsageError(f"{path}: not the network of {paths[0]}; only weights of the same network can be averaged")
    return models


def average(models: Sequence[Any]) -> Any:
    """The first of these networks with the mean of all their weights, batch norm statistics too.

    They are best trained from the same weights.
    """
    if len(models) > 1:
        every = [model.get_weights() for model in models]
        models[0].set_weights([np.mean(same, axis=0) for same in zip(*every, strict=True)])
    return models[0]


def _opened(keras: Any, path: Path) -> Any:
    try:
        return keras.models.load_model(path, compile=False)
    except Exception:
        model = keras2.opened(path)
        if model is None:
            raise
        return model


def _from_architecture(keras: Any, path: Path, weights: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        told = json.loads(text)
        model = keras2.rebuilt(told) if keras2.wrote(told) else keras.models.model_from_json(text)
    except Exception as error:
        raise ModelError(f"{path}: not a Keras architecture ({_first_line(error)})") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an optimizer's state in the file is of no interest
            model.load_weights(weights)
    except Exception as error:
        raise ModelError(f"{weights}: weights do not fit {path.name} ({_first_line(error)})") from None
    return _unlisted(keras, model)


def _unlisted(keras: Any, model: Any) -> Any:
    """The model itself, or where it lists its one input, as old files do, the same one taking it bare.

    Keras warns at every call of a listed input that is given bare.
    """
    if isinstance(getattr(model, "input", None), list) and len(model.inputs) == len(model.outputs) == 1:
        return keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    return model


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return textwrap.shorten(lines[0] if lines else type(error).__name__, 240, placeholder=" …")


def logits_model(model: Any) -> Any:
    """The same network without its last softmax, sharing all weights; for training."""
    import keras

    return keras.Model(model.input, model.get_layer("logits").output, name=f"{model.name}_logits")


def with_softmax(model: Any) -> Any:
    """The same network, sharing all weights, with a softmax at its end."""
    import keras

    return keras.Model(model.inputs, keras.layers.Softmax()(model.outputs[0]), name=model.name)


def with_mirror(model: Any) -> Any:
    """The mean of what a network says of a picture and of its mirror image, as one network with the same weights.

    Both go through in one pass as a batch of two: twice the work, the same size of file.
    """
    import keras

    side, channels = model.input_shape[1], model.input_shape[-1]
    picture = keras.Input((side, side, channels), name="picture")
    both = keras.ops.concatenate([picture, keras.ops.flip(picture, axis=2)], axis=0)
    said = keras.ops.reshape(model(both), (2, -1, model.output_shape[-1]))
    return keras.Model(picture, keras.ops.mean(said, axis=0), name=model.name)


def predict(model: Any, inputs: NDArray[np.float32], batch: int = 64) -> NDArray[np.float32]:
    """The model's (first) output for all inputs, batch by batch."""
    return predict_all(model, inputs, batch)[0]


def predict_all(model: Any, inputs: NDArray[np.float32], batch: int = 64) -> list[NDArray[np.float32]]:
    """Every output of the model for all inputs, batch by batch."""
    parts = [model.predict_on_batch(inputs[first : first + batch]) for first in range(0, len(inputs), batch)]
    rows = [part if isinstance(part, list | tuple) else [part] for part in parts]
    return [np.concatenate([np.asarray(part) for part in same]).astype(np.float32) for same in zip(*rows, strict=True)]
