"""Shut, or looking down? Both eyes and the brows in one picture say what the picture of one eye does not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.errors import ModelError
from fer_edge.perception import shape, warp
from fer_edge.perception.interpreter import Model, shipped

if TYPE_CHECKING:
    from fer_edge.core import Image, Points

VALUES = 4
"""Outputs of the network: closure of the person's right and left eye, then the gaps of their lids, :data:`GAPS` times
what they are in widths of the eye."""
GAPS = 2.5
SHUT_GAP, OPEN_GAP = 0.02, 0.35
"""Gaps in widths of the eye at which openness is 0 and 1."""
AS_LIKELY, SPREAD = 0.63, 0.03
"""Closure at which an eye is as likely shut as looking down, and how much more of it makes that e times likelier."""
MOST = 4.0
"""The most that is said for or against, in log-odds: the network is wrong now and then, too."""


@dataclass(frozen=True, slots=True)
class Lid:
    """What the pair says of one eye: log-odds for its being shut, not lowered (at most MOST either way), and openness
    0 to 1."""

    for_shut: float
    openness: float


class EyePair:
    """Judges how far the lids of a face are down whose points are known."""

    def __init__(self, path: Path | None = None, *, runtime: str = "auto", threads: int = 1) -> None:
        self.model = Model(path or shipped("eyepair"), task="eyepair", runtime=runtime, threads=threads)
        if self.model.output_sizes != [VALUES]:
            raise ModelError(
                f"{self.model.path}: gives {self.model.output_sizes} values; a pair of eyes needs {VALUES}"
            )

    def read(self, grey: Image, points: Points) -> tuple[Lid, Lid]:
        """The person's right and left eye, in a (height, width) uint8 picture."""
        height, width = self.model.size
        square = warp.cut(grey, warp.upright(*shape.eye_pair_region(points), width), width)
        values = self.model.run(warp.standardise(warp.middle(square, height)))[0].tolist()
        return _lid(values[0], values[2]), _lid(values[1], values[3])


def _lid(closure: float, gap: float) -> Lid:
    openness = (gap / GAPS - SHUT_GAP) / (OPEN_GAP - SHUT_GAP)
    return Lid(for_shut=max(-MOST, min((closure - AS_LIKELY) / SPREAD, MOST)), openness=max(0.0, min(openness, 1.0)))
