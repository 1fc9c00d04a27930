"""The expression of a face, by the shipped network or the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from fer_edge.errors import ModelError
from fer_edge.perception import warp
from fer_edge.perception.interpreter import Model, shipped

if TYPE_CHECKING:
    from fer_edge.core import Image
    from fer_edge.perception.shape import Region


class Expression:
    """Probabilities of the model's own labels for one face at a time.

    The shipped network answers with the mean over the face and its mirror image: an expression has
    no side, a network's mistakes do. The model's card says how much of a face it was trained on
    (``input.crop.scale``, as a multiple of what FER2013's pictures show). A network for colours is shown
    the grey face in all of its channels.
    """

    def __init__(self, path: Path | None = None, *, runtime: str = "auto", threads: int = 1) -> None:
        self.model = Model(path or shipped("expression"), task="expression", runtime=runtime, threads=threads)
        self._scale = float(self.model.card["input"].get("crop", {}).get("scale", 1.0))
        self._channels = self.model.shape[3] if len(self.model.shape) > 3 else 1
        height, width = self.model.size
        if height != width:
            raise ModelError(f"{self.model.path}: takes {width} x {height} pixels; expressions need a square picture")
        outputs = self.model.output_sizes
        if not self.model.labels or outputs != [len(self.model.labels)]:
            raise ModelError(
                f"{self.model.path}: gives {outputs} values for {len(self.model.labels)} labels; "
                "its card must list one label for each, in order"
            )

    def read(self, grey: Image, region: Region) -> Mapping[str, float]:
        """Label to probability for the face in this region of a (height, width) uint8 picture."""
        centre, side, angle = region
        size = self.model.size[0]
        face = warp.cut(grey, warp.upright(centre, side * self._scale, angle, size), size)
        shown = face if self._channels == 1 else cv2.merge([face] * self._channels)
        return {label: float(p) for label, p in zip(self.model.labels, self.model.run(shown)[0], strict=True)}
