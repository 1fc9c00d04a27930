"""How often the product names the expression that a labelled face is said to show.

    python -m convert.seeing.expressions --data fer2013_val.npz

Every picture is put into a larger one, found, marked, cut and read as ``fer-edge classify`` does it;
beside that stands what the network says of the picture as the data cut it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from convert.seeing import npz
from fer_edge.core import EMOTIONS, Box, Frame
from fer_edge.errors import FerEdgeError
from fer_edge.perception.emotion import Expression
from fer_edge.perception.reader import Perception
from fer_edge.perception.shape import box_region
from fer_edge.settings import Settings

FACE, SCENE = 160, 320
"""Sides in pixels of a face and of the picture it is put into."""


def measure(images: np.ndarray, labels: np.ndarray) -> dict[str, float | int]:
    """Figures over pictures (N, H, W) uint8 with labels in the order of EMOTIONS."""
    product, network = Perception(Settings(profile="kiosk")), Expression()
    found = right = right_as_cut = 0
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
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
        "accuracy": right / max(found, 1),
        "accuracy_as_cut": right_as_cut / max(found, 1),
    }


def scene(image: np.ndarray) -> np.ndarray:
    """The picture enlarged, its edges drawn out on all sides."""
    face = cv2.resize(image, (FACE, FACE), interpolation=cv2.INTER_CUBIC)
    border = (SCENE - FACE) // 2
    return cv2.copyMakeBorder(face, border, border, border, border, cv2.BORDER_REPLICATE)


def _is(emotions: Mapping[str, float], label: int) -> bool:
    return bool(emotions) and max(emotions, key=emotions.__getitem__) == EMOTIONS[label]


def main(argv: list[str] | None = None) -> int:
    """The command line; prints one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m convert.seeing.expressions", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help=".npz with images and labels of the seven classes")
    parser.add_argument("--count", type=int, help="only so many pictures, drawn at random")
    args = parser.parse_args(argv)
    try:
        images, labels = npz.images_and_labels(args.data, "all", len(EMOTIONS))
    except FerEdgeError as fault:
        print(f"expressions: {fault}", file=sys.stderr)
        return fault.exit_code
    chosen = np.random.default_rng(0).permutation(len(labels))[: args.count]
    print(json.dumps(measure(images[chosen], labels[chosen])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
