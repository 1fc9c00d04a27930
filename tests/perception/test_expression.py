"""The expression of a face: the same for its mirror image."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.core import EMOTIONS, Box
from fer_edge.errors import ModelError
from fer_edge.perception import pose, shape, warp
from fer_edge.perception.emotion import Expression
from fer_edge.perception.interpreter import shipped
from fer_edge.perception.shape import box_region


def test_a_face_and_its_mirror_image_have_one_expression() -> None:
    rng = np.random.default_rng(5)
    whole = box_region(Box(0, 0, 48, 48))
    expression = Expression()
    for _ in range(5):
        face = cv2.GaussianBlur(rng.integers(0, 256, (48, 48), dtype=np.uint8), (0, 0), 3)
        seen = expression.read(face, whole)
        assert tuple(seen) == EMOTIONS
        assert seen == pytest.approx(expression.read(np.ascontiguousarray(face[:, ::-1]), whole), abs=1e-6)
        assert sum(seen.values()) == pytest.approx(1.0, abs=0.03)


def test_the_crop_of_an_expression_shows_a_face_as_its_training_pictures_do() -> None:
    points = np.array(json.loads(pose.MEAN_FACE.read_text("utf-8"))["points"])[:, :2]
    for angle in (0.0, 25.0):
        turn = np.deg2rad(angle)
        turned = points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) * 30 + (200, 150)
        (x, y), side, tilt = shape.expression_region(turned.astype(np.float32))
        matrix = warp.upright((x, y), side, tilt, 48)
        inside = turned @ matrix[:, :2].T + matrix[:, 2]
        low, high = inside.min(axis=0), inside.max(axis=0)
        assert tilt == pytest.approx(angle, abs=1.5)
        # On FER2013's pictures the points fill 0.8 of the side, in the middle across and 0.63 of the way down.
        assert (high - low).max() / 48 == pytest.approx(0.8, abs=0.02)
        assert (low + high) / 96 == pytest.approx([0.5, 0.63], abs=0.03)


def test_a_network_whose_picture_is_not_square_is_refused_before_it_sees_a_face(tmp_path: Path) -> None:
    wide = tmp_path / "wide.tflite"
    wide.write_bytes(shipped("eyepair").read_bytes())
    card = json.loads(shipped("eyepair").with_suffix(".json").read_text("utf-8"))
    card |= {"task": "expression", "labels": list(EMOTIONS[:4])}
    wide.with_suffix(".json").write_text(json.dumps(card), "utf-8")
    with pytest.raises(ModelError, match=r"wide\.tflite: takes \d+ x \d+ pixels"):
        Expression(wide)
