"""How near a network of both eyes is to its teacher, and how well it tells shut eyes from others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from convert.seeing import eyepair_data, eyes_scenes, marks, pieces
from convert.seeing.eyepair_data import Strips
from convert.seeing.eyes_data import FIRST_HELD
from convert.seeing.eyes_figures import auc
from fer_edge.perception import shape
from fer_edge.perception.eye_pair import GAPS, EyePair, Lid
from fer_edge.perception.eyes import EyeReader
from fer_edge.perception.interpreter import Model
from fer_edge.perception.pose import Pose

AHEAD = Pose(0.0, 0.0, 0.0)
"""Eyes of scenes are judged however far the head is turned."""
LEVELS = {"shut": 0.5, "surely": 0.8}
"""Probabilities from which the product takes eyes for shut, and for surely shut."""


def by_source(made: Model, strips: Strips) -> dict[str, Any]:
    """Of each source, every eye counted: correlation with the teacher and mean absolute error, gaps in eye widths."""
    said, told = pieces.outputs(made, strips.pieces()), {}
    for name in sorted(set(strips.source)):
        chosen = strips.source == name
        told[str(name)] = {
            "n": int(chosen.sum()),
            "closure": _near(said[chosen, :2], strips.targets[chosen, :2]),
            "gap": _near(said[chosen, 2:] / GAPS, strips.targets[chosen, 2:] / GAPS),
        }
    return told


def _near(said: np.ndarray, true: np.ndarray) -> dict[str, float | None]:
    varied = said.std() > 0 and true.std() > 0
    return {
        "correlation": round(float(np.corrcoef(said.ravel(), true.ravel())[0, 1]), 4) if varied else None,
        "off": round(float(np.abs(said - true).mean()), 4),
    }


def scenes(made: Model, folder: Path, split: str, table: Path = eyes_scenes.TABLE) -> dict[str, Any]:
    """Eyes of scenes by what they were marked as: mean closure, and the area under the curve of shut against them."""
    words, (height, width) = set(eyes_scenes.TARGETS) - {"none"}, made.size
    said: dict[str, list[float]] = {}
    for mark, image, points in marks.faces(folder, split, marks.read(table, "eyes", eyes_scenes.TARGETS)):
        if mark.word in words:
            strip = pieces.plain(image, shape.eye_pair_region(points), width, height)
            said.setdefault(mark.word, []).append(_closure(made.run(strip)[0]))
    return against_shut({word: np.array(values) for word, values in said.items()})


class _Silent(EyePair):
    """Has nothing to say for or against."""

    def read(self, grey: np.ndarray, points: np.ndarray) -> tuple[Lid, Lid]:
        return Lid(0.0, 0.0), Lid(0.0, 0.0)


def product(model: Path, folder: Path, split: str, table: Path = eyes_scenes.TABLE) -> dict[str, Any]:
    """By what eyes were marked as: how many faces the product's reader calls shut, without this network and with it."""
    readers = {"alone": EyeReader(pair=_Silent(model)), "together": EyeReader(pair=EyePair(model))}
    told: dict[str, Any] = {}
    for mark, image, points in marks.faces(folder, split, marks.read(table, "eyes", eyes_scenes.TARGETS)):
        word = told.setdefault(mark.word, {"n": 0} | {how: dict.fromkeys(LEVELS, 0) for how in readers})
        word["n"] += 1
        for how, reader in readers.items():
            states = reader.read(image, points, AHEAD).states
            for name, level in LEVELS.items():
                word[how][name] += states is not None and states[0] >= level
    return told


def drawn(made: Model, people: int) -> dict[str, Any]:
    """The same of drawn people apart, whose two eyes are in one state."""
    strips = eyepair_data.drawn(range(FIRST_HELD, FIRST_HELD + people))
    said = np.array([_closure(values) for values in pieces.outputs(made, strips.pieces())])
    states = {name.removeprefix("drawn "): said[strips.source == name] for name in set(map(str, strips.source))}
    return against_shut({state: values for state, values in states.items() if state != "drawn"})


def _closure(values: np.ndarray) -> float:
    return float(values[:2].mean())


def against_shut(said: dict[str, np.ndarray]) -> dict[str, Any]:
    """By what eyes are: how many, their mean closure, and the chance that a shut eye has a higher one than these."""
    shut = said.get("shut", np.zeros(0))
    told: dict[str, Any] = {}
    for word, values in sorted(said.items()):
        told[word] = {"n": len(values), "closure": round(float(values.mean()), 3)}
        told[word] |= {"auc": auc(shut, values)} if word != "shut" else {}
    return told
