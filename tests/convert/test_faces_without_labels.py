"""Faces without labels, and teachers who know what they show."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from convert.cli import main
from tests.convert.faces import draw_faces
from tests.convert.workshop import FAST

pytestmark = [pytest.mark.convert, pytest.mark.filterwarnings("default"), pytest.mark.timeout(400)]


def accuracy_after(out: Path, *options: str) -> float:
    """Of a student that is shown fourteen labels and told to trust no teacher about these."""
    few = ["--limit", "14", "--teacher-weight", "0", "--epochs", "5", "--seed", "5", "--out", str(out)]
    assert main(["train", *FAST, *few, *options]) == 0
    accuracy: float = json.loads((out / "model.json").read_text())["figures"]["val_accuracy"]
    return accuracy


def test_a_teacher_makes_lessons_of_faces_without_labels(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    images, _ = draw_faces(200, seed=77)
    held = np.load(trained / "faces_val.npz")["images"]
    np.savez(tmp_path / "more.npz", images=np.concatenate([images, held[:10]]))
    taught = ["--data", str(trained), "--teacher", str(trained / "out" / "model.keras")]
    alone = accuracy_after(tmp_path / "alone", *taught)
    capsys.readouterr()
    helped = accuracy_after(tmp_path / "helped", *taught, "--unlabelled", str(tmp_path / "more.npz"))
    assert helped > 0.9
    assert helped > alone + 0.2
    said = capsys.readouterr().err
    other = ["--data", str(trained), "--unlabelled-teacher", str(trained / "out" / "model.keras")]
    assert accuracy_after(tmp_path / "other", *other, "--unlabelled", str(tmp_path / "more.npz")) > 0.9
    assert "more.npz: 10 training pictures left out because they are also in the validation part" in said
    assert "and 200 pictures without labels" in said


def test_faces_without_labels_need_a_teacher_and_pictures(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, bare = ["--data", str(trained), *FAST, "--out", str(tmp_path / "out")], tmp_path / "bare.npz"
    np.savez(bare, labels=np.zeros(3))
    np.savez(tmp_path / "none.npz", images=np.zeros((0, 48, 48), np.uint8))
    assert main(["train", *out, "--unlabelled", str(bare)]) != 0
    assert "--unlabelled: unlabelled pictures need a --teacher" in capsys.readouterr().err
    assert main(["train", *out, "--unlabelled-teacher", str(trained / "out" / "model.keras")]) != 0
    assert "--unlabelled-teacher: there are no unlabelled pictures; give them with" in capsys.readouterr().err
    teacher = ["--teacher", str(trained / "out" / "model.keras")]
    assert main(["train", *out, *teacher, "--unlabelled", str(bare)]) != 0
    assert f"{bare}: no array 'images' (it has labels)" in capsys.readouterr().err
    assert main(["train", *out, *teacher, "--unlabelled", str(tmp_path / "none.npz")]) != 0
    assert "none.npz: images have shape (0, 48, 48, 1)" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
