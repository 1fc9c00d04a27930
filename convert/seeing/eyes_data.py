"""Eyes: labelled crops, marked faces and masks with their lids drawn anew, people in dark glasses, no eyes.

A target is values, then the weight of each: four that say which states it may be, openness, visible, iris told,
gaze (x, y); weights of state, openness, visible, told, gaze.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from convert.files import read_arrays
from convert.seeing import faces68, lids, pieces
from convert.seeing.lids import Eye
from convert.seeing.pieces import Piece, in_middle
from convert.seeing.stills import Stills
from fer_edge.perception import shape, warp

if TYPE_CHECKING:
    from fer_edge.sources.sim.examples import EyeTruth

STATES = ("shut", "lowered", "narrowed", "open")
OUTPUTS = (*STATES, "openness", "visible", "told", "gaze_yaw", "gaze_pitch")
GAZE_DEG = 45.0
"""Degrees that an output of gaze, which lies within -1 to 1, is in units of."""
TURN = 0.36
"""Shift of the iris over the eye's width for a turn of 90 degrees: on a ball of 10.8 mm in an eye 30 mm wide."""
PEOPLE, EACH, FIRST_HELD = 260, 18, 5000
"""Drawn people to learn from, pictures of each, and the number from which people are kept for validation."""
SHUT_RATIO = 0.09
"""Eye aspect ratio at which the lids of the 68-point markup are shut."""
CLOSE_REGION = ((0.5, 0.5), 22 / 24)
WIDE_REGION = ((0.5, 0.557), 76 / 96)
"""Centre and side, in sides of the crop, that frame an eye of the two sets like :func:`shape.eye_regions`."""
SHUT, LOWERED, NARROWED, OPEN = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))
NOT_SHUT, HALF, LOW, NEARLY_SHUT = (0, 1, 1, 1), (0, 1, 0, 1), (1, 1, 0, 0), (1, 1, 1, 0)
NO_EYE = (0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.3, 0.0)

WIDE = 0.55
"""Openness above which a lid that is a little lowered or narrowed may as well be called open."""
LEAST_TOLD = 0.12
"""Openness under which nothing of the iris can be told."""
SURELY_SEEN = 0.2
"""Openness from which an iris shows under the lid: a narrower gap, a pixel or two high, may be a line of lashes."""

Target = tuple[float, ...]


def target(
    states: Sequence[float],
    openness: float | None = None,
    gaze: tuple[float, float] | None = None,
    told: float | None = None,
    gaze_weight: float = 1.0,
) -> Target:
    """The target of an eye that can be seen, its gaze in degrees (own left, up) of the face; None: not known."""
    yaw, pitch = gaze or (0.0, 0.0)
    told = 1.0 if told is None and gaze is not None else told
    return (
        *(float(s) for s in states),
        openness or 0.0,
        1.0,
        told or 0.0,
        float(np.clip(yaw / GAZE_DEG, -1, 1)),
        float(np.clip(pitch / GAZE_DEG, -1, 1)),
        1.0,
        0.0 if openness is None else 1.0,
        1.0,
        0.0 if told is None else 1.0,
        gaze_weight if gaze is not None else 0.0,
    )


def of_patch(patch: np.ndarray, values: Target) -> Piece:
    """The product's crop of an eye in the middle of its patch, and what is known of it."""
    return in_middle(patch, lids.CROP, values)


def as_seen(values: Target, left: float) -> Target:
    """What can be told of an eye when only ``left`` of the pixels are: a gap that is no longer seen may be lashes."""
    if not values[4] * left < SURELY_SEEN or not values[10]:
        return values
    for state, doubtful in ((LOWERED, LOW), (NARROWED, NEARLY_SHUT)):
        if values[:4] == tuple(float(s) for s in state):
            # Nor can the iris be told: weights of told and gaze go.
            return (*(float(s) for s in doubtful), *values[4:12], 0.0, 0.0)
    return values


def degrees(iris: tuple[float, float] | None) -> tuple[float, float] | None:
    """Where an eye looks by its iris, (x, y) from the corners' middle in eye widths: degrees to the own left and up."""
    if iris is None:
        return None
    x, y = (float(np.degrees(np.arcsin(np.clip(v / TURN, -1, 1)))) for v in iris)
    return x, -y


def labelled(path: Path, split: str) -> list[Piece]:
    """The eyes of an .npz with images and labels (1 open, 0 closed). Open ones may be lowered or narrowed."""
    images, labels = pieces.labelled(path, split, ("closed", "open"))
    centre, side = CLOSE_REGION if images.shape[1] < 64 else WIDE_REGION
    (x, y), width, _ = pieces.region_in(images, centre, side)
    known = []
    for image, label in zip(images, labels, strict=True):
        # The region's middle becomes the picture's own.
        patch = warp.cut(image, warp.upright((x, y), width * 1.5, 0.0, image.shape[0]), image.shape[0])
        values = target(NOT_SHUT) if label else target(SHUT, 0.0, told=0.0)
        known.append(in_middle(patch, image.shape[0] / 1.5, values))
    return known


def marked(faces: faces68.MarkedFaces) -> list[Eye]:
    """Both eyes of every photograph; of video frames see :func:`video`."""
    faces = faces.where(faces.source != "ytf")
    return [
        eye
        for image, points in zip(faces.images, faces.points, strict=True)
        for eye in lids.from_points(image, points, shut_gap=SHUT_RATIO)
    ]


def video(faces: faces68.MarkedFaces) -> list[Piece]:
    """Eyes of marked video frames: too coarse to draw on; wide or nearly shut by the gap of their lids."""
    faces, known = faces.where(faces.source == "ytf"), []
    for image, points in zip(faces.images, faces.points, strict=True):
        for part, eye in zip(
            (shape.RIGHT_EYE, shape.LEFT_EYE), lids.from_points(image, points, shut_gap=SHUT_RATIO), strict=True
        ):
            ratio = shape.eye_aspect_ratio(points[part])
            if ratio > 0.2:
                known.append(of_patch(eye.picture, target(NOT_SHUT, eye.openness)))
            elif ratio < 0.1:
                known.append(of_patch(eye.picture, target(LOW, eye.openness)))
    return known


def masks(path: Path, split: str, *, real: bool | None = None) -> list[Eye]:
    """Eyes of an .npz of images, masks (0 skin, 1 white, 2 iris, 3 pupil) and split. Raises DataError."""
    found = read_arrays(path, "images", "masks", "split", "real")
    chosen = found["split"] == split
    if real is not None:
        chosen &= found["real"].astype(bool) == real
    eyes = [lids.from_mask(found["images"][i], found["masks"][i]) for i in np.flatnonzero(chosen)]
    return [eye for eye in eyes if eye is not None]


def low(eyes: Iterable[Eye]) -> list[Piece]:
    """Those of real eyes that are low or narrow as they stand: few, and the ones that a look down is told by."""
    return [of_patch(eye.picture, as_it_is(eye)) for eye in eyes if SURELY_SEEN <= eye.openness <= WIDE]


def glasses(folder: Path, split: str) -> list[tuple[Piece, str]]:
    """Eyes behind dark glasses and bare eyes of the same people, by labels.csv (file, split, eyes), each with its kind.

    Where the eyes are is told by the landmark network that ships.
    """
    stills, known = Stills(), []
    with (folder / "labels.csv").open(encoding="utf-8") as rows:
        chosen = [row for row in csv.DictReader(rows) if row["split"] == split]
    for row in chosen:
        image = cv2.imread(str(folder / row["file"]), cv2.IMREAD_GRAYSCALE)
        points = None if image is None else next(stills.points(image), None)
        if image is None or points is None:
            continue
        dark = row["eyes"] != "open"
        for eye in lids.from_points(image, points, shut_gap=SHUT_RATIO):
            values = NO_EYE if dark else target(NOT_SHUT)
            known.append((of_patch(eye.picture, values), row["pose"] + " " + row["eyes"]))
    return known


def drawn(people: Iterable[int], each: int) -> list[Piece]:
    """Eyes of the simulated head, found and cut in its pictures as the product would."""
    from fer_edge.sources.sim.examples import examples

    stills, known = Stills(), []
    for example in examples(people, each):
        grey = cv2.cvtColor(example.picture, cv2.COLOR_BGR2GRAY)
        points = next(stills.points(grey), None)
        if points is None:
            continue
        for eye, truth in zip(
            lids.from_points(grey, points, shut_gap=SHUT_RATIO), (example.right, example.left), strict=True
        ):
            known.append(of_patch(eye.picture, _of_truth(truth)))
    return known


def _of_truth(truth: EyeTruth) -> Target:
    if not truth.seen:
        return NO_EYE
    openness = float(np.clip(truth.openness, 0, 1))
    states = [float(name == str(truth.state)) for name in STATES]
    if truth.state == "shut":
        return target(states, openness, told=0.0)
    if openness > WIDE:  # by how little may a lid be lowered and still be called open?
        states[STATES.index("open")] = 1.0
    gaze = (truth.gaze_yaw, truth.gaze_pitch)
    return as_seen(target(states, openness, gaze if openness > LEAST_TOLD else None), 1.0)


def as_it_is(eye: Eye) -> Target:
    """What is known of an eye whose lids nobody moved."""
    if eye.openness < 0.04:
        return target(SHUT, 0.0, told=0.0)
    if eye.openness < SURELY_SEEN:
        return target(LOW, eye.openness)
    if eye.openness > 0.6:
        return target(OPEN, eye.openness, degrees(eye.iris))
    down = eye.iris is not None and eye.iris[1] > 0.06 and eye.openness < 0.45
    return target(LOWERED if down else NOT_SHUT, eye.openness, degrees(eye.iris))
