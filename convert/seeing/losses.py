"""Losses whose targets carry their own weights, so that a picture teaches only what is known of it."""

from __future__ import annotations

from typing import Any

from keras import ops

SMOOTH = 0.01
"""Share of doubt mixed into every yes or no."""


def eye_loss(target: Any, output: Any) -> Any:
    """The state is to be one of those that may be, openness near, visible and told right, the gaze near.

    Target: which of four states it may be, openness, visible, told, gaze (2); then the weights of state, openness,
    visible, told, gaze.
    """
    values, weights = target[:, :9], target[:, 9:]
    state = -ops.log(ops.clip(ops.sum(values[:, :4] * output[:, :4], axis=1), 1e-6, 1.0))
    near = 4.0 * ops.square(values[:, 4] - output[:, 4])
    sure = _cross_entropy(values[:, 5:7], output[:, 5:7])
    gaze = ops.sum(_off(values[:, 7:], output[:, 7:]), axis=1)
    parts = ops.stack([state, near, sure[:, 0], 0.5 * sure[:, 1], 3.0 * gaze], axis=1) * weights
    return ops.mean(ops.sum(parts, axis=1))


def eyepair_loss(target: Any, output: Any) -> Any:
    """Closures and gaps near what the teacher says: a few faces that it misreads should not count by their square."""
    return ops.mean(_off(target, output))


def _off(target: Any, output: Any) -> Any:
    """Smooth absolute error: squared under 0.05."""
    off = ops.abs(target - output)
    return ops.where(off < 0.05, 10 * ops.square(off), off - 0.025)


def mouth_loss(target: Any, output: Any) -> Any:
    """Wide open and visible by cross-entropy; target is values then weights."""
    return ops.mean(ops.sum(_cross_entropy(target[:, :2], output) * target[:, 2:], axis=1))


def _cross_entropy(target: Any, output: Any) -> Any:
    target = target * (1 - 2 * SMOOTH) + SMOOTH
    output = ops.clip(output, 1e-6, 1 - 1e-6)
    return -(target * ops.log(output) + (1 - target) * ops.log(1 - output))


WING, CURVE = 0.08, 0.012
"""Width and curvature of the wing loss, in outputs (4 to a crop's side)."""


def landmark_loss(target: Any, output: Any) -> Any:
    """Wing loss on 68 points (NaN: not known) or on five, and cross-entropy on whether it is a face.

    Feng et al. 2018: a logarithm near zero keeps small errors worth mending. Eyes count 1.5, and
    the gaps between lids and between lips count on their own, because openness is read from them.
    """
    marked, taught, face = target[:, :136], target[:, 136:146], target[:, 146]
    found = ops.reshape(output[:, :136], (-1, 68, 2))
    told = ops.cast(ops.isfinite(marked), "float32")
    known = ops.reshape(ops.where(told > 0, marked, 0.0), (-1, 68, 2))
    error = ops.mean(_wing(known - found) * ops.reshape(told, (-1, 68, 2)), axis=2)
    points = (ops.sum(error, axis=1) + 0.5 * ops.sum(error[:, 36:48], axis=1)) / 74
    gaps = ops.mean(_wing(_gaps(known) - _gaps(found)), axis=(1, 2))
    five = ops.mean(_wing(taught - ops.reshape(_five(found), (-1, 10))), axis=1)
    score = ops.clip(ops.sigmoid(output[:, 136]), 1e-6, 1 - 1e-6)
    sure = -(face * ops.log(score) + (1 - face) * ops.log(1 - score))
    return ops.mean(target[:, 147] * (points + 0.4 * gaps) + 0.3 * target[:, 148] * five + 0.5 * target[:, 149] * sure)


def _wing(error: Any) -> Any:
    size = ops.abs(error)
    constant = WING - WING * ops.log(1 + WING / CURVE)
    # Scaled so that the slope at large errors is near that of the plain absolute error.
    return ops.where(size < WING, WING * ops.log(1 + size / CURVE), size - constant) / WING


def _gaps(points: Any) -> Any:
    upper = ops.stack([points[:, n] for n in (37, 38, 43, 44, 61, 62, 63)], axis=1)
    lower = ops.stack([points[:, n] for n in (41, 40, 47, 46, 67, 66, 65)], axis=1)
    return upper - lower


def _five(points: Any) -> Any:
    eyes = [ops.mean(points[:, 36:42], axis=1), ops.mean(points[:, 42:48], axis=1)]
    return ops.stack([*eyes, points[:, 30], points[:, 48], points[:, 54]], axis=1)


def detector_loss(target: Any, output: Any) -> Any:
    """Focal loss on scores (Lin et al. 2017), smooth absolute error on boxes and points of cells that see a face."""
    face, weight, numbers, known = target[..., 0], target[..., 1], target[..., 2:16], target[..., 16:]
    score, found = ops.clip(output[..., 0], 1e-6, 1 - 1e-6), output[..., 1:]
    hit = -(face * 0.95 + 0.02) * ops.square(1 - score) * ops.log(score)
    miss = -(1 - face) * ops.square(score) * ops.log(1 - score)
    count = ops.maximum(ops.sum(face), 1.0)
    sure = ops.sum((ops.where(face > 0, hit, 0.0) + miss) * weight) / count
    error = ops.abs(found - numbers)
    error = ops.where(error < 0.1, 5 * ops.square(error), error - 0.05)
    box = ops.sum(ops.sum(error[..., :4], axis=-1) * face) / count
    points = ops.sum(ops.sum(error[..., 4:] * known, axis=-1) * face) / count
    return 2 * sure + 1.5 * box + 0.4 * points
