"""The average solid face, from flat pictures of turned ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from convert.cli import main
from convert.verbs.mean_face import DEPTH
from fer_edge.perception.pose import MEAN_FACE

pytestmark = pytest.mark.convert


def test_turned_faces_give_the_solid_they_were_made_from_a_little_shallower(tmp_path: Path) -> None:
    solid = np.array(json.loads(MEAN_FACE.read_text())["points"])
    rng, shown = np.random.default_rng(5), []
    for yaw, pitch in zip(rng.normal(0, 0.35, 400), rng.normal(0, 0.2, 400), strict=True):
        aside = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        down = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        shown.append(64 + 30 * (solid @ (down @ aside).T)[:, :2] + rng.normal(0, 0.3, (68, 2)))
    data, out = tmp_path / "faces.npz", tmp_path / "mean.json"
    np.savez(data, images=np.zeros((400, 8, 8), np.uint8), points=np.array(shown, np.float32))
    assert main(["mean-face", "--data", str(data), "--out", str(out)]) == 0
    made = np.array(json.loads(out.read_text())["points"])
    width = np.ptp(solid[:, 0]) / np.ptp(made[:, 0])
    deep = (made[30, 2] - made[[36, 45], 2].mean()) * width / (solid[30, 2] - solid[[36, 45], 2].mean())
    assert deep == pytest.approx(DEPTH, abs=0.06)
    assert np.abs(made * width - solid * [1, 1, DEPTH]).max() < 0.15
