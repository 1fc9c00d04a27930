"""Slips of who trains and measures: each is answered with one line that says what to do, and nothing is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert import parity
from convert.cli import main
from fer_edge.perception.interpreter import shipped
from tests.convert.faces import draw_faces


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Labelled faces, a picture, and the shipped expression network without its card."""
    monkeypatch.chdir(tmp_path)
    images, labels = draw_faces(28)
    np.savez(tmp_path / "own.npz", images=images, labels=labels)
    others, known = draw_faces(28, seed=2)
    np.savez(tmp_path / "few.npz", images=others[known < 6], labels=known[known < 6])
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures" / "a.png"), images[0])
    shutil.copy(shipped("expression"), tmp_path / "bare.tflite")
    (tmp_path / "annotations.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("teach pictures --yunet own.npz --out new", "own.npz: not YuNet's ONNX file"),
        ("judge --data . --yunet none.onnx", "none.onnx: cannot be read (No such file or directory); correct --yunet"),
        ("judge --data . --yunet own.npz", "own.npz: not a YuNet ONNX model; correct --yunet"),
        ("mean-face --data pictures --out new", "pictures/points.npz: no such file"),
        ("train --data own.npz --out new", "contains no validation part; use --val FILE or --val-fraction 0.1"),
        (
            "train --data own.npz --val own.npz --out new",
            "contains no validation part; use --val with another file or --val-fraction 0.1",
        ),
        (
            "train --data own.npz --val few.npz --out new",
            "few.npz: split val has no picture of neutral; add some, or choose --labels",
        ),
        (
            "evaluate bare.tflite --data own.npz --labels 5 --scaling signed",
            "it gives 7 values for 5 labels (happy, sad, surprise, angry, neutral)",
        ),
    ],
)
def test_a_slip_is_one_line_that_says_what_to_do(
    folder: Path, typed: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(typed.split()) != 0
    told = capsys.readouterr().err.splitlines()
    assert said in told[-1]
    assert [line for line in told if line.startswith("convert: ")] == told[-1:]
    assert not (folder / "new").exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("train --recipe eye --data x --out y", "--recipe: eye: no such file, and no shipped recipe of that name"),
        ("quantize m.keras --notes eyes.note --out m.tflite", "eyes.note: no such file, and no shipped notes of that"),
    ],
)
def test_a_recipe_that_does_not_exist_is_answered_with_those_that_do(
    typed: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(typed.split())
    (told,) = capsys.readouterr().err.splitlines()
    assert said in told
    notes = "--notes" in typed
    assert ("eyes.notes, " in told, "eyes, " in told) == (notes, not notes)


def test_a_refused_network_is_not_said_to_lose_most_in_unknown_layers() -> None:
    assert str(parity.refuse("too far", [], "x.tflite")) == "x.tflite: not written; too far"
    assert "most is lost in layers 1 8x8x4 20.0 dB" in str(
        parity.refuse("too far", [("0 9", 30.0), ("1 8x8x4", 20.0)], "x.tflite")
    )
