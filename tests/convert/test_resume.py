"""A training cut off at an odd moment ends as one that nobody disturbed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert.cli import main
from convert.files import read_arrays
from convert.training import checkpoint, history
from tests.convert.faces import draw_faces
from tests.convert.workshop import SMALL

pytestmark = [pytest.mark.convert, pytest.mark.filterwarnings("default"), pytest.mark.timeout(400)]

EPOCHS = 3


def train(data: Path, out: Path, *more: str) -> int:
    """A training in which everything that is drawn at random takes part."""
    drawn = ["--dropout", "0.5", "--mixup", "0.5", "--shift", "0.1", "--ema", "0.9"]
    asked = ["train", "--data", str(data), "--out", str(out), *SMALL, *drawn, "--threads", "1"]
    return main([*asked, "--epochs", str(EPOCHS), *more])


def figures(out: Path) -> list[dict[str, str]]:
    """The history without the time it took."""
    with (out / "history.csv").open() as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of few pictures: nothing need be learnt well."""
    folder = tmp_path_factory.mktemp("few")
    for split, count in (("train", 40), ("val", 14)):
        images, labels = draw_faces(count, seed=count)
        np.savez(folder / f"faces_{split}.npz", images=images, labels=labels)
    return folder


@pytest.fixture(scope="module")
def undisturbed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "out"
    assert train(data, out) == 0
    return out


@pytest.mark.parametrize(("module", "name", "epoch"), [(checkpoint, "save", 2), (history, "write_csv", EPOCHS)])
def test_a_training_cut_off_ends_as_one_that_was_not(
    data: Path,
    undisturbed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    epoch: int,
) -> None:
    calls, real = [], getattr(module, name)

    def cut_off(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == epoch:
            raise KeyboardInterrupt
        real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(module, name, cut_off)
        assert train(data, tmp_path / "out") == 130
    assert train(data, tmp_path / "out", "--resume") == 0
    assert figures(tmp_path / "out") == figures(undisturbed)
    ours, theirs = (read_arrays(out / "checkpoint.npz") for out in (tmp_path / "out", undisturbed))
    for weight in (key for key in theirs if key.startswith("model_")):
        assert np.allclose(ours[weight], theirs[weight], atol=1e-5), weight
