"""Small generated data for the workshop's tests: drawn faces whose mouth and brows say the class."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from convert.cli import main
from tests.convert.faces import draw_faces
from tests.convert.workshop import FAST

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


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data and, in ``out``, a small net trained on them through the command line."""
    folder = tmp_path_factory.mktemp("workshop")
    for split, count, seed in (("train", 280, 1), ("val", 140, 2)):
        images, labels = draw_faces(count, seed=seed)
        votes = np.full((count, 10), -1)
        np.savez(folder / f"faces_{split}.npz", images=images, labels=labels, ferplus_votes=votes)
    options = ["--epochs", "8", "--shift", "0.02", "--votes", "0.3", "--mixup", "0.2", "--sizes", "0:40", "3:48"]
    assert main(["train", "--data", str(folder), "--out", str(folder / "out"), *FAST, *options]) == 0
    return folder


@pytest.fixture(scope="session")
def quantized(trained: Path) -> Path:
    """The same net as int8, ``shipped/drawn.tflite``, with notes of a person in its card."""
    notes = trained / "notes.yaml"
    notes.write_text("data: drawn faces\nterms: none\nnot_for: real faces\ninput: {crop: the whole}\n")
    target = trained / "shipped" / "drawn.tflite"
    arguments = ["--data", str(trained), "--out", str(target), "--notes", str(notes)]
    arguments += ["--samples", "100", "--fit-bias", "200"]
    assert main(["quantize", str(trained / "out" / "model.keras"), *arguments]) == 0
    return target
