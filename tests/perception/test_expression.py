"""The expression of a face: the same for its mirror image."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_edge.core import EMOTIONS, Box
from fer_edge.perception.emotion import Expression


def test_a_face_and_its_mirror_image_have_one_expression() -> None:
    rng = np.random.default_rng(5)
    face = cv2.GaussianBlur(rng.integers(0, 256, (48, 48), dtype=np.uint8), (0, 0), 3)
    mirrored = np.ascontiguousarray(face[:, ::-1])
    whole = Box(0, 0, 48, 48)
    both, one_sided = Expression(), Expression(mirrored=False)
    assert tuple(both.read(face, whole)) == EMOTIONS
    assert both.read(face, whole) == pytest.approx(both.read(mirrored, whole), abs=1e-6)
    assert sum(both.read(face, whole).values()) == pytest.approx(1.0, abs=0.03)
    # The network itself is not so fair, or the mean would be for nothing.
    assert one_sided.read(face, whole) != pytest.approx(one_sided.read(mirrored, whole), abs=0.01)
