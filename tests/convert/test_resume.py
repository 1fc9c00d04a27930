"""A training cut off at an odd moment ends as one that nobody disturbed."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable
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


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of few pictures: nothing need be learnt well."""
    (folder := tmp_path / "few").mkdir()
    for split, count in (("train", 40), ("val", 14)):
        images, labels = draw_faces(count, seed=count)
        np.savez(folder / f"faces_{split}.npz", images=images, labels=labels)
    return folder


def test_a_training_cut_off_twice_ends_as_one_that_was_not(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once before an epoch's checkpoint was written, once between its model and its history."""
    assert train(data, tmp_path / "whole") == 0
    out = tmp_path / "out"
    for module, name, call, more in ((checkpoint, "save", 2, []), (history, "write_csv", 2, ["--resume"])):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, cut_off(getattr(module, name), call))
            assert train(data, out, *more) == 130
    assert train(data, out, "--resume") == 0
    assert figures(out) == figures(tmp_path / "whole")
    ours, theirs = (read_arrays(folder / "checkpoint.npz") for folder in (out, tmp_path / "whole"))
    for weight in (key for key in theirs if key.startswith("model_")):
        assert np.allclose(ours[weight], theirs[weight], atol=1e-5), weight


def cut_off(real: Callable[..., None], call: int) -> Callable[..., None]:
    """The same function, but interrupted as by Ctrl-C at a call, counted from 1."""
    calls = itertools.count(1)

    def interrupted(*arguments: Any) -> None:
        if next(calls) == call:
            raise KeyboardInterrupt
        real(*arguments)

    return interrupted
