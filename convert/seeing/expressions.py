"""What the product's expression network says of people and drivers in photographs, marked by eye.

FER2013 is one kind of picture. These are another: photographs and dash cameras, cut as the product cuts them. Yawns
are none of the seven expressions: what they are called is counted apart.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from convert.errors import UsageError
from convert.labels import LABEL_SETS
from convert.seeing import marks
from fer_edge.perception import shape
from fer_edge.perception.emotion import Expression

TABLE = marks.FOLDER / "expressions.csv"
YAWN = "yawn"
CARS = "seh_"
"""How the names of pictures from cars begin."""


def told(model: Path, scenes: Path, table: Path = TABLE) -> dict[str, Any]:
    """How often a .tflite's first word is the marked one: of all, in cars, by mark; and what yawns are called.

    ``scenes`` is a folder of scenes (``faces`` and ``faces.json``). None of the marks are to be trained on, so both
    of its splits count. Raises UsageError for another kind of model.
    """
    if model.suffix != ".tflite":
        raise UsageError(f"--scenes: the product reads .tflite files, not {model.name}; quantize makes one")
    reader, known = Expression(model), marks.read(table, "expression", (*LABEL_SETS[7], YAWN))
    said: list[tuple[str, str, bool]] = []
    for split in ("train", "val"):
        for mark, image, points in marks.faces(scenes, split, known):
            read = reader.read(image, shape.expression_region(points))
            said.append((mark.word, max(read, key=lambda label: read[label]), mark.file.startswith(CARS)))
    named = [each for each in said if each[0] != YAWN]
    return {
        "n": len(named),
        "accuracy": _right(named),
        "cars": {"n": sum(car for _, _, car in named), "accuracy": _right([each for each in named if each[2]])},
        "by_mark": {word: Counter(label for mark, label, _ in named if mark == word) for word in LABEL_SETS[7]},
        "yawns": Counter(label for word, label, _ in said if word == YAWN),
    }


def _right(said: list[tuple[str, str, bool]]) -> float:
    return round(sum(word == label for word, label, _ in said) / max(len(said), 1), 4)
