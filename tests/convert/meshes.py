"""A stand-in for MediaPipe's face landmarker that says what the picture's two halves tell it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from convert.seeing import mesh

WIDTH, BIAS = 40.0, 2.0
"""Width of the stand-in's eyes, pixels of its picture, and by how much it opens the right one too far."""
OPENS = 16.0
"""Gap of an eye on a white half, in pixels of the stand-in's picture."""
REACH = 48.0
"""Half the distance of its outer corners."""


def standing_in(path: Path) -> Path:
    """A .task whose mesh fills the middle of its picture, each eye as far open as that half of the picture is light.

    Its blink is 1 less twice the gap over the width; it sees no face in the dark.
    """
    tf = pytest.importorskip("tensorflow")
    middle, half = (mesh.SIDE - 1) / 2, mesh.SIDE / 3
    points = np.full((mesh.POINTS, 3), middle, np.float32)
    points[0, :2], points[1, :2] = middle - half, middle + half
    up = np.zeros((2, mesh.POINTS, 3), np.float32)
    for eye, (upper, lower, first, last) in enumerate(mesh.LIDS):
        start = middle - REACH if eye == 0 else middle + REACH - WIDTH
        points[[first, last], 0], points[[first, last, upper, lower], 1] = (start, start + WIDTH), middle - 20
        up[eye, upper, 1] = OPENS
    points[mesh.LIDS[0][0], 1] -= BIAS

    def look(picture):
        right, left = tf.reduce_mean(picture[:, :, :128]), tf.reduce_mean(picture[:, :, 128:])
        told = tf.reshape(points - right * up[0] - left * up[1], (1, 1, 1, 3 * mesh.POINTS))
        return told, tf.reshape(100 * (right + left) - 5, (1, 1, 1, 1)), tf.reshape(right, (1, 1))

    def blends(asked):
        told = [tf.zeros(())] * 52
        for name, lids in zip(mesh.BLINKS, mesh.LIDS, strict=True):
            upper, lower, first, last = (asked[0, mesh.ASKED.index(point)] for point in lids)
            told[name] = 1 - 2 * (lower[1] - upper[1]) / (last[0] - first[0])
        return tf.stack(told)

    with zipfile.ZipFile(path, "w") as task:
        for name, say, shape in (
            ("face_landmarks_detector", look, (1, mesh.SIDE, mesh.SIDE, 3)),
            ("face_blendshapes", blends, (1, len(mesh.ASKED), 2)),
        ):
            asked = tf.function(say, input_signature=[tf.TensorSpec(shape, tf.float32)]).get_concrete_function()
            task.writestr(f"{name}.tflite", tf.lite.TFLiteConverter.from_concrete_functions([asked]).convert())
    return path
