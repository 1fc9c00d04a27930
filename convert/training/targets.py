"""What a classifier is trained towards: labels, people's votes, teachers, and mixtures of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.arguments import number, option, share
from convert.augment import Augmentation, vary_batch
from convert.data import Dataset, class_weights
from convert.preprocess import Preprocess

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Aim:
    """How targets are made of labels, people's votes, teachers and each other."""

    smoothing: float = option(0.0, share, "share of every target spread over all classes")
    votes: float = option(0.0, share, "weight of FER+ votes in the targets of pictures that have them")
    mixup: float = option(0.0, share, "share of batches in which pairs of pictures are mixed")
    mixup_alpha: float = option(0.2, number(1e-3), "shape of the Beta distribution that mixtures are drawn from")
    balance: float = option(0.0, share, "0: classes as they occur, 1: equal weight for all")


def soft_targets(data: Dataset, aim: Aim, teacher: Floats | None = None, weight: float = 0.0) -> Floats:
    """Target probabilities (N, classes) of a training set; ``weight`` is that of what the teachers say."""
    classes = len(data.classes)
    hard = np.eye(classes, dtype=np.float32)[data.labels]
    target = hard * (1 - aim.smoothing) + np.float32(aim.smoothing / classes)
    if aim.votes:
        shares = data.vote_shares()
        known = ~np.isnan(shares[:, 0])
        target[known] = (1 - aim.votes) * target[known] + aim.votes * shares[known]
    if teacher is not None:
        target = (1 - weight) * target + weight * teacher
    if aim.balance:
        target = target * (class_weights(data)[data.labels] ** aim.balance)[:, None]
    return target.astype(np.float32)


def cross_entropy(targets: Any, logits: Any) -> Any:
    """Of every picture, for targets (N, classes) that need not add up to one: ``balance`` weighs them.

    Keras's own takes TensorFlow's gradient, which is right for sums of one only.
    """
    from keras import ops

    return -ops.sum(targets * ops.log_softmax(logits, axis=-1), axis=-1)


@dataclass(frozen=True, slots=True)
class Batches:
    """Makes an epoch's varied, shuffled and mixed batches.

    ``sizes`` are (first epoch, side in pixels) pairs in order: small pictures first make a short
    training shorter. Every batch is full; the remainder of an epoch is left to the next shuffle.
    """

    images: NDArray[np.uint8]
    targets: Floats
    augmentation: Augmentation
    aim: Aim
    prepare: Preprocess
    batch: int
    sizes: tuple[tuple[int, int], ...] = ()

    @property
    def steps(self) -> int:
        """Batches an epoch; at least one."""
        return max(len(self.images) // self.batch, 1)

    def side(self, epoch: int) -> int:
        """The side of pictures in ``epoch`` (from 0)."""
        started = [side for first, side in self.sizes if first <= epoch]
        return started[-1] if started else self.prepare.size

    def __call__(self, epoch: int, rng: np.random.Generator) -> Iterator[tuple[Floats, Floats]]:
        """The batches of one epoch."""
        order = rng.permutation(len(self.images))
        side = self.side(epoch)
        for step in range(self.steps):
            index = order[step * self.batch : (step + 1) * self.batch]
            images = vary_batch(self.images[index], self.augmentation, side, rng)
            inputs, targets = self.prepare(images), self.targets[index]
            if rng.random() < self.aim.mixup:
                part = np.float32(rng.beta(self.aim.mixup_alpha, self.aim.mixup_alpha))
                other = rng.permutation(len(index))
                inputs = part * inputs + (1 - part) * inputs[other]
                targets = part * targets + (1 - part) * targets[other]
            yield inputs, targets
