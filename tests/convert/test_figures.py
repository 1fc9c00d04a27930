"""Figures, calibration and variation against numbers worked out by hand."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert import calibration, metrics
from convert.augment import Augmentation, vary_batch
from convert.cli import main
from convert.data import Dataset
from convert.files import replacing, write_json
from convert.preprocess import SCALINGS, Preprocess
from convert.training import history
from convert.training.options import TrainOptions, add_training_arguments, training_options
from convert.training.targets import Aim, Batches, soft_targets
from tests.convert.faces import draw_faces


def test_figures_of_a_small_table() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]])
    report = metrics.report(probabilities, np.array([0, 0, 1, 1]), ("sad", "happy"))
    assert report["accuracy"] == 0.75
    assert report["confusion"] == [[2, 0], [1, 1]]
    assert report["per_class"]["sad"] == {"precision": 0.6667, "recall": 1.0, "f1": 0.8, "support": 2}
    assert report["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2, abs=1e-4)
    assert report["log_loss"] == pytest.approx(-np.log([0.9, 0.6, 0.8, 0.3]).mean(), abs=1e-4)
    # four bins of one picture each: gaps .1, .4, .2 and .7
    assert report["ece"] == pytest.approx(0.35, abs=1e-4)


def test_an_int8_zero_does_not_make_the_log_loss_infinite() -> None:
    assert metrics.log_loss(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(np.log(512))


def test_the_fitted_temperature_undoes_overconfidence() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 5))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(5, p=row) for row in true])
    assert calibration.fit_temperature(logits * 2.5, labels) == pytest.approx(2.5, rel=0.06)
    assert calibration.fit_temperature(np.stack([logits * 2.5] * 2), labels) == pytest.approx(2.5, rel=0.06)
    fitted, measured = calibration.halves(101)
    assert not set(fitted) & set(measured)
    assert len(fitted) + len(measured) == 101


def test_variation_keeps_size_and_is_the_same_for_the_same_seed() -> None:
    images = draw_faces(6)[0][..., None]
    wild = Augmentation(0.2, 0.3, 20, 1.0, 1.0, 1.0, 1.0, True)
    first = vary_batch(images, wild, 40, np.random.default_rng(3))
    again = vary_batch(images, wild, 40, np.random.default_rng(3))
    assert first.shape == (6, 40, 40, 1)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    colour = np.repeat(images, 3, axis=-1)
    assert vary_batch(colour, wild, 48, np.random.default_rng(3)).shape == (6, 48, 48, 3)


def test_no_variation_changes_nothing_and_flip_mirrors() -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 48, 48, 1), np.uint8)
    assert np.array_equal(vary_batch(images, Augmentation(), 48, np.random.default_rng(0)), images)
    flipped = vary_batch(images, Augmentation(flip=True), 48, np.random.default_rng(0))
    same = [np.array_equal(one, image) for one, image in zip(flipped, images, strict=True)]
    assert all(
        kept or np.array_equal(one, image[:, ::-1]) for kept, one, image in zip(same, flipped, images, strict=True)
    )
    assert 0 < sum(same) < len(same)


def make(votes: np.ndarray | None = None) -> Dataset:
    images, labels = draw_faces(4, 2)
    return Dataset(images[..., None], labels, ("happy", "sad"), "x", votes)


def test_votes_smoothing_and_teachers_share_the_target() -> None:
    votes = np.zeros((4, 10), np.int64)
    votes[0, 1], votes[0, 3] = 6, 2  # happiness 6, sadness 2
    votes[1] = -1
    target = soft_targets(make(votes), Aim(smoothing=0.1, votes=0.5))
    assert target[0] == pytest.approx([0.5 * 0.95 + 0.5 * 0.75, 0.5 * 0.05 + 0.5 * 0.25])
    assert target[1] == pytest.approx([0.05, 0.95]), "a picture without votes keeps its label"
    taught = soft_targets(make(), Aim(), np.full((4, 2), 0.5, np.float32), 0.25)
    assert taught[0] == pytest.approx([0.875, 0.125])
    assert target.sum(axis=1) == pytest.approx(np.ones(4))


def test_batches_grow_with_the_epochs_and_repeat_after_a_resume() -> None:
    data = make()
    batches = Batches(
        data.images,
        soft_targets(data, Aim()),
        Augmentation(shift=0.1),
        Aim(mixup=0.5),
        Preprocess(),
        2,
        ((0, 36), (3, 48)),
    )
    assert [batches.side(epoch) for epoch in (0, 2, 3, 9)] == [36, 36, 48, 48]
    first = [x for x, _ in batches(3, np.random.default_rng((1, 3)))]
    again = [x for x, _ in batches(3, np.random.default_rng((1, 3)))]
    assert len(first) == 2
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_scalings_reach_their_ends() -> None:
    ends = np.array([0, 255], np.uint8).reshape(1, 1, 2, 1)
    for name, expected in {"signed": (-1.0, 127 / 128), "unit": (0.0, 1.0), "raw": (0.0, 255.0)}.items():
        assert Preprocess(48, 1, *SCALINGS[name])(ends).ravel() == pytest.approx(expected)


def test_the_cosine_rises_once_and_falls_to_nearly_nothing() -> None:
    options = TrainOptions(lr=0.1, warmup=0.1)
    rates = [options.rate(done) for done in np.linspace(0, 1, 101)]
    assert max(rates) == pytest.approx(0.1)
    assert rates.index(max(rates)) == 10
    assert rates[-1] == pytest.approx(1e-4)
    assert rates[11:] == sorted(rates[11:], reverse=True)


def test_every_training_option_comes_from_the_command_line(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_training_arguments(parser, epochs=3)
    options = training_options(parser.parse_args(["--out", str(tmp_path), "--lr", "0.5", "--patience", "4"]))
    assert (options.epochs, options.lr, options.patience) == (3, 0.5, 4)


def test_the_course_of_a_training_is_drawn_with_a_panel_for_what_there_is(tmp_path: Path) -> None:
    rows = [{"epoch": 1.0, "loss": 0.9, "lr": 0.1, "seconds": 3.0}]
    history.write_png(tmp_path / "loss.png", rows)
    history.write_png(tmp_path / "both.png", [row | {"val_accuracy": 0.5} for row in rows])
    sides = {name: cv2.imread(str(tmp_path / f"{name}.png")).shape for name in ("loss", "both")}
    assert sides["both"][1] == 2 * sides["loss"][1]
    curve = cv2.imread(str(tmp_path / "loss.png"))
    assert (np.ptp(curve.astype(int), axis=2) > 100).sum() > 20, "one epoch is a point that can be seen"


def test_a_file_is_whole_or_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    write_json(path, {"a": 1})
    with pytest.raises(RuntimeError), replacing(path) as beside:
        beside.write_text("half")
        raise RuntimeError
    assert path.read_text() == '{\n  "a": 1\n}\n'
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epochs: many", "epochs: 'many' is not a whole number of 1 or more"),
        ("arch: resnet", "arch: 'resnet' is none of a, b, c"),
        ("speed: 3", "no option 'speed' here"),
        ("- a", "a recipe is a mapping"),
        ("a: [", "not YAML"),
        ("1: x", "a recipe is a mapping of option names"),
        ("train: 3", "train: a recipe is a mapping of option names"),
        ("epochs: [1, 2]", "epochs: one value is expected, not a list"),
        ("flip: 'yes'", "flip: 'yes' is neither true nor false"),
        ("widths: none", "widths: 'none' is not a whole number"),
        ("epochs:", "epochs: has no value"),
        ("labels: yes", "labels: True is not a valid value; put words like yes and on in quotes"),
    ],
)
def test_a_bad_recipe_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text(text)
    assert main(["train", "--recipe", str(recipe), "--data", "x", "--out", str(tmp_path)]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--epochs", "0", "'0' is not a whole number of 1 or more"),
        ("--seed", "-1", "'-1' is not a whole number of 0 or more"),
        ("--clip", "nan", "'nan' is not a number of 0 or more"),
        ("--votes", "3", "'3' is not a number from 0 to 1"),
        ("--labels", "4", "'4': 7, 5 or 3, or the names"),
        ("--sizes", "36", "'36': expected EPOCH:SIDE"),
    ],
)
def test_an_option_that_does_not_fit_is_said_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, said: str
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["train", "--data", "x", "--out", str(tmp_path / "out"), option, value])
    assert left.value.code == 2
    assert f"argument {option}: {said}" in capsys.readouterr().err


def test_bad_data_is_one_line_before_anything_is_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["train", "--data", str(tmp_path / "none.csv"), "--out", str(out)]) == 1
    assert capsys.readouterr().err == f"convert: {tmp_path / 'none.csv'}: no such file or folder\n"
    assert not out.exists()


def test_a_model_that_is_not_there_is_told_as_such_before_its_card_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for task in ("expression", "eyes"):
        asked = ["evaluate", "nope.tflite", "--task", task, "--data", str(tmp_path)]
        assert main(asked) == 69
        assert capsys.readouterr().err == "convert: nope.tflite: no such file; correct the path\n"
