"""Class names and their orders: every model carries its own, so none can be mistaken."""

from __future__ import annotations

from collections.abc import Sequence

from convert.errors import UsageError
from fer_edge.core import EMOTIONS

LABEL_SETS: dict[int, tuple[str, ...]] = {
    7: tuple(EMOTIONS),
    5: ("happy", "sad", "surprise", "angry", "neutral"),
    3: ("happy", "sad", "neutral"),
}
"""The label sets of the published systems, by number of classes."""

VOTES = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt", "unknown", "no face")
"""The columns of FER+ votes in our names."""

SYNONYMS = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "scared": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "neutrality": "neutral",
}


def canonical(name: str) -> str:
    """The name as our models say it: lower case, ``Anger`` is ``angry``."""
    plain = name.strip().lower()
    return SYNONYMS.get(plain, plain)


def parse_labels(text: str) -> tuple[str, ...]:
    """``7``, ``5``, ``3`` or a comma-separated list of names, in the order the model gives them."""
    if text.strip().isdigit():
        labels = LABEL_SETS.get(int(text))
        if labels is None:
            raise UsageError(f"{text!r}: 7, 5 or 3, or the names separated by commas")
        return labels
    names = tuple(canonical(name) for name in text.split(","))
    if len(set(names)) != len(names) or len(names) < 2 or not all(names):
        raise UsageError(f"{text!r}: at least two different names are needed")
    return names


def positions(source: Sequence[str], target: Sequence[str]) -> dict[int, int]:
    """Where each class of ``source`` stands in ``target``; classes not wanted are left out."""
    return {index: target.index(name) for index, name in enumerate(source) if name in target}
