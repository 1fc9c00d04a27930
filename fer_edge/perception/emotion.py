"""The expression of a face, by the shipped network or the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_edge.errors import ModelError
from fer_edge.perception import warp
from fer_edge.perception.interpreter import Model, shipped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_edge.core import Image
    from fer_edge.perception.shape import Region


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What the network said of one side of a face: its outputs, and whether the face was mirrored."""

    values: NDArray[np.float32]
    mirrored: bool = False


class Expression:
    """Probabilities of the model's own labels for one face at a time.

    The answer is the mean over the face and its mirror image: an expression has no side, a
    network's mistakes do. The model's card says how much of a face it was trained on
    (``input.crop.scale``, as a multiple of what FER2013's pictures show).
    """

    def __init__(self, path: Path | None = None, *, runtime: str = "auto", threads: int = 1) -> None:
        self.model = Model(path or shipped("expression"), runtime=runtime, threads=threads)
        self._scale = float(self.model.card["input"].get("crop", {}).get("scale", 1.0))
        outputs = self.model.output_sizes
        if not self.model.labels or outputs != [len(self.model.labels)]:
            raise ModelError(
                f"{self.model.path}: gives {outputs} values for {len(self.model.labels)} labels; "
                "its card must list one label for each, in order"
            )

    def read(self, grey: Image, region: Region, before: Look | None = None) -> tuple[Mapping[str, float], Look]:
        """Label to probability for the face in this region of a (height, width) uint8 picture, and the look at it.

        With the look ``before`` at the same face only its other side is looked at now, for half of the time.
        """
        look = self.look(grey, region, mirrored=before is not None and not before.mirrored)
        other = before or self.look(grey, region, mirrored=True)
        mean = (look.values + other.values) * np.float32(0.5)
        return {label: float(value) for label, value in zip(self.model.labels, mean, strict=True)}, look

    def look(self, grey: Image, region: Region, *, mirrored: bool = False) -> Look:
        """One pass of the network over the face, or over its mirror image."""
        centre, side, angle = region
        size = self.model.size[0]
        face = warp.cut(grey, warp.upright(centre, side * self._scale, angle, size), size)
        return Look(self.model.run(face[:, ::-1] if mirrored else face)[0], mirrored)
