"""Small generated data for the workshop's tests: drawn faces whose mouth and brows say the class."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from tests.convert.faces import draw_faces

os.environ["KERAS_BACKEND"] = "tensorflow"  # quantize needs it, and one process runs one engine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if importlib.util.find_spec("tensorflow"):
        return
    reason = pytest.mark.skip(reason="needs TensorFlow: make test-convert")
    for item in items:
        if item.get_closest_marker("convert"):
            item.add_marker(reason)


@pytest.fixture
def fer_npz(tmp_path: Path) -> Path:
    """A folder of faces_train.npz and faces_val.npz with seven classes."""
    for split, count, seed in (("train", 280, 1), ("val", 70, 2)):
        images, labels = draw_faces(count, seed=seed)
        np.savez(tmp_path / f"faces_{split}.npz", images=images, labels=labels)
    return tmp_path
