"""Plain convolution networks: in int8 on a CPU they are faster than clever ones of fewer MACs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers


def block(x: Any, width: int, *, stride: int = 1, kernel: int = 3) -> Any:
    """Convolution, batch norm, ReLU: one quantized operator once the norm is folded in."""
    x = layers.Conv2D(width, kernel, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.97)(x)
    return layers.ReLU()(x)


def trunk(x: Any, stages: Sequence[Sequence[int]]) -> Any:
    """Stages of widths; the first block of each halves the resolution."""
    for widths in stages:
        for depth, width in enumerate(widths):
            x = block(x, width, stride=2 if depth == 0 else 1)
    return x


def classifier(
    size: int, stages: Sequence[Sequence[int]], outputs: int, dropout: float, height: int | None = None
) -> keras.Model:
    """A (1, height, size, 1) picture, a square without ``height``, to ``outputs`` numbers from 0 to 1, each alone."""
    picture = keras.Input((height or size, size, 1), name="picture")
    x = layers.Flatten()(trunk(picture, stages))
    x = layers.Dropout(dropout)(x)
    return keras.Model(picture, layers.Dense(outputs, activation="sigmoid", name="out")(x))


def eyes(size: int, stages: Sequence[Sequence[int]], dropout: float) -> keras.Model:
    """A (1, size, size, 1) eye to four states that add up to 1, three probabilities, and two angles from -1 to 1."""
    picture = keras.Input((size, size, 1), name="picture")
    x = layers.Dropout(dropout)(layers.Flatten()(trunk(picture, stages)))
    state = layers.Dense(4, activation="softmax", name="state")(x)
    seen = layers.Dense(3, activation="sigmoid", name="seen")(x)
    gaze = layers.Dense(2, activation="tanh", name="gaze")(x)
    return keras.Model(picture, layers.Concatenate(name="out")([state, seen, gaze]))


def regressor(size: int, stages: Sequence[Sequence[int]], outputs: int, dropout: float = 0.0) -> keras.Model:
    """A (1, size, size, 1) picture to ``outputs`` plain numbers."""
    picture = keras.Input((size, size, 1), name="picture")
    x = layers.Flatten()(trunk(picture, stages))
    x = layers.Dropout(dropout)(x) if dropout else x
    return keras.Model(picture, layers.Dense(outputs, name="out")(x))


def detector(size: int, stages: Sequence[Sequence[int]], numbers: int) -> keras.Model:
    """A (1, size, size, 1) picture to (cells, 1 + numbers): scores and geometry of two grids.

    ``stages`` lead to strides 2, 4, 8 and 16. What the coarse grid knows of the surroundings is
    added to the fine one.
    """
    picture = keras.Input((size, size, 1), name="picture")
    fine = trunk(picture, stages[:3])
    coarse = trunk(fine, stages[3:])
    width = stages[2][-1]
    down = layers.UpSampling2D(2)(block(coarse, width, kernel=1))
    fine = block(layers.Add()([fine, down]), width)
    coarse = block(coarse, stages[3][-1])
    rare = keras.initializers.Constant(-4.6)  # a first guess of 1 %: nearly every cell sees no face
    scores, geometry = [], []
    for name, x in (("fine", fine), ("coarse", coarse)):
        score = layers.Conv2D(1, 1, activation="sigmoid", name=f"{name}_score", bias_initializer=rare)(x)
        scores.append(layers.Reshape((-1, 1))(score))
        geometry.append(layers.Reshape((-1, numbers))(layers.Conv2D(numbers, 1, name=f"{name}_numbers")(x)))
    scores = layers.Concatenate(axis=1, name="scores")(scores)
    geometry = layers.Concatenate(axis=1, name="geometry")(geometry)
    return keras.Model(picture, layers.Concatenate(axis=2, name="out")([scores, geometry]))


def two_outputs(net: keras.Model) -> keras.Model:
    """The detector with scores and geometry apart, so that each is quantized on its own scale."""
    return keras.Model(net.input, [net.get_layer("scores").output, net.get_layer("geometry").output])
