"""What every reader gives: uint8 pictures, class numbers, and FER+ votes where known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import DataError
from convert.labels import VOTES, positions


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Labelled faces of one split.

    ``images`` is uint8 (N, height, width, channels); ``labels`` int64 (N,), positions in
    ``classes``. ``votes`` is int (N, 10) of FER+ in the order of :data:`convert.labels.VOTES`,
    -1 where a picture has none, or None; ``subjects`` (N,) the person in it where that is known.
    ``whole`` says that the data name no splits, so these are all of their pictures.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    source: str
    votes: NDArray[np.int64] | None = None
    subjects: NDArray[np.str_] | None = None
    whole: bool = False

    def __len__(self) -> int:
        return len(self.labels)

    def counts(self) -> NDArray[np.int64]:
        """Pictures per class, in the order of ``classes``."""
        return np.bincount(self.labels, minlength=len(self.classes))

    def pick(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> Dataset:
        """The pictures at ``index``."""
        chosen = np.arange(len(self))[index]
        return replace(
            self,
            images=self.images[chosen],
            labels=self.labels[chosen],
            votes=None if self.votes is None else self.votes[chosen],
            subjects=None if self.subjects is None else self.subjects[chosen],
        )

    def relabel(self, classes: Sequence[str], *, partial: bool = False) -> Dataset:
        """The pictures whose class is in ``classes``, numbered in that order.

        Raises DataError where a wanted class is unknown to the data; with ``partial``, only where
        all are.
        """
        missing = [name for name in classes if name not in self.classes]
        if missing and not (partial and len(missing) < len(classes)):
            raise DataError(
                f"{self.source}: no class {', '.join(missing)} in the data, which has "
                f"{', '.join(self.classes)}; select with --labels"
            )
        where = positions(self.classes, classes)
        table = np.full(len(self.classes), -1, np.int64)
        for old, new in where.items():
            table[old] = new
        labels = table[self.labels]
        return replace(self.pick(labels >= 0), labels=labels[labels >= 0], classes=tuple(classes))

    def vote_shares(self) -> NDArray[np.float32]:
        """Each picture's votes for our classes as shares; rows of NaN where there are none."""
        shares = np.full((len(self), len(self.classes)), np.nan, np.float32)
        if self.votes is None:
            return shares
        for column, place in positions(VOTES, self.classes).items():
            shares[:, place] = np.maximum(self.votes[:, column], 0)
        total = np.nansum(shares, axis=1, keepdims=True)
        return np.where(total > 0, shares / np.maximum(total, 1), np.nan).astype(np.float32)

    def vote_majority(self) -> NDArray[np.int64]:
        """The class most of the ten people chose; -1 for ties, unknown, no face or no votes."""
        if self.votes is None:
            return np.full(len(self), -1, np.int64)
        best = self.votes.max(axis=1)
        unique = (self.votes == best[:, None]).sum(axis=1) == 1
        table = np.full(len(VOTES), -1, np.int64)
        for column, place in positions(VOTES, self.classes).items():
            table[column] = place
        return np.where(unique & (best > 0), table[self.votes.argmax(axis=1)], -1)


def stratified_split(data: Dataset, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Training and validation parts; the same for the same seed.

    Each class is divided alike; where the people are known, nobody stands in both parts instead.
    """
    rng = np.random.default_rng(seed)
    held = np.zeros(len(data), bool)
    if data.subjects is not None:
        people, counts = np.unique(data.subjects, return_counts=True)
        order = rng.permutation(len(people))
        before = np.cumsum(counts[order]) - counts[order]
        held = np.isin(data.subjects, people[order[before < fraction * len(data)]])
    else:
        for label in range(len(data.classes)):
            members = rng.permutation(np.flatnonzero(data.labels == label))
            held[members[: round(len(members) * fraction)]] = True
    return data.pick(~held), data.pick(held)


def joined(parts: Sequence[Dataset]) -> Dataset:
    """Data of several splits in one; votes and people only where all parts know them."""
    first = parts[0]
    known: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts])
        if all(getattr(part, name) is not None for part in parts)
        else None
        for name in ("votes", "subjects")
    }
    return replace(
        first,
        images=np.concatenate([part.images for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        whole=True,
        **known,
    )


def class_weights(data: Dataset) -> NDArray[np.float32]:
    """Weights that make every class count alike, 1 on average over the pictures."""
    counts = data.counts()
    return (len(data) / (len(counts) * np.maximum(counts, 1))).astype(np.float32)
