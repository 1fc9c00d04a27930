"""Eyes in pictures of people and drivers, marked by looking at them: ``convert/marks/eyes.csv``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convert.seeing import eyes_data, lids, marks
from convert.seeing.marks import Mark
from convert.seeing.pieces import Piece
from fer_edge.perception import shape, warp

TABLE = marks.FOLDER / "eyes.csv"
TARGETS = {
    "shut": eyes_data.target(eyes_data.SHUT, 0.0, told=0.0),
    "lowered": eyes_data.target(eyes_data.LOWERED, told=1.0),
    "down": eyes_data.target(eyes_data.LOW),
    "nearly shut": eyes_data.target(eyes_data.NEARLY_SHUT),
    "narrowed": eyes_data.target(eyes_data.NARROWED),
    "not shut": eyes_data.target(eyes_data.NOT_SHUT),
    "open": eyes_data.target(eyes_data.OPEN),
    "none": eyes_data.NO_EYE,
}
"""What the marks mean. ``down``: lids that are down over eyes that cannot be told, asleep or not."""
TIMES = {"shut": 2, "lowered": 3, "narrowed": 2, "none": 3}
"""How often an eye stands among those to learn from, if not once: the rare ones are what matters."""


def load(scenes: Path, split: str, table: Path = TABLE) -> list[tuple[Piece, Mark]]:
    """Both eyes of every marked face of ``split`` in a folder of scenes (``faces`` and ``faces.json``)."""
    return [
        (_known(image, region, mark), mark)
        for mark, image, points in marks.faces(scenes, split, marks.read(table, "eyes", TARGETS))
        for region in shape.eye_regions(points)
    ]


def to_learn_from(scenes: Path) -> list[Piece]:
    """The training part's eyes, the rare kinds several times."""
    return [eye for eye, mark in load(scenes, "train") for _ in range(TIMES.get(mark.word, 1))]


def _known(image: np.ndarray, region: shape.Region, mark: Mark) -> Piece:
    centre, side, angle = region
    patch = warp.cut(image, warp.upright(centre, side * 1.5, angle, lids.PATCH), lids.PATCH)
    return eyes_data.of_patch(patch, TARGETS[mark.word])
