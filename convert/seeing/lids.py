"""Eyes with their lids drawn anew: lowered over the eye, raised from below, shut; irises moved.

A patch is one eye, upright, :data:`PATCH` pixels wide, :data:`WIDTHS` eye widths to its side, with the
curves of both lids. Whoever looks down lowers the lid with the eye; a laugh or a squint raises the lower
lid. Photographs of either with a label are rare, so both are drawn from eyes whose lids are marked: the
skin is stretched after the lid, and what it uncovers or covers of the eye stays where it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from fer_edge.perception import shape, warp

PATCH = 96
WIDTHS = 2.4
"""Side of a patch in widths of the eye: enough around a crop of 1.6 widths to stray and to grow."""
EYE = PATCH / WIDTHS
"""Width of the eye in a patch, pixels."""
CROP = PATCH / 1.5
"""Side of the product's crop in a patch, pixels: 1.6 widths of the eye."""
OPEN_GAP = 0.30
"""Mean gap of the lids over the eye's width (the eye aspect ratio) at which openness is 1, by 68 points."""
OPEN_MASK = 0.42
"""The same by masks, whose corners leave out the inner one's pink."""

_ROWS = np.arange(PATCH, dtype=np.float32)[:, None]
_COLUMNS = np.broadcast_to(np.arange(PATCH, dtype=np.float32), (PATCH, PATCH))


@dataclass(frozen=True)
class Eye:
    """One eye in a patch. ``upper`` and ``lower`` (PATCH,) are the rows of the lids, NaN beside the eye.

    ``openness`` 0 to 1 as it stands. ``iris`` is its middle from the middle between the corners, (x, y) in eye
    widths, None where it is not known.
    """

    picture: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    openness: float
    iris: tuple[float, float] | None = None


def from_points(picture: np.ndarray, points: np.ndarray, *, shut_gap: float) -> tuple[Eye, Eye]:
    """The person's right and left eye of a face with its 68 points (68, 2).

    ``shut_gap`` is the aspect ratio at which this markup's eyes are shut: its lids never touch.
    """
    eyes = []
    for part, region in zip((shape.RIGHT_EYE, shape.LEFT_EYE), shape.eye_regions(points), strict=True):
        six = points[part]
        width = float(np.hypot(*(six[3] - six[0])))
        matrix = warp.upright(region[0], max(width, 4.0) * WIDTHS, region[2], PATCH)
        patch = warp.cut(picture, matrix, PATCH)
        placed = six @ matrix[:, :2].T + matrix[:, 2]
        left, right = placed[0], placed[3]
        upper, lower = _curve([left, placed[1], placed[2], right]), _curve([left, placed[5], placed[4], right])
        openness = (shape.eye_aspect_ratio(six) - shut_gap) / (OPEN_GAP - shut_gap)
        eyes.append(Eye(patch, upper, lower, float(np.clip(openness, 0, 1)), None))
    return eyes[0], eyes[1]


def from_mask(picture: np.ndarray, mask: np.ndarray) -> Eye | None:
    """The eye of a picture whose white, iris and pupil are marked 1, 2, 3 (0: skin); None where it is cut off."""
    rows, columns = np.nonzero(mask)
    height, width = mask.shape
    if (
        len(rows) < 60
        or columns.min() <= 1
        or columns.max() >= width - 2
        or rows.min() <= 1
        or rows.max() >= height - 2
    ):
        return None
    spread = np.stack([columns, rows], axis=1).astype(np.float64)
    middle = spread.mean(axis=0)
    axis = np.linalg.eigh(np.cov((spread - middle).T))[1][:, 1]
    axis = axis if axis[0] > 0 else -axis
    along = (spread - middle) @ axis
    ends = [spread[np.abs(along - end) < 1.5].mean(axis=0) for end in (along.min(), along.max())]
    across = ends[1] - ends[0]
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    if abs(angle) > 50:
        return None
    length, centre = float(np.hypot(*across)), (ends[0] + ends[1]) / 2
    # The product's crop stands on the mean of six points, which lies between the corners and the lids.
    centre = (2 * centre + 4 * middle) / 6
    matrix = warp.upright((float(centre[0]), float(centre[1])), length * WIDTHS, angle, PATCH)
    # These pictures are cut close: what lies beyond is their mirror image, not streaks of their edge.
    soft = cv2.GaussianBlur(picture, (0, 0), max(0.3, 0.35 * length / EYE))
    patch = cv2.warpAffine(soft, matrix, (PATCH, PATCH), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    turned = cv2.warpAffine(mask, matrix, (PATCH, PATCH), flags=cv2.INTER_NEAREST)
    upper, lower = (np.full(PATCH, np.nan, np.float32) for _ in range(2))
    for x in np.flatnonzero(turned.any(axis=0)):
        inside = np.flatnonzero(turned[:, x])
        upper[x], lower[x] = inside[0] - 0.5, inside[-1] + 0.5
    known = np.flatnonzero(np.isfinite(upper))
    if len(known) < EYE / 2:
        return None
    thirds = known[0] + (known[-1] - known[0]) * np.array([1 / 3, 2 / 3])
    gap = float(np.mean(np.interp(thirds, known, (lower - upper)[known]))) / EYE
    iris = np.argwhere(turned >= 2)
    offset = None
    if len(iris) > 6:
        corners = (np.stack(ends) @ matrix[:, :2].T + matrix[:, 2]).mean(axis=0)
        offset = _iris_middle(turned, iris, corners)
    return Eye(patch, upper, lower, float(np.clip(gap / OPEN_MASK, 0, 1)), offset)


def _iris_middle(mask: np.ndarray, iris: np.ndarray, corners: np.ndarray) -> tuple[float, float]:
    """Middle of the iris as a whole disc, lids or not, from the corners' middle in eye widths."""
    left, right = iris[:, 1].min(), iris[:, 1].max()
    pupil = np.argwhere(mask == 3)
    x = float(pupil[:, 1].mean()) if len(pupil) > 4 else (left + right) / 2
    y = float(pupil[:, 0].mean()) if len(pupil) > 4 else float(iris[:, 0].mean())
    return (x - float(corners[0])) / EYE, (y - float(corners[1])) / EYE


def _curve(points: list[np.ndarray]) -> np.ndarray:
    """Rows of a lid through its marked points, smooth, NaN beside the corners."""
    at = np.array([p[0] for p in points])
    rows = np.full(PATCH, np.nan, np.float32)
    if np.any(np.diff(at) < 1):
        return rows
    fit = np.polynomial.Polynomial.fit(at, [p[1] for p in points], 3)
    inside = np.arange(max(0, int(np.ceil(at[0]))), min(PATCH - 1, int(at[-1])) + 1)
    rows[inside] = fit(inside)
    return rows


def _opening(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """1 between the lids, 0 elsewhere, (PATCH, PATCH) float32."""
    with np.errstate(invalid="ignore"):
        return ((upper < _ROWS) & (lower > _ROWS)).astype(np.float32)


def move_iris(eye: Eye, right: float, down: float) -> Eye:
    """What lies between the lids moved by parts of the eye's width; the lids stay."""
    if not np.isfinite(eye.upper).any():
        return eye
    inside = cv2.GaussianBlur(_opening(eye.upper, eye.lower), (0, 0), 0.7)
    upper, lower = (np.nan_to_num(lid, nan=PATCH / 2) for lid in (eye.upper, eye.lower))
    known = np.flatnonzero(np.isfinite(eye.upper))
    # White takes the place of what moves away: the eye's own edge is repeated, never the skin.
    x = np.clip(_COLUMNS - right * EYE, known[0] + 2, known[-1] - 2).astype(np.float32)
    at = x.round().astype(int)
    y = np.clip(_ROWS - down * EYE, upper[at] + 1.5, np.maximum(lower[at] - 1.5, upper[at] + 1.5)).astype(np.float32)
    moved = cv2.remap(eye.picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    picture = eye.picture * (1 - inside) + moved * inside
    iris = None if eye.iris is None else (eye.iris[0] + right, eye.iris[1] + down)
    return replace(eye, picture=picture.astype(np.uint8), iris=iris)


def close(eye: Eye, above: float, below: float, lash: float = 0.0) -> Eye:
    """The upper lid lowered over ``above`` of the gap, the lower one raised over ``below`` of it (together at most 1).

    ``lash`` 0 to 1 darkens the edge of the upper lid, as lashes and their shadow do.
    """
    if not np.isfinite(eye.upper).any():
        return eye
    flat = float(np.nanmean(np.concatenate([eye.upper, eye.lower])))
    upper, lower = (np.nan_to_num(lid, nan=flat)[None] for lid in (eye.upper, eye.lower))
    gap = np.where(np.isfinite(eye.upper), np.maximum(eye.lower - eye.upper, 0), 0).astype(np.float32)[None]
    gap = cv2.GaussianBlur(gap, (0, 0), 1.5)
    top, bottom = upper + above * gap, lower - below * gap
    brow, cheek = upper - 0.75 * EYE, lower + 0.6 * EYE
    stretched = np.where(
        top > _ROWS,
        np.where(brow > _ROWS, _ROWS, brow + (_ROWS - brow) * (upper - brow) / np.maximum(top - brow, 1)),
        np.where(
            bottom >= _ROWS,
            _ROWS,
            np.where(cheek < _ROWS, _ROWS, cheek - (cheek - _ROWS) * (cheek - lower) / np.maximum(cheek - bottom, 1)),
        ),
    )
    picture = cv2.remap(eye.picture, _COLUMNS.copy(), stretched.astype(np.float32), cv2.INTER_LINEAR)
    if lash:
        edge = np.exp(-np.square((_ROWS - top) / (0.03 * EYE + 0.6))) * np.minimum(gap / (0.1 * EYE), 1)
        picture = (picture * (1 - lash * edge)).astype(np.uint8)
    with np.errstate(invalid="ignore"):
        shut = [np.where(np.isfinite(eye.upper), lid[0], np.nan).astype(np.float32) for lid in (top, bottom)]
    return replace(eye, picture=picture, upper=shut[0], lower=shut[1], openness=eye.openness * (1 - above - below))
