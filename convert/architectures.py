"""The networks by name: those of five published expression classifiers, and our own.

``a`` to ``e`` follow the published descriptions (parameters as published where given: a
1,328,743, e 1,004,805). ``edge`` is ours: plain 3x3 convolutions with batch norm and ReLU in
residual pairs, nothing that int8 does badly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from convert.errors import UsageError

KerasModel = Any


@dataclass(frozen=True, slots=True)
class Shape:
    """What a network takes and gives: side in pixels (0: any), channels (1 or 3), classes."""

    size: int = 48
    channels: int = 1
    classes: int = 7

    @property
    def input(self) -> tuple[int | None, int | None, int]:
        """Keras' input shape without the batch."""
        side = self.size or None
        return side, side, self.channels


def build(name: str, shape: Shape, **settings: Any) -> KerasModel:
    """The network ``name``, untrained, ending in a softmax layer named ``probabilities``.

    ``settings`` go to the network's own function (``edge`` takes ``stem``,
    ``stem_stride``, ``widths``, ``blocks`` and ``dropout``). Raises UsageError for an unknown name or setting.
    """
    maker = ARCHITECTURES.get(name)
    if maker is None:
        raise UsageError(f"--arch {name}: must be one of {', '.join(ARCHITECTURES)}")
    try:
        return maker(shape, **settings)
    except (TypeError, ValueError) as error:
        told = f" with {settings}" if settings else ""
        fault = " ".join(str(error).split())[:160]
        raise UsageError(f"--arch {name}: cannot be built{told} for pictures of {shape.input} ({fault})") from None


def _layers() -> Any:
    from keras import layers

    return layers


def _finish(name: str, shape: Shape, x: Any, inputs: Any) -> KerasModel:
    import keras

    layers = _layers()
    x = layers.Dense(shape.classes, name="logits")(x)
    return keras.Model(inputs, layers.Softmax(name="probabilities")(x), name=name.replace("-", "_"))


def _input(shape: Shape) -> Any:
    import keras

    return keras.Input(shape.input, name="face")


PUBLISHED = {
    "a": "32n 32n p d.2 64n 64n p d.2 128n 128n p d.2 256n 256n p d.2 f =64n d.2 =64n d.2",
    "b": "32n 32n p d.25 64n 64n p d.25 128n p d.25 f =128n d.5",
    "c": "32 p 64 p 128 p 128 p f d.25 =256 d.5",
    "d": "64b p d.25 128b5 p d.25 512b p d.25 512b p d.25 f =256b d.25 =512b d.25",
    "e": "64nv p 128nv p 256nv p 256nv p f =128n =64n",
}
"""The published networks, layer by layer.

A number is a convolution of so many filters with ReLU, 3x3 (``5`` after it: 5x5) at full size (``v``: valid), ``=``
before it makes it a dense layer; ``n`` puts batch norm after the ReLU, ``b`` before it; ``p`` is pooling of 2x2, ``f``
flattens, ``d`` drops out a share.
"""


def published(name: str, shape: Shape) -> KerasModel:
    """A network of :data:`PUBLISHED`: A a FER2013 tutorial, B three classes, C a web interface, D seven, E five."""
    x = inputs = _input(shape)
    for word in PUBLISHED[name].split():
        x = _layer(word, x)
    return _finish(name, shape, x, inputs)


def _layer(word: str, x: Any) -> Any:
    layers = _layers()
    match word[0]:
        case "p":
            return layers.MaxPooling2D()(x)
        case "f":
            return layers.Flatten()(x)
        case "d":
            return layers.Dropout(float(word[1:]))(x)
    dense, width, how, kernel = re.fullmatch(r"(=?)(\d+)([nbv]*)(\d*)", word).groups()  # type: ignore[union-attr]
    ends = {"activation": None if "b" in how else "relu"}
    if dense:
        x = layers.Dense(int(width), **ends)(x)
    else:
        x = layers.Conv2D(int(width), int(kernel or 3), padding="valid" if "v" in how else "same", **ends)(x)
    x = layers.BatchNormalization()(x) if "n" in how or "b" in how else x
    return layers.ReLU()(x) if "b" in how else x


def network_c_bottleneck(shape: Shape, *, features: KerasModel | None = None) -> KerasModel:
    """C's second net: a perceptron 512-256-128-64 on frozen "bottleneck" features.

    ``features`` is a trained network whose flattened last feature maps are used and not trained
    any further; without it the feature extractor of ``c`` is frozen as it was initialised.
    """
    import keras

    layers = _layers()
    inputs = _input(shape)
    base = features if features is not None else published("c", shape)
    bottom = keras.Model(base.inputs, _bottleneck(base), name="bottleneck")
    bottom.trainable = False
    x = bottom(inputs, training=False)
    for units in (512, 256, 128, 64):
        x = layers.Dropout(0.3)(layers.Dense(units, activation="relu")(x))
    return _finish("c-bottleneck", shape, x, inputs)


def _bottleneck(base: KerasModel) -> Any:
    """The output of the layer that ends a network's convolutions: its Flatten or global pooling."""
    for layer in reversed(base.layers):
        if type(layer).__name__ in {"Flatten", "GlobalAveragePooling2D"}:
            return layer.output
    raise UsageError(f"{base.name}: no Flatten or GlobalAveragePooling2D layer to take features from")


def network_edge(
    shape: Shape,
    *,
    stem: int = 16,
    stem_stride: int = 1,
    widths: Sequence[int] = (32, 64, 160, 256),
    blocks: Sequence[int] = (1, 2, 1, 1),
    dropout: float = 0.1,
) -> KerasModel:
    """Ours: a stem, then stages of residual pairs, each halving the side, and global pooling.

    The stem is 3x3 at full size, or 5x5 with ``stem_stride`` 2; then the first stage does not
    halve.
    """
    layers = _layers()
    inputs = _input(shape)
    x = _bn_unit(inputs, stem, 3 if stem_stride == 1 else 5, stem_stride)
    for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
        for index in range(count):
            halve = index == 0 and (stage > 0 or stem_stride == 1)
            x = _residual(x, width, 2 if halve else 1)
    x = layers.GlobalAveragePooling2D()(x)
    return _finish("edge", shape, layers.Dropout(dropout)(x), inputs)


def _bn_unit(x: Any, filters: int, kernel: int = 3, stride: int = 1, *, relu: bool = True) -> Any:
    """Convolution without bias, batch norm, ReLU: folds into one int8 operator."""
    layers = _layers()
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return layers.ReLU()(x) if relu else x


def _residual(x: Any, filters: int, stride: int) -> Any:
    layers = _layers()
    y = _bn_unit(_bn_unit(x, filters, 3, stride), filters, relu=False)
    if stride != 1 or x.shape[-1] != filters:
        x = _bn_unit(x, filters, 1, stride, relu=False)
    return layers.ReLU()(layers.Add()([x, y]))


ARCHITECTURES: dict[str, Callable[..., KerasModel]] = {
    **{name: partial(published, name) for name in PUBLISHED},
    "c-bottleneck": network_c_bottleneck,
    "edge": network_edge,
}
"""Every network ``--arch`` knows."""
