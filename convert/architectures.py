"""The networks by name: those of five published expression classifiers, and our own.

``a`` to ``e`` follow the published descriptions (parameters as published where given: a
1,328,743, e 1,004,805). ``edge`` is ours: plain 3x3 convolutions with batch norm and ReLU in
residual pairs, nothing that int8 does badly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
        raise UsageError(f"--arch {name}: none of {', '.join(ARCHITECTURES)}")
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


def _conv_unit(x: Any, filters: int, kernel: int = 3, padding: str = "same") -> Any:
    """Convolution with bias, ReLU, batch norm: the order the published networks use."""
    layers = _layers()
    x = layers.Conv2D(filters, kernel, padding=padding, activation="relu")(x)
    return layers.BatchNormalization()(x)


def network_a(shape: Shape) -> KerasModel:
    """A, FER2013 tutorial: 8 convolutions in 4 pairs 32 to 256, dense 64, 64."""
    layers = _layers()
    x = inputs = _input(shape)
    for filters in (32, 64, 128, 256):
        x = _conv_unit(_conv_unit(x, filters), filters)
        x = layers.Dropout(0.2)(layers.MaxPooling2D()(x))
    x = layers.Flatten()(x)
    for units in (64, 64):
        x = layers.Dense(units, activation="relu")(x)
        x = layers.Dropout(0.2)(layers.BatchNormalization()(x))
    return _finish("a", shape, x, inputs)


def network_b(shape: Shape) -> KerasModel:
    """B, three classes: 7 weighted layers (5 convolutions, 2 dense), batch norm, dropout."""
    layers = _layers()
    x = inputs = _input(shape)
    for filters in ((32, 32), (64, 64), (128,)):
        for count in filters:
            x = _conv_unit(x, count)
        x = layers.Dropout(0.25)(layers.MaxPooling2D()(x))
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    x = layers.Dropout(0.5)(layers.BatchNormalization()(x))
    return _finish("b", shape, x, inputs)


def network_c(shape: Shape) -> KerasModel:
    """C, web interface: 4 convolutions and 2 dense layers."""
    layers = _layers()
    x = inputs = _input(shape)
    for filters in (32, 64, 128, 128):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.25)(layers.Flatten()(x))
    x = layers.Dropout(0.5)(layers.Dense(256, activation="relu")(x))
    return _finish("c", shape, x, inputs)


def network_c_bottleneck(shape: Shape, *, features: KerasModel | None = None) -> KerasModel:
    """C's second net: a perceptron 512-256-128-64 on frozen "bottleneck" features.

    ``features`` is a trained network whose flattened last feature maps are used and not trained
    any further; without it the feature extractor of ``c`` is frozen as it was initialised.
    """
    import keras

    layers = _layers()
    inputs = _input(shape)
    base = features if features is not None else network_c(shape)
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


def network_d(shape: Shape) -> KerasModel:
    """D, seven classes: convolution blocks up to 512 filters (one 5x5), dense 256, 512."""
    layers = _layers()
    x = inputs = _input(shape)
    for filters, kernel in ((64, 3), (128, 5), (512, 3), (512, 3)):
        x = layers.Conv2D(filters, kernel, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Dropout(0.25)(layers.MaxPooling2D()(x))
    x = layers.Flatten()(x)
    for units in (256, 512):
        x = layers.ReLU()(layers.BatchNormalization()(layers.Dense(units)(x)))
        x = layers.Dropout(0.25)(x)
    return _finish("d", shape, x, inputs)


def network_e(shape: Shape) -> KerasModel:
    """E, five classes: 4 valid 3x3 convolutions 64 to 256 with pooling, dense 128, 64."""
    layers = _layers()
    x = inputs = _input(shape)
    for filters in (64, 128, 256, 256):
        x = _conv_unit(x, filters, padding="valid")
        x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    for units in (128, 64):
        x = layers.BatchNormalization()(layers.Dense(units, activation="relu")(x))
    return _finish("e", shape, x, inputs)


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
    "a": network_a,
    "b": network_b,
    "c": network_c,
    "c-bottleneck": network_c_bottleneck,
    "d": network_d,
    "e": network_e,
    "edge": network_edge,
}
"""Every network ``--arch`` knows."""
