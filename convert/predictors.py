"""A classifier from a file, Keras or TFLite, with its card: pictures in, probabilities out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import ModelError, UsageError
from convert.preprocess import SCALINGS, Preprocess


@dataclass(frozen=True, slots=True)
class Predictor:
    """Runs a classifier. ``labels`` are in the order of its outputs."""

    path: Path
    labels: tuple[str, ...]
    prepare: Preprocess
    run: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    logits: bool = False

    def probabilities(self, images: NDArray[np.uint8], *, flip: bool = False) -> NDArray[np.float32]:
        """Probabilities (N, classes) of uint8 pictures (N, H, W, C); ``flip`` averages with mirrors."""
        result = self._normal(self.run(self.prepare(images)))
        if flip:
            mirrored = np.ascontiguousarray(images[:, :, ::-1])
            result = ((result + self._normal(self.run(self.prepare(mirrored)))) / 2).astype(np.float32)
        return result

    def _normal(self, output: NDArray[np.float32]) -> NDArray[np.float32]:
        if not np.isfinite(output).all():
            raise ModelError(f"{self.path}: it gives values that are not numbers; its weights are damaged")
        if self.logits:
            return softmax(output)
        total = np.maximum(output.sum(axis=1, keepdims=True), 1e-9)  # int8 sums are off by a step or two
        return (output / total).astype(np.float32)


def softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Probabilities of logits along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)


def card_beside(path: Path) -> dict[str, Any] | None:
    """The card beside a model (``name.json``) as it stands, or None where it has none of its own.

    A card with a checksum is a .tflite file's, so a Keras model of the same name has none in it.
    """
    beside = path.with_suffix(".json")
    if not beside.is_file() or beside == path:
        return None
    try:
        card = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{beside}: not a readable model card ({error})") from None
    if not isinstance(card, dict):
        raise ModelError(f"{beside}: not a model card")
    anothers = "class_name" in card or ("sha256" in card and path.suffix.lower() != ".tflite")
    return None if anothers else card  # class_name: a Keras architecture, saved beside its weights


def read_card(path: Path) -> dict[str, Any] | None:
    """The card beside a model, fit to tell its labels and input, or None where it has none.

    Raises ModelError for the card of another file: its labels may be in another order.
    """
    card, beside = card_beside(path), path.with_suffix(".json")
    if card is None:
        return None
    if "labels" not in card or "input" not in card:
        raise ModelError(f"{beside}: a model card needs labels and input")
    if "sha256" in card and card["sha256"] != hashlib.sha256(path.read_bytes()).hexdigest():
        raise ModelError(
            f"{beside}: the card of another file (sha256 differs); a model and its card must stay together"
        )
    return card


def open_predictor(
    path: Path,
    *,
    weights: Path | None = None,
    labels: Sequence[str] | None = None,
    scaling: str | None = None,
    threads: int | None = None,
) -> Predictor:
    """The classifier at ``path``: ``.tflite``, ``.keras``, ``.h5``, or ``.json`` with ``weights``.

    Labels and scaling come from its card unless given; a model without a card needs both.
    """
    card = read_card(path)
    names, told = interface(path, card, labels, scaling)
    shape, run = _opened(path, weights, told.size, threads)
    prepare = fitted(path, told, shape, scaling)
    return Predictor(path, names, prepare, run, not are_probabilities(_probe(path, shape, run, names)))


def interface(
    path: Path, card: dict[str, Any] | None, labels: Sequence[str] | None, scaling: str | None
) -> tuple[tuple[str, ...], Preprocess]:
    """Labels and input that a model's card tells, or the options of one without a card. Raises UsageError."""
    names = tuple(labels or (card or {}).get("labels", ()))
    if not names:
        raise UsageError(f"{path}: it has no card; give --labels (7, 5, 3 or names in its order)")
    if scaling is None and not card:
        raise UsageError(f"{path}: it has no card; give --scaling ({', '.join(SCALINGS)})")
    return names, Preprocess.from_card(card) if card else Preprocess()


def fitted(path: Path, told: Preprocess, shape: tuple[int, ...], scaling: str | None) -> Preprocess:
    """The input of a model of this ``shape`` (1, H, W, C): as ``scaling`` says, else as told. Raises ModelError."""
    if scaling is not None:
        return Preprocess(shape[1], shape[3], *SCALINGS[scaling])
    if shape[1:] != told.shape:
        raise ModelError(f"{path}: it takes {shape[1:]}, its card says {told.shape}")
    return told


def are_probabilities(output: NDArray[np.float32]) -> bool:
    """Whether rows of output (N, classes) are shares of one, as far as int8 can say it, or still logits."""
    return bool((output >= -0.01).all() and (np.abs(output.sum(axis=1) - 1) < 0.1).all())


def _opened(
    path: Path, weights: Path | None, size: int, threads: int | None
) -> tuple[tuple[int, ...], Callable[[NDArray[np.float32]], NDArray[np.float32]]]:
    """The input shape (1, H, W, C), ``size`` for sides left open, and a function from inputs to outputs."""
    if path.suffix.lower() == ".tflite":
        from convert.tflite import Runner

        runner = Runner(path, threads or 1)
        return runner.shape, runner
    from convert.backend import load_keras
    from convert.networks import load_model, predict

    load_keras(threads=threads)
    model = load_model(path, weights)
    return input_shape(model, size), lambda inputs: predict(model, inputs)


def input_shape(model: Any, size: int) -> tuple[int, ...]:
    """A Keras classifier's input as (1, H, W, C); ``size`` for sides left open.

    Raises ModelError for a model that does not take one square picture.
    """
    shape = getattr(model, "input_shape", None)
    if not (isinstance(shape, tuple) and len(shape) == 4 and shape[-1] in (1, 3) and shape[1] == shape[2]):
        raise ModelError(f"{model.name}: its input is {shape}, not one square picture (N, side, side, 1 or 3)")
    side = shape[1] or size
    return 1, side, side, int(shape[-1])


def _probe(
    path: Path, shape: tuple[int, ...], run: Callable[..., NDArray[np.float32]], names: tuple[str, ...]
) -> NDArray[np.float32]:
    """What the model gives for an input of zeros; checked."""
    if len(shape) != 4 or shape[1] != shape[2] or shape[3] not in (1, 3):
        raise ModelError(f"{path}: its input is {shape}, not one square picture")
    given = run(np.zeros(shape, np.float32))
    if given.shape[1:] != (len(names),):
        values = " x ".join(map(str, given.shape[1:]))
        raise ModelError(f"{path}: it gives {values} values for {len(names)} labels ({', '.join(names)})")
    return given
