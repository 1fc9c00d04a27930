"""Trained models joined: teachers that give a student its targets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from convert.cli import main
from tests.convert.workshop import FAST

pytestmark = [pytest.mark.convert, pytest.mark.filterwarnings("default"), pytest.mark.timeout(400)]


def taught_by(teacher: Path, data: Path, out: Path) -> float:
    """Validation accuracy of a student that was shown no label, only what its teacher says."""
    options = ["--teacher", str(teacher), "--teacher-weight", "1.0", "--epochs", "6", "--seed", "5"]
    assert main(["train", "--data", str(data), "--out", str(out), *FAST, *options]) == 0
    accuracy: float = json.loads((out / "model.json").read_text())["figures"]["val_accuracy"]
    return accuracy


def test_a_student_learns_from_its_teacher(trained: Path, tmp_path: Path) -> None:
    assert taught_by(trained / "out" / "model.keras", trained, tmp_path) > 0.9


def test_a_teacher_is_shown_pictures_of_its_own_size_and_colour(trained: Path, tmp_path: Path) -> None:
    teacher, student = tmp_path / "teacher", tmp_path / "student"
    own = ["--arch", "c", "--size", "32", "--colour", "rgb", "--scaling", "unit", "--optimizer", "adam"]
    learn = ["--lr", "0.003", "--batch", "20", "--epochs", "10", "--threads", "1"]
    assert main(["train", "--data", str(trained), "--out", str(teacher), *own, *learn]) == 0
    assert json.loads((teacher / "model.json").read_text())["figures"]["val_accuracy"] > 0.9
    assert taught_by(teacher / "model.keras", trained, student) > 0.9
