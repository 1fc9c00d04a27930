"""What teachers say: soft labels of pictures that stay the same, worked out once, or of every batch as it is drawn.

A teacher of classes looks at every training picture and its mirror image, which takes minutes on a CPU. What it
says depends on its file, its card and the pictures only, so it is kept under the digest of these: a training that
is resumed, or run again with other settings, starts at once. The cache is never part of the data or of a
repository; deleting it costs nothing but time.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.data import Want, reshaped
from convert.errors import DataError, UsageError
from convert.files import read_arrays, replacing
from convert.networks import load_model, predict
from convert.predictors import open_predictor, read_card
from convert.tflite import Runner
from convert.training.engine import Batch, Lessons

Images = NDArray[np.uint8]


def soft_labels(paths: Sequence[Path], images: Images, labels: Sequence[str], *, flip: bool) -> NDArray[np.float32]:
    """The teachers' mean probabilities (N, classes) of pictures (N, height, width, channels).

    Mirror images are asked about, too, where ``flip`` is on.

    Every teacher is shown the pictures in the size and colour that its card names. Raises UsageError
    where one has other labels than the student.
    """
    return np.mean([_said(path, images, labels, flip) for path in paths], axis=0, dtype=np.float32)


def cache_folder() -> Path:
    """Where soft labels are kept: ``fer-edge/teachers`` in the user's cache (``XDG_CACHE_HOME``)."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "fer-edge" / "teachers"


def _said(path: Path, images: Images, labels: Sequence[str], flip: bool) -> NDArray[np.float32]:
    if read_card(path) is None:
        raise UsageError(f"--teacher {path}: a teacher needs its card, for its labels and input")
    predictor = open_predictor(path)
    if tuple(predictor.labels) != tuple(labels):
        raise UsageError(f"--teacher {path}: its labels are {', '.join(predictor.labels)}")
    kept = cache_folder() / f"{_digest(path, images, flip)}.npz"
    known = _kept(kept, (len(images), len(labels)))
    if known is not None:
        print(f"{path}: its outputs for {len(images)} pictures are cached in {kept}", file=sys.stderr)
        return known
    shown = reshaped(images, Want(predictor.prepare.size, predictor.prepare.channels, predictor.labels))
    said = predictor.probabilities(shown, flip=flip)
    try:
        with replacing(kept) as beside:
            np.savez(beside, probabilities=said)
    except OSError as error:
        print(f"{kept}: not cached ({error.strerror})", file=sys.stderr)
    return said


def _digest(path: Path, images: Images, flip: bool) -> str:
    """Of all that a teacher's word depends on: its weights, its card (or architecture) and the pictures."""
    told = hashlib.sha256(f"{images.shape} {flip}".encode())
    told.update(np.ascontiguousarray(images).data)
    for file in (path, path.with_suffix(".json")):
        told.update(file.read_bytes() if file.is_file() else b"")
    return told.hexdigest()[:24]


def _kept(path: Path, shape: tuple[int, int]) -> NDArray[np.float32] | None:
    """Soft labels from the cache; None where there are none, or none that can be used."""
    try:
        found = read_arrays(path).get("probabilities") if path.is_file() else None
    except DataError:
        return None
    return found if found is not None and found.shape == shape and found.dtype == np.float32 else None


def taught(lessons: Lessons, paths: Sequence[Path], weight: float, net: Any) -> Lessons:
    """The same lessons with what networks of the same kind say of every picture, whatever is known of it.

    The loss becomes (1 - weight) of the lessons' own, and weight of the squared distance from the teachers' mean.
    Raises UsageError for a teacher that takes or gives something else than ``net``.
    """
    from keras import ops

    teachers = [_teacher(path, net) for path in paths]
    values = int(net.output_shape[-1])

    def batches(epoch: int, rng: np.random.Generator) -> Iterator[Batch]:
        for inputs, targets in lessons.batches(epoch, rng):
            said = np.mean([teacher(inputs) for teacher in teachers], axis=0, dtype=np.float32)
            yield inputs, np.concatenate([targets, said], axis=-1)

    def loss(targets: Any, outputs: Any) -> Any:
        own, said = targets[..., :-values], targets[..., -values:]
        apart = ops.mean(ops.sum(ops.square(said - outputs), axis=-1))
        return (1 - weight) * ops.mean(lessons.loss(own, outputs)) + weight * apart

    return replace(lessons, batches=batches, loss=loss)


def _teacher(path: Path, net: Any) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    if path.suffix == ".tflite":
        runner = Runner(path)
        shape = runner.shape

        def ask(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.stack([_joined(runner.run(row)) for row in inputs])
    else:
        model = load_model(path)
        shape, ask = (1, *model.input_shape[1:]), partial(predict, model)
    given = ask(np.zeros(shape, np.float32)).shape[1:] if shape[1:] == net.input_shape[1:] else None
    if given != tuple(net.output_shape[1:]):
        raise UsageError(
            f"--teacher {path}: takes {shape[1:]} and gives {given}; this network takes {net.input_shape[1:]} and "
            f"gives {net.output_shape[1:]}"
        )
    return ask


def _joined(parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """What a file gives in several tensors in one, the smallest first: a converter changes their order."""
    return np.concatenate(sorted(parts, key=np.size), axis=-1)
