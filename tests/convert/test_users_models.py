"""Models and files of users' own: what they bring is neither harmed nor mistaken for something else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert.backend import load_keras
from convert.cli import main
from convert.predictors import open_predictor, read_card
from fer_edge.errors import FerEdgeError
from tests.convert.workshop import FAST, SMALL, evaluated

pytestmark = [pytest.mark.convert, pytest.mark.filterwarnings("default"), pytest.mark.timeout(400)]

AS_SIGNED = ["--labels", "7", "--scaling", "signed"]


@pytest.fixture
def stranger(trained: Path, tmp_path: Path) -> Path:
    """A user's Keras model without a card, ending in logits."""
    from convert.networks import load_model, logits_model

    path = tmp_path / "mine.keras"
    logits_model(load_model(trained / "out" / "model.keras")).save(path)
    return path


def quantize(model: Path, data: Path, out: Path, *more: str) -> int:
    arguments = ["--data", str(data), "--out", str(out), "--samples", "20", "--min-agreement", "0", *more]
    return main(["quantize", str(model), *arguments])


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    shown = capsys.readouterr().err.strip()
    assert shown.startswith("convert: ")
    assert "\n" not in shown
    return shown


def test_a_model_from_elsewhere_is_quantized_without_a_card(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from convert.networks import load_model

    model = load_model(trained / "out" / "model.keras")
    (tmp_path / "user.json").write_text(model.to_json())
    model.save_weights(tmp_path / "user.weights.h5")
    target = tmp_path / "shipped" / "user.tflite"
    arguments = ["--weights", str(tmp_path / "user.weights.h5"), "--data", str(trained), "--out", str(target)]
    user = str(tmp_path / "user.json")
    assert main(["quantize", user, *arguments]) == 2
    assert "give --labels" in capsys.readouterr().err
    assert main(["quantize", user, *arguments, "--labels", "7", "--scaling", "signed"]) == 0
    assert main(["quantize", user, *arguments, "--labels", "5", "--scaling", "signed"]) == 2
    assert "7 values for 5 labels" in capsys.readouterr().err
    beside = [*arguments[:-1], str(tmp_path / "user.tflite"), "--labels", "7", "--scaling", "signed"]
    assert main(["quantize", user, *beside]) == 2
    assert "its card would overwrite" in capsys.readouterr().err


def test_a_model_that_ends_in_logits_gets_its_softmax(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from convert.networks import load_model, logits_model

    logits_model(load_model(trained / "out" / "model.keras")).save(tmp_path / "user.keras")
    told = ["--data", str(trained), "--labels", "7", "--scaling", "signed"]
    ours = evaluated(capsys, str(trained / "out" / "model.keras"), "--data", str(trained))
    theirs = evaluated(capsys, str(tmp_path / "user.keras"), *told)
    assert [theirs[name] for name in ("accuracy", "log_loss", "ece")] == [
        pytest.approx(ours[name], abs=2e-4) for name in ("accuracy", "log_loss", "ece")
    ]
    target = tmp_path / "shipped" / "user.tflite"
    assert main(["quantize", str(tmp_path / "user.keras"), *told, "--out", str(target), "--no-calibrate"]) == 0
    assert "a softmax is added" in capsys.readouterr().err
    assert evaluated(capsys, str(target), "--data", str(trained))["log_loss"] == pytest.approx(
        ours["log_loss"], abs=0.02
    )


def test_an_architecture_beside_a_model_is_not_overwritten_by_a_card(
    trained: Path, stranger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    architecture = stranger.with_suffix(".json")
    architecture.write_text('{"class_name": "Functional"}')
    assert quantize(stranger, trained, stranger.with_suffix(".tflite"), *AS_SIGNED) == 2
    assert f"its card would overwrite {architecture}; choose a different name" in one_line(capsys)
    assert architecture.read_text() == '{"class_name": "Functional"}'


def test_a_float_models_own_card_stays_its_own(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained / "out", tmp_path / "out")
    model, card = tmp_path / "out" / "model.keras", (tmp_path / "out" / "model.json").read_text()
    assert quantize(model, trained, tmp_path / "out" / "model.tflite", "--mirror") == 2
    assert "its card would overwrite" in one_line(capsys)
    assert (tmp_path / "out" / "model.json").read_text() == card


def test_a_model_measured_after_it_was_quantized_has_the_figures_it_had_before(
    trained: Path, stranger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [str(stranger), "--data", str(trained), *AS_SIGNED]
    before = evaluated(capsys, *asked)
    assert quantize(stranger, trained, stranger.with_suffix(".tflite"), *AS_SIGNED) == 0
    card = json.loads(stranger.with_suffix(".json").read_text())
    assert card["figures"]["data"].endswith("whether it was trained on them is unknown")
    assert evaluated(capsys, *asked) == before
    assert read_card(stranger) is None, "the card beside it is the .tflite file's"


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        ("made: 2026-10-01", "made: not what JSON can hold; put dates in quotes"),
        ("input: grey", "input: a mapping is expected"),
    ],
)
def test_notes_that_no_card_can_hold_are_said_before_any_work(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], notes: str, said: str
) -> None:
    (tmp_path / "n.yaml").write_text(notes)
    model, target = trained / "out" / "model.keras", tmp_path / "made" / "m.tflite"
    assert quantize(model, trained, target, "--notes", str(tmp_path / "n.yaml")) == 2
    assert said in one_line(capsys)
    assert not target.parent.exists()


def test_a_model_with_several_answers_a_picture_or_damaged_weights_is_named(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import keras

    face = keras.Input((48, 48, 1))
    keras.Model(face, keras.layers.Conv2D(7, 3)(face)).save(tmp_path / "map.keras")
    assert quantize(tmp_path / "map.keras", trained, tmp_path / "map.tflite", *AS_SIGNED) == 69
    assert "its output is (None, 46, 46, 7), not one row of values a picture" in one_line(capsys)
    flat = keras.layers.Flatten()(face)
    hurt = keras.Model(face, keras.layers.Dense(7, bias_initializer=keras.initializers.Constant(np.nan))(flat))
    hurt.save(tmp_path / "hurt.keras")
    assert main(["evaluate", str(tmp_path / "hurt.keras"), "--data", str(trained), *AS_SIGNED]) == 69
    assert "it gives values that are not numbers" in one_line(capsys)


def test_a_card_that_tells_of_other_pictures_converts_nothing(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(trained / "out" / "model.keras", tmp_path / "model.keras")
    card = json.loads((trained / "out" / "model.json").read_text())
    card["input"]["shape"] = [1, 48, 48, 3]
    (tmp_path / "model.json").write_text(json.dumps(card))
    assert quantize(tmp_path / "model.keras", trained, tmp_path / "small.tflite") == 69
    assert "it takes (48, 48, 1), its card says (48, 48, 3)" in one_line(capsys)


def test_a_network_for_colours_reads_expressions_in_the_product(tmp_path: Path) -> None:
    from convert import tflite
    from convert.architectures import Shape, build
    from convert.card import write_model
    from convert.preprocess import Preprocess
    from fer_edge.perception.emotion import Expression

    prepare, path = Preprocess(48, 3), tmp_path / "c.tflite"
    faces = np.random.default_rng(0).integers(0, 256, (8, 48, 48, 3), np.uint8)
    content = tflite.convert(build("c", Shape(48, 3, 3)), "int8", prepare(faces))
    write_model(path, content, {"labels": ["happy", "sad", "neutral"], "input": prepare.card()}, {})
    grey = faces[0, :, :, 0]
    said = Expression(path).read(grey, ((23.5, 23.5), 48.0, 0.0))
    wanted = open_predictor(path).probabilities(np.repeat(grey[None, ..., None], 3, axis=-1))[0]
    assert list(said.values()) == pytest.approx(wanted.tolist(), abs=0.02)


def test_the_work_of_a_separable_convolution_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import keras

    picture = keras.Input((8, 8, 3))
    keras.Model(picture, keras.layers.SeparableConv2D(5, 3, padding="same")(picture)).save(tmp_path / "m.keras")
    assert main(["inspect", str(tmp_path / "m.keras"), "--json", "--runs", "0"]) == 0
    assert json.loads(capsys.readouterr().out)["macs"] == 8 * 8 * (3 * 3 * 3 + 3 * 5)


def test_a_network_within_another_is_inspected_with_its_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keras = load_keras("tensorflow")
    face, crop = keras.Input((48, 48, 3)), keras.Input((48, 48, 3))
    seen = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 3)(crop))
    inner = keras.Model(crop, seen)
    said = keras.layers.Dense(7)(inner(keras.layers.Rescaling(1 / 255)(face)))
    keras.Model(face, said).save(tmp_path / "user.keras")
    assert main(["inspect", str(tmp_path / "user.keras"), "--runs", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["macs"] == 46 * 46 * 27 * 8 + 8 * 7


def test_rare_classes_that_weigh_more_pull_as_hard_as_they_weigh() -> None:
    import tensorflow as tf

    from convert.training.targets import cross_entropy

    logits = tf.Variable([[1.0, 2.0, 3.0]])
    with tf.GradientTape() as tape:
        loss = cross_entropy(tf.constant([[5.0, 0.0, 0.0]]), logits)
    shares = tf.nn.softmax(logits).numpy()
    assert tape.gradient(loss, logits).numpy() == pytest.approx(5 * shares - [[5.0, 0.0, 0.0]], abs=1e-5)


def test_an_average_does_not_take_the_place_of_a_training(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = trained / "out"
    model = (out / "model.keras").read_bytes()
    assert main(["average", str(out / "model.keras"), "--data", str(trained), "--out", str(out)]) == 2
    assert f"--out {out}: contains a training" in one_line(capsys)
    assert (out / "model.keras").read_bytes() == model


def test_a_training_goes_on_with_its_own_labels_only(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained / "out", tmp_path / "out")
    asked = ["train", "--data", str(trained), "--out", str(tmp_path / "out"), *FAST, "--epochs", "9", "--resume"]
    names = "neutral,surprise,sad,happy,fear,disgust,angry"
    assert main([*asked, "--labels", names]) == 2
    assert "has other labels or another input" in one_line(capsys)


def test_a_card_of_another_file_is_refused(quantized: Path, tmp_path: Path) -> None:
    other = tmp_path / quantized.name
    other.write_bytes(quantized.read_bytes() + b"\0")
    shutil.copy(quantized.with_suffix(".json"), tmp_path)
    with pytest.raises(FerEdgeError, match=r"the card of another file \(sha256 differs\)"):
        open_predictor(other)


def test_what_was_measured_is_named_as_what_it_is(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(trained / "out" / "model.keras")
    beside = evaluated(capsys, model, "--data", str(trained / "faces_train.npz"))
    assert (beside["split"], beside["n"]) == ("val", 140), "the validation part lies beside it"
    shutil.copy(trained / "faces_train.npz", tmp_path / "all.npz")
    whole = evaluated(capsys, model, "--data", str(tmp_path / "all.npz"))
    assert (whole["split"], whole["n"]) == ("all", 280)
    assert evaluated(capsys, model, "--data", str(trained / "faces_val.npz"))["split"] == "val"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--val", "x.npz", "--val-fraction", "0.1"], "--val and --val-fraction"),
        (["--arch", "c-bottleneck", "--stem", "8"], "--arch c-bottleneck: cannot be built with {'stem': 8}"),
        (["--teacher", "mine.keras"], "--teacher mine.keras: a teacher needs its card"),
    ],
)
def test_options_that_would_do_nothing_are_refused(
    fer_npz: Path,
    stranger: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(stranger.parent)
    first = SMALL[2:] if "--arch" not in more else []
    assert main(["train", "--data", str(fer_npz), "--out", "out", *first, *more]) == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_votes_that_are_not_there_are_said_and_not_asked_for(fer_npz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["train", "--data", str(fer_npz), "--out", str(fer_npz / "out"), *FAST, "--epochs", "1"]
    assert main([*asked, "--votes", "0.3"]) == 0
    assert "faces_train.npz: no FER+ votes in it, --votes changes nothing" in capsys.readouterr().err


def test_an_engine_that_does_not_exist_is_one_line(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    assert main(["evaluate", str(trained / "out" / "model.keras"), "--data", str(trained)]) == 2
    assert "KERAS_BACKEND=theano: must be one of torch, tensorflow, jax" in one_line(capsys)


def test_a_network_of_another_colour_gives_no_features(
    fer_npz: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[Any]
) -> None:
    weights = str(trained / "out" / "model.keras")
    asked = ["train", "--data", str(fer_npz), "--out", str(tmp_path / "out"), "--arch", "c-bottleneck"]
    assert main([*asked, "--weights", weights, "--colour", "rgb"]) == 2
    assert "it takes (None, None, None, 1); choose with --colour" in one_line(capsys)
