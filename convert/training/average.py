"""Averaged weights: an exponential moving average of every weight, batch statistics too."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Average:
    """Keeps ``decay`` * average + (1 - decay) * weight after every step, on the model's device.

    A new average follows quickly and settles: the decay starts near 0.1 and rises to ``decay``.
    """

    def __init__(self, model: Any, decay: float) -> None:
        self._model = model
        self._decay = decay
        self._values = [self._current(weight) for weight in self._weights()]
        self.steps = 0

    def _weights(self) -> list[Any]:
        """The float weights; seeds of dropout layers are no weights."""
        return list(self._model.weights)

    @staticmethod
    def _current(weight: Any) -> Any:
        from keras import ops

        return ops.copy(ops.stop_gradient(ops.convert_to_tensor(weight.value)))

    def step(self) -> None:
        """Take the model's present weights in."""
        from keras import ops

        self.steps += 1
        decay = min(self._decay, (1 + self.steps) / (10 + self.steps))
        for index, weight in enumerate(self._weights()):
            value = ops.stop_gradient(ops.convert_to_tensor(weight.value))
            self._values[index] = decay * self._values[index] + (1 - decay) * value

    def arrays(self) -> list[NDArray[Any]]:
        """The averaged weights in the model's order."""
        from keras import ops

        return [np.array(ops.convert_to_numpy(value)) for value in self._values]

    def restore(self, arrays: list[NDArray[Any]], steps: int) -> None:
        """Go on from saved averages."""
        from keras import ops

        self._values = [ops.convert_to_tensor(array) for array in arrays]
        self.steps = steps

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """The model with averaged weights for as long as the block lasts."""
        own = [np.array(weight) for weight in self._model.get_weights()]
        self._model.set_weights(self.arrays())
        try:
            yield
        finally:
            self._model.set_weights(own)


def settle(model: Any, batches: Iterable[NDArray[np.float32]]) -> None:
    """Give batch norm the plain mean of its statistics over ``batches`` of network inputs."""
    import keras

    norms = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    own = [norm.momentum for norm in norms]
    for seen, inputs in enumerate(batches):
        for norm in norms:
            norm.momentum = seen / (seen + 1)
        model(inputs, training=True)
    for norm, momentum in zip(norms, own, strict=True):
        norm.momentum = momentum
