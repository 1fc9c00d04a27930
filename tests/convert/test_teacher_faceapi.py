"""The network of another package as a teacher: its weights in a Keras file, its classes in our order."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from convert.predictors import open_predictor
from convert.recipes import teacher_faceapi as faceapi

pytestmark = [pytest.mark.convert, pytest.mark.filterwarnings("default")]


def package(folder: Path, favourite: str) -> Path:
    """The package's files with random rounded weights and one class that its last bias prefers by far."""
    rng, listed, raw, inside = np.random.default_rng(3), [], b"", 3

    def add(name: str, shape: tuple[int, ...]) -> None:
        nonlocal raw
        listed.append({"name": name, "shape": shape, "quantization": {"scale": 0.001, "min": -0.128}})
        raw += rng.integers(0, 256, shape, np.uint8).tobytes()

    for block, width in enumerate(faceapi.BLOCKS):
        for number in range(4):
            name = f"dense{block}/conv{number}"
            if block == number == 0:
                add(f"{name}/filters", (3, 3, inside, width))
            else:
                add(f"{name}/depthwise_filter", (3, 3, inside, 1))
                add(f"{name}/pointwise_filter", (1, 1, inside, width))
            add(f"{name}/bias", (width,))
            inside = width
    add("fc/weights", (inside, 7))
    listed.append({"name": "fc/bias", "shape": (7,)})
    raw += np.array([50.0 * (label == favourite) for label in faceapi.THEIRS], np.float32).tobytes()
    folder.mkdir()
    (folder / "weights.bin").write_bytes(raw)
    manifest = [{"weights": listed, "paths": ["weights.bin"]}]
    (folder / "face_expression_model-weights_manifest.json").write_text(json.dumps(manifest))
    return folder


def test_its_weights_become_a_teacher_with_our_order_of_classes(tmp_path: Path) -> None:
    out = tmp_path / "teacher" / "faceapi.keras"
    assert faceapi.main([str(package(tmp_path / "model", "fear")), str(out)]) == 0
    teacher = open_predictor(out)
    assert teacher.labels == faceapi.OURS
    grey = np.random.default_rng(4).integers(0, 256, (2, faceapi.SIDE, faceapi.SIDE, 1), np.uint8)
    said = teacher.probabilities(grey)
    assert said.argmax(axis=1).tolist() == [faceapi.OURS.index("fear")] * 2


def test_other_files_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "faceapi.keras")
    assert faceapi.main([str(tmp_path), out]) == 1
    assert "no such file; give the folder `model` of the unpacked package" in capsys.readouterr().err
    folder = package(tmp_path / "model", "happy")
    (folder / "weights.bin").write_bytes(b"cut short")
    assert faceapi.main([str(folder), out]) == 1
    told = capsys.readouterr().err
    assert "not the weights of face-api 1.7.15" in told
    assert told.count("\n") == 1
