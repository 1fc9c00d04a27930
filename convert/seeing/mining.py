"""What a half-trained detector takes for faces where there is none: the best teachers of what is no face."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from convert.augment import vary
from convert.networks import predict
from convert.preprocess import to_input
from convert.seeing.detector_data import VARIATION, zoomed
from convert.seeing.scenes import Scene

LOOKS = 4
"""Views of every scene."""
MISTAKEN = 0.15
"""The least score that counts as a mistake worth learning from."""
MOST = 3000


def mistakes(net: Any, empty: Sequence[Scene], size: int, seed: int) -> list[np.ndarray]:
    """Views (size, size) uint8 of scenes without a face in which the network sees one, worst first."""
    rng = np.random.default_rng((seed, 77))
    found: list[tuple[float, np.ndarray]] = []
    for look in range(LOOKS):
        views = [zoomed(scene, size, rng).picture for scene in empty]
        views = [view if look == 0 else vary(view, VARIATION, rng) for view in views]
        for start in range(0, len(views), 64):
            shown = np.stack(views[start : start + 64])
            scores = predict(net, to_input(shown))[..., 0].max(axis=1)
            found += [(float(s), view) for s, view in zip(scores, shown, strict=True) if s >= MISTAKEN]
    found.sort(key=lambda pair: -pair[0])
    print(f"{len(found)} of {LOOKS * len(empty)} views without a face were detected as faces", file=sys.stderr)
    return [view for _, view in found[:MOST]]
