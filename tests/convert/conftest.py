"""Small generated data for the workshop's tests: drawn faces whose mouth and brows say the class."""

from __future__ import annotations

import fcntl
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from convert.cli import main
from tests.convert.faces import draw_faces
from tests.convert.meshes import standing_in
from tests.convert.workshop import FAST

os.environ["KERAS_BACKEND"] = "tensorflow"  # quantize needs it, and one process runs one engine

FIRST = ("test_several_models", "test_workshop", "test_seeing_networks")
"""Files that take longest begin first, so that no worker is left alone with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: FIRST.index(item.path.stem) if item.path.stem in FIRST else len(FIRST))
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


def made_once(name: str, make: Callable[[Path], None], factory: pytest.TempPathFactory) -> Path:
    """The folder that ``make`` fills, by the first worker that asks for it; not to be changed by a test."""
    own = factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (done := folder.with_suffix(".done")).exists():
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data and, in ``out``, a small net trained on them through the command line."""

    def make(folder: Path) -> None:
        for split, count, seed in (("train", 280, 1), ("val", 140, 2)):
            images, labels = draw_faces(count, seed=seed)
            votes = np.full((count, 10), -1)
            np.savez(folder / f"faces_{split}.npz", images=images, labels=labels, ferplus_votes=votes)
        options = ["--epochs", "8", "--shift", "0.02", "--votes", "0.3", "--mixup", "0.2", "--sizes", "0:40", "3:48"]
        assert main(["train", "--data", str(folder), "--out", str(folder / "out"), *FAST, *options]) == 0

    return made_once("trained", make, tmp_path_factory)


@pytest.fixture(scope="session")
def quantized(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same net as int8, ``drawn.tflite``, with notes of a person in its card."""

    def make(folder: Path) -> None:
        notes = trained.with_name("notes.yaml")
        notes.write_text("data: drawn faces\nterms: none\nnot_for: real faces\ninput: {crop: the whole}\n")
        arguments = ["--data", str(trained), "--out", str(folder / "drawn.tflite"), "--notes", str(notes)]
        arguments += ["--samples", "100"]
        assert main(["quantize", str(trained / "out" / "model.keras"), *arguments]) == 0

    return made_once("shipped", make, tmp_path_factory) / "drawn.tflite"


@pytest.fixture(scope="session")
def mesh_task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small ``face_landmarker.task``."""
    folder = made_once("task", lambda new: standing_in(new / "face_landmarker.task"), tmp_path_factory)
    return folder / "face_landmarker.task"
