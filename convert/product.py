"""How often the whole product names the expression that a labelled face is said to show.

Every picture is put into a larger one, found, marked, cut and read as ``fer-edge classify`` does it; beside that
stands what the network says of the picture as the data cut it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from fer_edge.core import Box, Frame
from fer_edge.perception.emotion import Expression
from fer_edge.perception.reader import Perception
from fer_edge.perception.shape import box_region
from fer_edge.settings import Settings

FACE, SCENE = 160, 320
"""Sides in pixels of a face and of the picture it is put into."""


def measure(model: Path, images: np.ndarray, wanted: Sequence[str]) -> dict[str, float | int]:
    """Figures of a .tflite over pictures (N, H, W) uint8 of faces that are said to show ``wanted``."""
    settings = Settings.model_validate({"profile": "kiosk", "emotion": {"model": str(model)}})
    product, network = Perception(settings), Expression(model)
    found = right = right_as_cut = 0
    for number, (image, label) in enumerate(zip(images, wanted, strict=True)):
        # A picture a minute: none of them is taken for the last one's face.
        people = product.read(Frame(scene(image), 60.0 * number, number)).people
        if not people:
            continue
        nearest = max(people, key=lambda person: person.face.box.area)
        found += 1
        right += _is(nearest.emotions or {}, label)
        whole = Box(0, 0, image.shape[1], image.shape[0])
        right_as_cut += _is(network.read(image, box_region(whole)), label)
    return {
        "pictures": len(images),
        "found": found,
        "accuracy": round(right / max(found, 1), 4),
        "accuracy_as_cut": round(right_as_cut / max(found, 1), 4),
    }


def scene(image: np.ndarray) -> np.ndarray:
    """The picture enlarged, its edges drawn out on all sides."""
    face = cv2.resize(image, (FACE, FACE), interpolation=cv2.INTER_CUBIC)
    border = (SCENE - FACE) // 2
    return cv2.copyMakeBorder(face, border, border, border, border, cv2.BORDER_REPLICATE)


def _is(emotions: Mapping[str, float], label: str) -> bool:
    return bool(emotions) and max(emotions, key=emotions.__getitem__) == label
