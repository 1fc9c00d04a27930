"""Eyes: labelled crops, marked faces and masks with their lids drawn anew, people in dark glasses, no eyes.

A target is values, then the weight of each: four that say which states it may be, openness, visible, iris told,
gaze (x, y); weights of state, openness, visible, told, gaze.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from convert.errors import DataError
from convert.files import read_arrays
from convert.seeing import faces68, lids, npz, worn
from convert.seeing.augment import Variation, coarse, cover, vary
from convert.seeing.lids import Eye
from convert.seeing.pieces import Wobble
from fer_edge.perception import shape, warp

if TYPE_CHECKING:
    from fer_edge.sources.sim.examples import EyeTruth

STATES = ("shut", "lowered", "narrowed", "open")
OUTPUTS = (*STATES, "openness", "visible", "told", "gaze_yaw", "gaze_pitch")
GAZE_DEG = 45.0
"""Degrees that an output of gaze, which lies within -1 to 1, is in units of."""
TURN = 0.36
"""Shift of the iris over the eye's width for a turn of 90 degrees: on a ball of 10.8 mm in an eye 30 mm wide."""
SHUT_RATIO = 0.09
"""Eye aspect ratio at which the lids of the 68-point markup are shut."""
CLOSE_REGION = ((0.5, 0.5), 22 / 24)
WIDE_REGION = ((0.5, 0.557), 76 / 96)
"""Centre and side, in sides of the crop, that frame an eye of the two sets like :func:`shape.eye_regions`."""
SHARES = {
    "close": 0.22,
    "wide": 0.13,
    "marked": 0.13,
    "masks": 0.1,
    "low": 0.05,
    "video": 0.03,
    "scenes": 0.15,
    "glasses": 0.03,
    "drawn": 0.08,
}
"""Of every batch; what is left is no eye."""
SHUT, LOWERED, NARROWED, OPEN = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))
NOT_SHUT, HALF, LOW, NEARLY_SHUT = (0, 1, 1, 1), (0, 1, 0, 1), (1, 1, 0, 0), (1, 1, 1, 0)
NO_EYE = (0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.3, 0.0)

WIDE = 0.55
"""Openness above which a lid that is a little lowered or narrowed may as well be called open."""
LEAST_TOLD = 0.12
"""Openness under which nothing of the iris can be told."""
SURELY_SEEN = 0.2
"""Openness from which an iris shows under the lid: a narrower gap, a pixel or two high, may be a line of lashes."""

SHARP = Variation(blur_share=0.15, blur=0.7, coarse_share=0.0, noise=7.0)
"""Less blur than elsewhere: an iris under a low lid is one or two pixels high."""
COARSE_SHARE, COARSEST = 0.4, 0.4
"""Share of crops that are made coarser, and the least that is left of their pixels' number along a side."""

Target = tuple[float, ...]
Sample = tuple[np.ndarray, float, Target]
"""A picture, the side in it of a crop around its middle, and the target."""
Draw = Callable[[np.random.Generator], Sample]


@dataclass(frozen=True)
class Known:
    """An eye in a patch that is not drawn anew, and what is known of it."""

    picture: np.ndarray
    side: float
    target: Target

    @property
    def region(self) -> tuple[tuple[float, float], float, float]:
        """Where the eye lies in the picture, as :func:`warp.upright` takes it."""
        middle = (self.picture.shape[0] - 1) / 2
        return (middle, middle), self.side, 0.0


def target(
    states: Sequence[int],
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


def degrees(iris: tuple[float, float] | None) -> tuple[float, float] | None:
    """Where an eye looks by its iris, (x, y) from the corners' middle in eye widths: degrees to the own left and up."""
    if iris is None:
        return None
    x, y = (float(np.degrees(np.arcsin(np.clip(v / TURN, -1, 1)))) for v in iris)
    return x, -y


def labelled(path: Path, split: str) -> list[Known]:
    """The eyes of an .npz with images and labels (1 open, 0 closed). Open ones may be lowered or narrowed."""
    images, labels = npz.images_and_labels(path, split, classes=2)
    centre, side = CLOSE_REGION if images.shape[1] < 64 else WIDE_REGION
    (x, y), width, _ = npz.region_in(images, centre, side)
    known = []
    for image, label in zip(images, labels, strict=True):
        # The region's middle becomes the picture's own.
        patch = warp.cut(image, warp.upright((x, y), width * 1.5, 0.0, image.shape[0]), image.shape[0])
        values = target(NOT_SHUT) if label else target(SHUT, 0.0, told=0.0)
        known.append(Known(patch, image.shape[0] / 1.5, values))
    return known


def marked(faces: faces68.MarkedFaces) -> list[Eye]:
    """Both eyes of every photograph; of video frames see :func:`video`."""
    faces = faces.where(faces.source != "ytf")
    return [
        eye
        for image, points in zip(faces.images, faces.points, strict=True)
        for eye in lids.from_points(image, points, shut_gap=SHUT_RATIO)
    ]


def video(faces: faces68.MarkedFaces) -> list[Known]:
    """Eyes of marked video frames: too coarse to draw on; wide or nearly shut by the gap of their lids."""
    faces, known = faces.where(faces.source == "ytf"), []
    for image, points in zip(faces.images, faces.points, strict=True):
        for part, eye in zip(
            (shape.RIGHT_EYE, shape.LEFT_EYE), lids.from_points(image, points, shut_gap=SHUT_RATIO), strict=True
        ):
            ratio = shape.eye_aspect_ratio(points[part])
            if ratio > 0.2:
                known.append(Known(eye.picture, 1.6 * lids.EYE, target(NOT_SHUT, eye.openness)))
            elif ratio < 0.1:
                known.append(Known(eye.picture, 1.6 * lids.EYE, target(LOW, eye.openness)))
    return known


def masks(path: Path, split: str, *, real: bool | None = None) -> list[Eye]:
    """Eyes of an .npz of images, masks (0 skin, 1 white, 2 iris, 3 pupil) and split. Raises DataError."""
    found = read_arrays(path)
    missing = [name for name in ("images", "masks", "split", "real") if name not in found]
    if missing:
        raise DataError(f"{path}: has no array {', '.join(missing)}; it must hold images, masks, real and split")
    chosen = found["split"] == split
    if real is not None:
        chosen &= found["real"].astype(bool) == real
    eyes = [lids.from_mask(found["images"][i], found["masks"][i]) for i in np.flatnonzero(chosen)]
    return [eye for eye in eyes if eye is not None]


def low(eyes: Iterable[Eye]) -> list[Known]:
    """Those of real eyes that are low or narrow as they stand: few, and the ones that a look down is told by."""
    return [Known(eye.picture, 1.6 * lids.EYE, as_it_is(eye)) for eye in eyes if SURELY_SEEN <= eye.openness <= WIDE]


def glasses(folder: Path, split: str) -> list[tuple[Known, str]]:
    """Eyes behind dark glasses and bare eyes of the same people, by labels.csv (file, split, eyes), each with its kind.

    Where the eyes are is told by the landmark network that ships.
    """
    from fer_edge.perception.faces import make_finder
    from fer_edge.perception.landmarks import Landmarks
    from fer_edge.settings import Settings

    finder, landmarks, known = make_finder(Settings().perception), Landmarks(), []
    with (folder / "labels.csv").open(encoding="utf-8") as rows:
        chosen = [row for row in csv.DictReader(rows) if row["split"] == split]
    for row in chosen:
        image = cv2.imread(str(folder / row["file"]), cv2.IMREAD_GRAYSCALE)
        points = None if image is None else _points(image, finder, landmarks)
        if points is None:
            continue
        dark = row["eyes"] != "open"
        for eye in lids.from_points(image, points, shut_gap=SHUT_RATIO):
            values = NO_EYE if dark else target(NOT_SHUT)
            known.append((Known(eye.picture, 1.6 * lids.EYE, values), row["pose"] + " " + row["eyes"]))
    return known


def drawn(people: Iterable[int], each: int) -> list[Known]:
    """Eyes of the simulated head, found and cut in its pictures as the product would."""
    from fer_edge.perception.faces import make_finder
    from fer_edge.perception.landmarks import Landmarks
    from fer_edge.settings import Settings
    from fer_edge.sources.sim.examples import examples

    finder, landmarks, known = make_finder(Settings().perception), Landmarks(), []
    for example in examples(people, each):
        grey = cv2.cvtColor(example.picture, cv2.COLOR_BGR2GRAY)
        points = _points(grey, finder, landmarks)
        if points is None:
            continue
        for eye, truth in zip(
            lids.from_points(grey, points, shut_gap=SHUT_RATIO), (example.right, example.left), strict=True
        ):
            known.append(Known(eye.picture, 1.6 * lids.EYE, _of_truth(truth)))
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
    return target(states, openness, gaze if openness > LEAST_TOLD else None)


def _points(image: np.ndarray, finder: Any, landmarks: Any) -> np.ndarray | None:
    """The 68 points of the best face of a still, by the networks that ship; None without one."""
    from fer_edge.perception.follower import first_reading

    for face in finder.find(image, None):
        reading = first_reading(landmarks, image, face)
        if reading is not None:
            return reading.points
    return None


def sampler(groups: dict[str, Sequence[Known | Eye]], nothing: Draw, size: int) -> Callable:
    """Draws varied batches ((n, size, size) uint8, (n, 14) float32); an empty group's share goes to the others."""
    groups = {name: eyes for name, eyes in groups.items() if eyes and SHARES[name]}
    if not groups:
        raise DataError("nothing to learn from: no labelled crop, marked face or mask in the data")
    whole, left = sum(SHARES.values()), sum(SHARES[name] for name in groups)
    chances = np.cumsum([SHARES[name] * whole / left for name in groups])
    pools, how, wobble = list(groups.values()), SHARP, Wobble()

    def one(rng: np.random.Generator) -> tuple[np.ndarray, Target]:
        n = int(np.searchsorted(chances, rng.random()))
        picture, side, values = nothing(rng) if n >= len(pools) else _draw(pools[n], rng)
        return cut(picture, side, size, values, wobble, how, rng)

    def draw(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        drawn = [one(rng) for _ in range(count)]
        return np.stack([d[0] for d in drawn]), np.array([d[1] for d in drawn], np.float32)

    return draw


def _draw(pool: Sequence[Known | Eye], rng: np.random.Generator) -> Sample:
    chosen = pool[int(rng.integers(len(pool)))]
    if isinstance(chosen, Known):
        return chosen.picture, chosen.side, chosen.target
    eye, values = redrawn(chosen, rng)
    return eye.picture, 1.6 * lids.EYE, values


def redrawn(eye: Eye, rng: np.random.Generator) -> tuple[Eye, Target]:
    """The eye with its lids and iris where chance puts them, and what is then true of it."""
    drawable = eye.openness > 0.4 and bool(np.isfinite(eye.upper).any())
    if not drawable:
        return eye, as_it_is(eye)
    if eye.iris is not None and rng.random() < 0.5:
        eye = lids.move_iris(eye, float(rng.uniform(-0.16, 0.16)), float(rng.uniform(-0.05, 0.06)))
    kind, lash = rng.random(), float(rng.uniform(0, 0.5)) * float(rng.random() < 0.7)
    if kind < 0.32:
        return eye, as_it_is(eye)
    if kind < 0.52:
        above = float(rng.uniform(0.75, 1.0))
        rest = float(rng.uniform(0.0, 0.05))
        return lids.close(eye, above - rest, 1 - above, lash), target(SHUT, 0.0, told=0.0)
    left = float(rng.uniform(0.13, 0.5)) / eye.openness
    if kind < 0.78:
        eye = lids.move_iris(eye, 0.0, float(rng.uniform(0.02, 0.16)))
        below = float(rng.uniform(0, 0.1))
        eye = lids.close(eye, max(1 - left - below, 0.0), below, lash)
        if eye.openness < SURELY_SEEN:
            return eye, target(LOW, eye.openness)
        return eye, target(
            LOWERED, eye.openness, degrees(eye.iris), gaze_weight=0.5, told=None if eye.iris is None else 1.0
        )
    if kind < 0.94:
        below = float(rng.uniform(0.35, 0.7)) * (1 - left)
        eye = lids.close(eye, max(1 - left - below, 0.0), below, lash)
        if eye.openness < SURELY_SEEN:
            return eye, target(NEARLY_SHUT, eye.openness)
        return eye, target(NARROWED, eye.openness, degrees(eye.iris), gaze_weight=0.5)
    eye = lids.close(eye, max(1 - float(rng.uniform(0.5, 0.7)) / eye.openness, 0.0), 0.0, lash)
    return eye, target(HALF, eye.openness, degrees(eye.iris))


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


def cut(
    picture: np.ndarray,
    side: float,
    size: int,
    values: Target,
    wobble: Wobble,
    how: Variation,
    rng: np.random.Generator,
) -> tuple[np.ndarray, Target]:
    """One varied, standardised (size, size) crop around the picture's middle, mirrored half of the time."""
    side *= float(np.exp(rng.uniform(-1, 1) * np.log(wobble.scale)))
    middle = (picture.shape[0] - 1) / 2
    x, y = (middle + rng.normal() * wobble.shift * side / 2 for _ in range(2))
    piece = warp.cut(picture, warp.upright((x, y), side, rng.normal() * wobble.angle / 1.5, size), size)
    if rng.random() < 0.5:
        piece = np.ascontiguousarray(piece[:, ::-1])
        values = (*values[:7], -values[7], *values[8:])
    if rng.random() < COARSE_SHARE:
        left = float(rng.uniform(COARSEST, 1.0))
        piece, values = coarse(piece, left), as_seen(values, left)
    piece = vary(piece, how, rng)
    if rng.random() < how.cover_share / 2:
        piece = cover(piece, rng, 0.3)
    return warp.standardise(piece), values


def as_seen(values: Target, left: float) -> Target:
    """What can be told of an eye when only ``left`` of the pixels are: a gap that is no longer seen may be lashes."""
    if not values[4] * left < SURELY_SEEN or not values[10]:
        return values
    for state, doubtful in ((LOWERED, LOW), (NARROWED, NEARLY_SHUT)):
        if values[:4] == tuple(float(s) for s in state):
            # Nor can the iris be told: weights of told and gaze go.
            return (*(float(s) for s in doubtful), *values[4:12], 0.0, 0.0)
    return values


def no_eye(faces: faces68.MarkedFaces) -> Draw:
    """Where no eye can be seen: cheek, mouth, hair, background, or dark or mirroring glasses over the eye."""

    def draw(rng: np.random.Generator) -> Sample:
        i = int(rng.integers(len(faces)))
        image, points = faces.images[i], faces.points[i]
        (x, y), side, angle = shape.eye_regions(points)[int(rng.integers(2))]
        kind = rng.random()
        if kind < 0.35:
            image = worn.sunglasses(image, points, rng)
        elif kind < 0.55:
            image = worn.glare(image, points, faces.images[int(rng.integers(len(faces)))], rng)
        elif rng.random() < 0.5:
            x, y = (float(v) for v in points[int(rng.choice([2, 4, 8, 12, 14, 31, 35, 48, 51, 54, 57]))])
            side *= rng.uniform(0.8, 2)
        else:
            away, turn = rng.uniform(1.3, 2.5) * side, rng.uniform(-np.pi, 0)
            x, y = x + away * np.cos(turn), y + away * np.sin(turn)
        patch = warp.cut(image, warp.upright((x, y), side * 1.5, angle, lids.PATCH), lids.PATCH)
        return patch, lids.PATCH / 1.5, NO_EYE

    return draw
