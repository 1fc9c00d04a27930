"""Strips with both eyes and brows: those that a teacher told of, and those of drawn people.

A target is what the network is to say: the closure of the person's right and left eye, 0 open to about 0.8 shut, as
the blink of MediaPipe's face mesh, and the gaps of their lids in widths of the eye, times
:data:`fer_edge.perception.eye_pair.GAPS`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from convert.errors import DataError
from convert.files import read_arrays
from convert.seeing import pieces
from convert.seeing.pieces import Group, Piece, Wobble
from convert.seeing.stills import Stills
from fer_edge.perception import shape, warp
from fer_edge.perception.eye_pair import GAPS
from fer_edge.sources.sim.examples import EyeTruth, examples

OUTPUTS = ("closure_right", "closure_left", "gap_right", "gap_left")
WIDTH = 96
"""Width in pixels of the product's strip, which is half as high; what is kept here has room around it."""
ROOM = 160
PEOPLE, EACH = 300, 24
"""Drawn people to learn from, and pictures of each."""
BENT = 0.5
"""Share of drawn heads that are bent down, where shut and lowered lids are hardest to tell apart."""
WEIGHTS = {"scenes": 2.0, "fer2013": 0.5, "drawn": 1.0}
"""How often a strip of this source is drawn; annotated photographs and frames: :data:`MARKED`."""
MARKED = 4.0
RARE = ((0.06, 4.0), (0.15, 3.0), (0.22, 1.5))
"""Lids this close, in eye widths, are drawn so many times as often: few eyes are shut, and they are what matters."""
STRAYS = Wobble(angle=6.0, shift=0.08, scale=1.19)
SHUT = (0.8, 0.02)
"""Closure and gap of a drawn eye that is shut."""
AT_GAPS = (0.03, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.36)
CLOSURES = (0.66, 0.6, 0.55, 0.46, 0.36, 0.26, 0.16, 0.08)
"""Closure that the teacher sees in eyes which are not shut, by their gap."""


@dataclass(frozen=True)
class Strips:
    """Strips (N, 80, 160) uint8 with targets (N, 4) float32; ``source`` names each one's origin."""

    images: np.ndarray
    targets: np.ndarray
    source: np.ndarray

    def pieces(self) -> list[Piece]:
        """Each one with the product's strip in its middle."""
        height, width = self.images.shape[1:]
        region = ((width - 1) / 2, (height - 1) / 2), float(WIDTH), 0.0
        return [Piece(image, region, tuple(map(float, t))) for image, t in zip(self.images, self.targets, strict=True)]


def load(path: Path, split: str) -> Strips:
    """The strips of a split, ``train``, ``val`` or ``all``, that ``teacher_mesh`` wrote. Raises DataError."""
    arrays = read_arrays(path, "images", "targets", "split", "source")
    images, targets = arrays["images"], arrays["targets"]
    if (
        images.shape[1:] != (ROOM // 2, ROOM)
        or images.dtype != np.uint8
        or targets.shape != (len(images), len(OUTPUTS))
    ):
        raise DataError(
            f"{path}: images {images.shape} {images.dtype} and targets {targets.shape}; "
            f"(N, {ROOM // 2}, {ROOM}) uint8 and (N, {len(OUTPUTS)}) are expected"
        )
    chosen = np.flatnonzero((arrays["split"] == split) | (split == "all"))
    if not len(chosen):
        raise DataError(f"{path}: no strips of split {split}")
    return Strips(images[chosen], targets[chosen].astype(np.float32), arrays["source"][chosen])


def around(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The (80, 160) strip of a face with these 68 points: the product's in its middle, cut as the product cuts."""
    centre, side, angle = shape.eye_pair_region(points)
    square = warp.cut(picture, warp.upright(centre, side * ROOM / WIDTH, angle, ROOM), ROOM)
    return warp.middle(square, ROOM // 2)


def target(closures: Iterable[float], gaps: Iterable[float]) -> np.ndarray:
    """What the network is to say of the right and left eye's closure and gap."""
    return np.clip([*closures, *(GAPS * gap for gap in gaps)], 0, 1).astype(np.float32)


def drawn(people: Iterable[int], each: int = EACH) -> Strips:
    """Drawn people whose eyes can be seen, found as the product would; the source says what both eyes are, if one."""
    stills, images, targets, source = Stills(), [], [], []
    for example in examples(people, each, bent=BENT):
        grey, eyes = cv2.cvtColor(example.picture, cv2.COLOR_BGR2GRAY), (example.right, example.left)
        points = next(stills.points(grey), None)
        if points is None or not all(eye.seen for eye in eyes):
            continue
        closures, gaps = zip(*map(_closure_and_gap, eyes), strict=True)
        images.append(around(grey, points))
        targets.append(target(closures, gaps))
        source.append(f"drawn {eyes[0].state}" if eyes[0].state == eyes[1].state else "drawn")
    return Strips(
        np.array(images, np.uint8).reshape(-1, ROOM // 2, ROOM),
        np.array(targets, np.float32).reshape(-1, len(OUTPUTS)),
        np.array(source, np.str_),
    )


def _closure_and_gap(eye: EyeTruth) -> tuple[float, float]:
    if eye.state == "shut":
        return SHUT
    gap = float(np.clip(0.03 + 0.33 * eye.openness, 0, 0.45))
    return float(np.interp(gap, AT_GAPS, CLOSURES)), gap


def weights(strips: Strips) -> np.ndarray:
    """How often each strip is drawn, against the others."""
    own = np.array([WEIGHTS.get(str(source).split()[0], MARKED) for source in strips.source])
    gaps, edges = strips.targets[:, 2:].mean(axis=1) / GAPS, [edge for edge, _ in RARE]
    return own * np.array([*(times for _, times in RARE), 1.0])[np.searchsorted(edges, gaps, side="right")]


def mirrored(values: pieces.Target) -> pieces.Target:
    """The target of the mirror image: right and left change places."""
    right, left, right_gap, left_gap = values
    return left, right, left_gap, right_gap


def sampler(parts: Iterable[Strips], size: int, height: int) -> pieces.Draw:
    """Draws varied batches, each strip as often as :func:`weights` says. Raises DataError without strips."""
    parts = list(parts)
    known, often = [piece for part in parts for piece in part.pieces()], np.concatenate([weights(p) for p in parts])
    groups = [
        Group(float(often[often == weight].sum() / often.sum()), [known[i] for i in np.flatnonzero(often == weight)])
        for weight in np.unique(often)
    ]
    # The shares are the whole but for rounding: what is left over is any strip.
    rest = lambda rng: known[int(rng.integers(len(known)))]  # noqa: E731
    return pieces.sampler(groups, rest, size, wobble=STRAYS, height=height, mirrored=mirrored)
