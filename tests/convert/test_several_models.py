"""Trained models joined: teachers that give a student its targets, runs whose weights are averaged."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from convert.architectures import Shape, build
from convert.arguments import class_names
from convert.cli import main
from convert.data import Want, load_training
from convert.training.teachers import soft_labels
from tests.convert.faces import draw_faces
from tests.convert.workshop import FAST, PROGRAM, evaluated
from tests.warm import starter

pytestmark = [pytest.mark.convert, pytest.mark.filterwarnings("default"), pytest.mark.timeout(400)]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "fer-edge" / "teachers"


SEVEN = class_names("7")


def pictures(trained: Path) -> np.ndarray:
    data, _ = load_training(trained, Want(48, 1, SEVEN), val=None, fraction=None, seed=1)
    return data.images


def test_a_student_learns_from_its_teacher_who_is_asked_once_about_the_same_pictures(
    trained: Path, tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The student is shown no label, only what its teacher says."""
    teacher, student = trained / "out" / "model.keras", tmp_path / "student"
    options = ["--teacher", str(teacher), "--teacher-weight", "1.0", "--epochs", "6", "--seed", "5"]
    assert main(["train", "--data", str(trained), "--out", str(student), *FAST, *options]) == 0
    assert json.loads((student / "model.json").read_text())["figures"]["val_accuracy"] > 0.9
    (kept,) = cache.iterdir()
    whole = np.load(kept)["probabilities"]
    assert str(kept) not in capsys.readouterr().err
    assert (soft_labels([teacher], pictures(trained), SEVEN, flip=False) == whole).all()
    assert f"{teacher}: its outputs for 280 pictures are cached in {kept}" in capsys.readouterr().err
    kept.write_bytes(kept.read_bytes()[:100])
    assert (soft_labels([teacher], pictures(trained), SEVEN, flip=False) == whole).all()
    assert (np.load(kept)["probabilities"] == whole).all(), "a damaged one is written anew"


def test_another_teacher_or_other_pictures_are_not_taken_from_the_cache(
    trained: Path, tmp_path: Path, cache: Path
) -> None:
    """Everything that what a teacher says depends on: its weights, its card, the pictures, mirrored or not."""
    teacher = tmp_path / "teacher" / "model.keras"
    teacher.parent.mkdir()
    for name in ("model.keras", "model.json"):
        (teacher.parent / name).write_bytes((trained / "out" / name).read_bytes())
    images = pictures(trained)
    soft_labels([teacher], images, SEVEN, flip=True)
    soft_labels([teacher], images, SEVEN, flip=False)
    soft_labels([teacher], images[:100], SEVEN, flip=False)
    card = json.loads((teacher.parent / "model.json").read_text())
    (teacher.parent / "model.json").write_text(json.dumps(card | {"seeds": [9]}))
    soft_labels([teacher], images, SEVEN, flip=True)
    assert len(list(cache.iterdir())) == 4


def test_a_teacher_is_shown_pictures_of_its_own_size_and_colour(trained: Path, tmp_path: Path) -> None:
    teacher = tmp_path / "teacher"
    own = ["--arch", "c", "--size", "32", "--colour", "rgb", "--scaling", "unit", "--optimizer", "adam"]
    learn = ["--lr", "0.003", "--batch", "20", "--epochs", "10", "--threads", "1"]
    assert main(["train", "--data", str(trained), "--out", str(teacher), *own, *learn]) == 0
    assert json.loads((teacher / "model.json").read_text())["figures"]["val_accuracy"] > 0.9
    said = soft_labels([teacher / "model.keras"], pictures(trained), SEVEN, flip=False)
    assert (said.argmax(axis=1) == np.load(trained / "faces_train.npz")["labels"]).mean() > 0.9


def test_the_mean_of_two_runs_is_a_model_with_its_card(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two runs from the same weights; the mean has batch norm statistics of its own, not the mean of theirs."""
    start, runs = trained / "out" / "model.keras", [tmp_path / "one", tmp_path / "two"]
    for seed, out in enumerate(runs):
        options = ["--weights", str(start), "--epochs", "2", "--seed", str(seed)]
        assert main(["train", "--data", str(trained), "--out", str(out), *FAST, *options]) == 0
    models, mean = [str(run / "model.keras") for run in runs], tmp_path / "mean"
    asked = ["--data", str(trained), "--samples", "280", "--batch", "40", "--out", str(mean)]
    assert main(["average", *models, *asked]) == 0
    said = [float(value) for value in re.findall(r"\.keras.*: val_accuracy ([\d.]+)", capsys.readouterr().err)]
    card = json.loads((mean / "model.json").read_text())
    assert card["averaged"] == ["one", "two"]
    assert card["seeds"] == [0, 1]
    assert len(said) == 3
    assert said[2] > 0.9
    assert evaluated(capsys, str(mean / "model.keras"), "--data", str(trained))["accuracy"] == said[2]
    one, two, joined = (weights_of(Path(path)) for path in [*models, str(mean / "model.keras")])
    for name, value in joined.items():
        if "moving" not in name:
            assert value == pytest.approx((one[name] + two[name]) / 2, abs=1e-6), name
    first = next(name for name in joined if name.endswith("moving_mean"))
    assert joined[first] == pytest.approx(first_statistics(trained, joined), abs=1e-4)


def test_a_training_is_taken_halfway_back_to_the_tflite_it_started_from(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parent, start, run = trained / "out" / "model.keras", tmp_path / "start.tflite", tmp_path / "run"
    data = ["--data", str(trained)]
    assert main(["quantize", str(parent), *data, "--no-calibrate", "--out", str(start)]) == 0
    assert main(["train", *data, "--out", str(run), *FAST, "--start", str(start), "--epochs", "1"]) == 0
    models = [str(start), str(run / "model.keras")]
    capsys.readouterr()
    assert main(["average", *models, *data, "--samples", "280", "--out", str(tmp_path / "mean")]) == 0
    said = [float(value) for value in re.findall(r": val_accuracy ([\d.]+)", capsys.readouterr().err)]
    assert len(said) == 3
    assert min(said) > 0.9
    assert json.loads((tmp_path / "mean" / "model.json").read_text())["averaged"] == ["run", "start"]
    began, ended, mean = (weights_of(path) for path in (parent, run / "model.keras", tmp_path / "mean" / "model.keras"))
    name = next(name for name in began if name.endswith("kernel") and began[name].ndim == 2)  # no norm is folded in
    assert mean[name] == pytest.approx((began[name] + ended[name]) / 2, abs=0.01)
    assert np.abs(mean[name] - ended[name]).max() > 1e-4
    assert main(["average", str(start), *data, "--out", str(tmp_path / "none")]) == 2
    assert "one of the models must be a .keras file that train wrote" in capsys.readouterr().err


def weights_of(path: Path) -> dict[str, np.ndarray]:
    """A model's weights; names count up within a process, so the layer's place stands for its name."""
    from convert.networks import load_model

    weights = load_model(path).weights
    return {
        f"{place} {weight.path.rsplit('/', 1)[-1]}": np.array(weight.numpy()) for place, weight in enumerate(weights)
    }


def first_statistics(data: Path, weights: dict[str, np.ndarray]) -> np.ndarray:
    """The mean of the first convolution's output over all training pictures, worked out by hand."""
    images = np.load(data / "faces_train.npz")["images"] / 128.0 - 1.0
    around = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    kernel = next(iter(weights.values()))
    patches = [around[:, y : y + 48, x : x + 48].mean() for y in range(3) for x in range(3)]
    return np.array(patches) @ kernel.reshape(9, -1)


def test_models_that_do_not_fit_each_other_are_not_averaged(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = trained / "out" / "model.keras", tmp_path / "mean"
    (tmp_path / "other").mkdir()
    build("c", Shape()).save(tmp_path / "other" / "model.keras")
    shutil.copy(trained / "out" / "model.json", tmp_path / "other")
    asked = ["--data", str(trained), "--out", str(out)]
    assert main(["average", str(model), str(tmp_path / "other" / "model.keras"), *asked]) == 2
    assert f"other/model.keras: not the network of {model}" in capsys.readouterr().err
    (tmp_path / "other" / "model.json").unlink()
    assert main(["average", str(model), str(tmp_path / "other" / "model.keras"), *asked]) == 2
    assert "it has no card" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.timeout(1200)
def test_the_recipe_goes_from_data_to_the_shipped_kind_of_file(trained: Path, tmp_path: Path) -> None:
    """Every stage for one epoch of forty drawn faces; a second call goes on after what is done."""
    from convert.networks import load_model

    root, out, data = Path(__file__).parents[2], tmp_path / "out", tmp_path / "data"
    load_model(trained / "out" / "model.keras").save(tmp_path / "emotion_model.hdf5")
    shutil.copy(trained / "out" / "model.keras", tmp_path / "faceapi.keras")
    for name in ("emotion_model", "faceapi"):
        shutil.copy(trained / "out" / "model.json", tmp_path / f"{name}.json")
    data.mkdir()
    for part in ("train", "val"):
        shutil.copy(trained / f"faces_{part}.npz", data)
    np.savez(data / "wild.npz", images=draw_faces(40, seed=78)[0])
    command = ["sh", "convert/recipes/expression.sh", str(data), str(tmp_path), str(out)]
    command += ["--epochs", "1", "--limit", "40", "--batch", "20", "--sizes", "0:24"]

    def made() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, check=False, cwd=root, env=env, capture_output=True, text=True, pass_fds=[warm.control.fileno()]
        )

    with starter(PROGRAM, KERAS_BACKEND="tensorflow") as warm:
        env = os.environ | {"PYTHON": str(warm.interpreter(tmp_path / "python")), "KERAS_BACKEND": "tensorflow"}
        done = made()
        # One epoch teaches too little for close answers: quantize may find that, and must be all that does.
        assert done.returncode == 0 or ".tflite: not written; int8 agrees" in done.stderr, done.stderr
        stages = {"first", "tuned", "tuned-again", "taught", "calm", "mean", "long"}
        assert {path.name for path in out.iterdir()} >= stages
        written = {path: path.stat().st_mtime_ns for path in out.glob("*/checkpoint.npz")}
        assert made().returncode == done.returncode
        assert {path: path.stat().st_mtime_ns for path in out.glob("*/checkpoint.npz")} == written
        (tmp_path / "emotion_model.hdf5").unlink()
        refused = made()
        assert refused.returncode == 2
        assert "emotion_model.hdf5: no such file" in refused.stderr
