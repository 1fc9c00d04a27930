"""How near a converted network is to its float parent: the answers they share, decibels of rounding noise, by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import AgreementError
from convert.networks import predict_all
from convert.tflite import Runner, convert, interpreter, quantized, real

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
"""The operators compared: one for each layer with weights, in the same order in both files."""
LOOKED_AT = 32
"""Pictures on which layers are compared."""


@dataclass(frozen=True, slots=True)
class Parity:
    """What parent and child say of the same pictures, (N, values) each; ``classes`` where they name one of these."""

    parent: NDArray[np.float32]
    child: NDArray[np.float32]
    classes: tuple[str, ...] = ()

    @property
    def agreement(self) -> float:
        """The share of pictures to which both give the same class."""
        return float(self._same().mean())

    @property
    def decibels(self) -> float:
        """Signal over rounding noise of the outputs.

        What an output always says is no signal: it is counted as its variance over the pictures.
        """
        signal, noise = self.parent.var(axis=0).sum(), np.square(self.parent - self.child).mean(axis=0).sum()
        return float(10 * np.log10(max(signal, 1e-12) / max(noise, 1e-12)))

    def fault(self, mode: str, min_agreement: float, min_decibels: float) -> str | None:
        """Why a child is not to be written, in words; None where it is near enough to its parent."""
        if self.classes and self.agreement < min_agreement:
            return self._parted(mode, min_agreement)
        if self.decibels < min_decibels:
            return (
                f"its rounding noise is {self.decibels:.1f} dB below the output, less than --min-decibels "
                f"{min_decibels:g}; train longer, or use more --samples"
            )
        return None

    def _same(self) -> NDArray[np.bool_]:
        return self.parent.argmax(axis=1) == self.child.argmax(axis=1)

    def _parted(self, mode: str, least: float) -> str:
        """By class and by probability, where the two part."""
        same = self._same()
        theirs = {name: self.parent.argmax(axis=1) == label for label, name in enumerate(self.classes)}
        by_class = ", ".join(f"{name} {same[chosen].mean():.3f}" for name, chosen in theirs.items() if chosen.any())
        gap = np.abs(self.parent - self.child).max(axis=1)
        return (
            f"{mode} agrees with float on {same.mean():.4f} of {len(same)} pictures, under --min-agreement {least}. "
            f"By the float model's class: {by_class}; probabilities move by {np.median(gap):.3f} (median), "
            f"{gap.max():.3f} (most)"
        )


def compare(net: Any, content: bytes, inputs: NDArray[np.float32], classes: Sequence[str] = ()) -> Parity:
    """A Keras network beside the TFLite file made of it, on ``inputs`` (N, H, W, C) as the network takes them."""
    runner = Runner(content)
    child = np.stack([_together(runner.run(row)) for row in inputs])
    parent = np.stack([_together(rows) for rows in zip(*predict_all(net, inputs), strict=True)])
    if classes:  # int8 sums are off by a step or two
        child = child / np.maximum(child.sum(axis=1, keepdims=True), 1e-9)
    return Parity(parent, child.astype(np.float32), tuple(classes))


def _together(parts: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """All outputs for one picture in a row, by their size: a converter changes their order."""
    return np.concatenate([np.ravel(part) for part in sorted(parts, key=np.size)])


def by_layer(net: Any, content: bytes, inputs: NDArray[np.float32], size: int) -> list[tuple[str, float]]:
    """:func:`signal_to_noise` of a file made of a Keras network, over a few of these inputs."""
    return signal_to_noise(convert(net, "float32", size=size), content, inputs[:: max(1, len(inputs) // LOOKED_AT)])


def refuse(fault: str, layers: list[tuple[str, float]], out: object) -> AgreementError:
    """The error that says why ``out`` is not written, and where most is lost."""
    where = f"; most is lost in layers {told(layers)}" if told(layers) else ""
    return AgreementError(f"{out}: not written; {fault}{where}")


def signal_to_noise(parent: bytes, child: bytes, inputs: NDArray[np.float32]) -> list[tuple[str, float]]:
    """The name of every layer with weights and its signal over its quantization noise, in decibels.

    ``parent`` is the float32 TFLite model, ``child`` the quantized one, ``inputs`` (N, H, W, C) as
    the float model takes them. Noise adds up from layer to layer: where the figure drops most,
    most is lost. Empty where the two files have not the same layers.
    """
    theirs, ours = (interpreter(model, plain=True, keep=True) for model in (parent, child))
    names, pairs = _layers(theirs, ours)
    signal, noise = np.zeros(len(pairs)), np.zeros(len(pairs))
    for row in inputs:
        for made in (theirs, ours):
            detail = made.get_input_details()[0]
            made.set_tensor(detail["index"], quantized(row[None], detail))
            made.invoke()
        for index, (float_one, int_one) in enumerate(pairs):
            wanted = real(theirs.get_tensor(float_one["index"]), float_one)
            got = real(ours.get_tensor(int_one["index"]), int_one)
            signal[index] += float(np.square(wanted).mean())
            noise[index] += float(np.square(wanted - got).mean())
    decibels = 10 * np.log10(np.maximum(signal, 1e-12) / np.maximum(noise, 1e-12))
    return [(name, round(float(value), 1)) for name, value in zip(names, decibels, strict=True)]


def told(layers: list[tuple[str, float]], most: int = 3) -> str:
    """The layers at which most is lost, in words; empty where nothing is known."""
    before = [layers[0][1]] + [value for _, value in layers[:-1]] if layers else []
    drops = sorted(
        ((last - value, name, value) for (name, value), last in zip(layers, before, strict=True)), reverse=True
    )
    return ", ".join(f"{name} {value:.1f} dB (-{drop:.1f})" for drop, name, value in drops[:most] if drop > 0)


def _layers(theirs: Any, ours: Any) -> tuple[list[str], list[tuple[dict[str, Any], dict[str, Any]]]]:
    outputs = [_outputs(made) for made in (theirs, ours)]
    same = len(outputs[0]) == len(outputs[1]) and all(
        list(a["shape"]) == list(b["shape"]) for a, b in zip(*outputs, strict=False)
    )
    if not same:
        return [], []
    names = [f"{number + 1} {_side(detail)}" for number, detail in enumerate(outputs[0])]
    return names, list(zip(*outputs, strict=True))


def _outputs(made: Any) -> list[dict[str, Any]]:
    details = {detail["index"]: detail for detail in made.get_tensor_details()}
    return [details[int(op["outputs"][0])] for op in made._get_ops_details() if op["op_name"] in WEIGHTED]


def _side(detail: dict[str, Any]) -> str:
    """A layer by what it gives: ``24x24x32``; converters rename them at will."""
    return "x".join(str(int(side)) for side in detail["shape"][1:])
