"""Train, kill, resume, quantize, evaluate, inspect: the commands as a user gives them."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from convert.cli import main
from convert.predictors import open_predictor
from tests.convert.workshop import FAST, SMALL, evaluated

pytestmark = [pytest.mark.convert, pytest.mark.filterwarnings("default"), pytest.mark.timeout(400)]


def test_training_learns_and_leaves_its_history(trained: Path) -> None:
    out = trained / "out"
    names = {path.name for path in out.iterdir()}
    assert names == {
        "model.keras", "model.json", "checkpoint.npz", "history.csv", "history.png",
        "classes.png", "samples.png", "varied.png",
    }  # fmt: skip
    with (out / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["epoch"]) for row in rows] == list(range(1, 9))
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    best = max(float(row["val_accuracy"]) for row in rows)
    card = json.loads((out / "model.json").read_text())
    assert best > 0.9, "stripes in seven directions are easy"
    assert card["figures"]["val_accuracy"] == pytest.approx(best, abs=1e-4)
    assert card["labels"] == ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
    for picture in out.glob("*.png"):
        assert picture.read_bytes()[:4] == b"\x89PNG"


def test_int8_agrees_with_its_parent_and_carries_its_card(quantized: Path) -> None:
    card = json.loads(quantized.with_suffix(".json").read_text())
    assert card["figures"]["agreement"] >= 0.98
    assert card["input"]["shape"] == [1, 48, 48, 1]
    assert card["input"]["dtype"] == "int8"
    assert card["input"]["quantization"] == {"scale": 1 / 128, "zero_point": 0}, "int8 is grey - 128"
    assert card["input"]["crop"] == "the whole"
    assert card["not_for"] == "real faces"
    assert card["bytes"] == quantized.stat().st_size
    calibration = card["figures"]["calibration"]
    assert calibration["folded_in"]
    assert "offsets" not in calibration
    assert {path.name for path in quantized.parent.iterdir()} == {"drawn.tflite", "drawn.json"}


def test_an_offset_makes_a_rare_class_be_told_more_often(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["quantize", str(trained / "out" / "model.keras"), "--data", str(trained), "--mode", "float32"]
    said = {}
    for name, more in {"as-it-is": [], "raised": ["--offset", "disgust=2"]}.items():
        out = tmp_path / f"{name}.tflite"
        assert main([*asked, *more, "--out", str(out)]) == 0
        said[name] = open_predictor(out).probabilities(np.load(trained / "faces_val.npz")["images"][..., None])
    odds = [shares[:, 1] / shares[:, 0] for shares in said.values()]
    assert np.median(odds[1] / odds[0]) == pytest.approx(np.exp(2.0), rel=0.01)
    card = json.loads((tmp_path / "raised.json").read_text())
    assert card["figures"]["calibration"]["offsets"] == {"disgust": 2.0}
    wrong = [*asked, "--out", str(tmp_path / "wrong.tflite"), "--offset"]
    assert main([*wrong, "disgusted=2"]) == 2
    assert "--offset disgusted: not a class of" in capsys.readouterr().err
    for pair in ("disgust", "disgust=9"):
        with pytest.raises(SystemExit):
            main([*wrong, pair])
        assert f"'{pair}': expected CLASS=LOGIT" in capsys.readouterr().err
    assert not (tmp_path / "wrong.tflite").exists()


def test_evaluate_says_the_same_of_keras_and_tflite(
    trained: Path, quantized: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = [
        evaluated(capsys, str(path), "--data", str(trained), "--split", "val")
        for path in (trained / "out" / "model.keras", quantized)
    ]
    for report in reports:
        assert report["n"] == 140
        assert report["accuracy"] > 0.9
        assert np.array(report["confusion"]).sum() == 140
        assert set(report) >= {"model", "data", "split", "macro_f1", "log_loss", "ece", "per_class", "labels"}
    assert abs(reports[0]["accuracy"] - reports[1]["accuracy"]) <= 0.03


def test_evaluate_draws_its_plots_and_averages_with_the_mirror(
    trained: Path, quantized: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = evaluated(capsys, str(quantized), "--data", str(trained), "--flip", "--plots", str(tmp_path))
    assert report["flip"] is True
    assert {path.name for path in tmp_path.iterdir()} == {"confusion.png", "mistakes.png"}
    assert main(["evaluate", str(quantized), "--data", str(trained)]) == 0
    text = capsys.readouterr().out
    assert "macro_f1" in text
    assert "surprise" in text


def test_a_model_of_three_classes_is_measured_by_name(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--labels", "3", "--epochs", "6"]
    assert main(["train", "--data", str(trained), "--out", str(tmp_path), *FAST, *options]) == 0
    report = evaluated(capsys, str(tmp_path / "model.keras"), "--data", str(trained))
    assert report["labels"] == ["happy", "sad", "neutral"]
    assert report["n"] == 60
    assert report["accuracy"] > 0.9


@pytest.mark.parametrize("mode", ["float32", "float16", "dynamic"])
def test_other_modes_agree_too(trained: Path, tmp_path: Path, mode: str) -> None:
    target = tmp_path / "m.tflite"
    model = str(trained / "out" / "model.keras")
    assert main(["quantize", model, "--data", str(trained), "--mode", mode, "--out", str(target)]) == 0
    card = json.loads(target.with_suffix(".json").read_text())
    assert card["figures"]["agreement"] >= 0.98
    assert card["input"]["dtype"] == "float32"


def test_what_was_held_out_by_a_share_is_measured_again(
    trained: Path, quantized: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = evaluated(capsys, str(quantized), "--data", str(trained), "--val-fraction", "0.1")
    assert report["n"] == 28, "a tenth of 280 training pictures"
    assert report["split"] == "val, 0.1 of train"


def test_a_card_that_does_not_fit_its_model_and_an_unusable_place_are_one_line(
    trained: Path, quantized: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.tflite").write_bytes(quantized.read_bytes())
    card = json.loads(quantized.with_suffix(".json").read_text())
    for entry, said in (
        (card["input"] | {"shape": [1, 40, 40, 1]}, "it takes (48, 48, 1), its card says (40, 40, 1)"),
        ({}, "its card's input needs shape"),
    ):
        (tmp_path / "m.json").write_text(json.dumps(card | {"input": entry}))
        assert main(["evaluate", str(tmp_path / "m.tflite"), "--data", str(trained)]) == 69
        assert said in capsys.readouterr().err
    assert main(["evaluate", str(quantized), "--data", str(trained), "--plots", str(tmp_path / "m.json")]) == 1
    assert capsys.readouterr().err == f"convert: {tmp_path / 'm.json'}: File exists\n"


def test_one_file_averages_over_a_face_and_its_mirror_image(
    trained: Path, quantized: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target, model = tmp_path / "fair.tflite", trained / "out" / "model.keras"
    # Some drawn faces are another class's mirror image: then two answers are equally right, and no agreement is asked.
    asked = ["--data", str(trained), "--out", str(target), "--mirror", "--no-calibrate", "--min-agreement", "0"]
    assert main(["quantize", str(model), *asked]) == 0
    card = json.loads(target.with_suffix(".json").read_text())
    assert "mirror image" in card["mirrored"]
    assert card["macs"] == 2 * json.loads(quantized.with_suffix(".json").read_text())["macs"]
    assert target.stat().st_size < 1.2 * quantized.stat().st_size, "the weights are stored once"
    fair, one_sided = open_predictor(target), open_predictor(model)
    images = np.load(trained / "faces_val.npz")["images"][:40, ..., None]
    said, mirrored = (fair.probabilities(np.ascontiguousarray(view)) for view in (images, images[:, :, ::-1]))
    assert said == pytest.approx(mirrored, abs=1e-6)
    assert one_sided.probabilities(images) != pytest.approx(one_sided.probabilities(images[:, :, ::-1]), abs=0.02)
    figures = evaluated(capsys, str(model), "--data", str(trained), "--flip")
    assert card["figures"]["float"]["log_loss"] == pytest.approx(figures["log_loss"], abs=1e-4)
    assert card["figures"]["int8"]["log_loss"] == pytest.approx(figures["log_loss"], abs=0.02)


def test_too_little_agreement_writes_nothing(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "m.tflite"
    arguments = ["--data", str(trained), "--out", str(target), "--min-agreement", "1.01"]
    assert main(["quantize", str(trained / "out" / "model.keras"), *arguments]) == 1
    shown = capsys.readouterr().err
    assert "not written; int8 agrees with float on" in shown
    assert "happy" in shown
    assert re.search(r"most is lost in layers \d+ \S+ [\d.]+ dB", shown)
    assert list(tmp_path.iterdir()) == []


def test_layers_say_how_far_int8_is_from_float(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, ask = str(trained / "out" / "model.keras"), ["--data", str(trained), "--layers", "--no-calibrate"]
    decibels = {}
    for mode in ("int8", "float16"):
        assert main(["quantize", model, *ask, "--mode", mode, "--out", str(tmp_path / f"{mode}.tflite")]) == 0
        decibels[mode] = [float(value) for value in re.findall(r"layer .* ([\d.]+) dB", capsys.readouterr().err)]
    assert len(decibels["int8"]) == len(decibels["float16"]) >= 6, "one line for every layer with weights"
    assert all(10 < value < 60 for value in decibels["int8"])
    assert all(exact > rough + 15 for exact, rough in zip(decibels["float16"], decibels["int8"], strict=True))


def test_inspect_reads_the_file_itself(trained: Path, quantized: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(quantized), "--json", "--runs", "20"]) == 0
    facts = json.loads(capsys.readouterr().out)
    card = json.loads(quantized.with_suffix(".json").read_text())
    assert facts["card_fits"] is True
    assert facts["macs"] == card["macs"]
    assert facts["operators"]["CONV_2D"] >= 5
    assert facts["latency"]["median_ms"] > 0
    keras_file = trained / "out" / "model.keras"
    assert main(["inspect", str(keras_file), "--json", "--runs", "0"]) == 0
    assert json.loads(capsys.readouterr().out)["macs"] == card["macs"], "Keras and TFLite are counted alike"


def test_a_network_is_inspected_untrained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--arch", "e", "--labels", "5", "--runs", "5", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["bytes"] < 1.3 * 1_004_805, "a byte a weight"
    assert facts["macs"] > 10_000_000
    assert main(["inspect"]) == 2
    assert "give a model file or an --arch" in capsys.readouterr().err


def test_bfloat16_trains_and_saves_float32(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = trained / "out" / "model.keras"
    options = ["--precision", "bfloat16", "--start", str(start), "--epochs", "1"]
    assert main(["train", "--data", str(trained), "--out", str(tmp_path), *FAST, *options]) == 0
    assert evaluated(capsys, str(tmp_path / "model.keras"), "--data", str(trained))["accuracy"] > 0.9
    from convert.networks import load_model

    before, after = load_model(start), load_model(tmp_path / "model.keras")
    assert {layer.dtype_policy.name for layer in after.layers} == {"float32"}
    moved = [not np.array_equal(*pair) for pair in zip(before.get_weights(), after.get_weights(), strict=True)]
    assert all(moved), "every weight has learned, batch norm's statistics too"


def test_early_stopping_and_the_falling_rate(trained: Path, tmp_path: Path) -> None:
    options = ["--schedule", "plateau", "--plateau-patience", "1", "--patience", "2", "--optimizer", "adam"]
    options += ["--lr", "1e-9", "--epochs", "30"]  # too low to learn: no epoch is better by more than luck
    assert main(["train", "--data", str(trained), "--out", str(tmp_path), *SMALL, *options]) == 0
    with (tmp_path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) < 30
    assert float(rows[-1]["lr"]) < float(rows[0]["lr"])


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "not a TFLite file"), (b"\0\0\0\0TFL3" + b"\xff" * 400, "the interpreter refuses it")],
)
def test_a_damaged_tflite_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    (tmp_path / "m.tflite").write_bytes(content)
    assert main(["inspect", str(tmp_path / "m.tflite")]) == 69
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1


def test_a_killed_training_goes_on_where_it_was(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-m", "convert", "train", "--data", str(trained), "--out", str(tmp_path), *FAST]
    command += ["--epochs", "12"]
    root = Path(__file__).parents[2]
    log = tmp_path / "log"
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=root, stderr=file, env=os.environ | {"PYTHONUNBUFFERED": "1"})
        deadline = time.monotonic() + 200
        while "epoch 2/12" not in log.read_text() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL, log.read_text()
    before = (tmp_path / "history.csv").read_text().splitlines()
    assert len(before) >= 3, "two epochs were done"
    assert main(command[3:]) == 2, "who forgets --resume loses nothing"
    assert f"--out {tmp_path}: contains a training; continue it with --resume" in capsys.readouterr().err
    assert main([*command[3:], "--resume"]) == 0
    after = (tmp_path / "history.csv").read_text().splitlines()
    assert after[: len(before) - 1] == before[:-1]
    assert len(after) == 13
    assert main([*command[3:], "--resume", "--stem", "4"]) == 2, "another network's checkpoint is refused"


def test_nothing_to_resume_is_said_before_anything_is_drawn(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["train", "--data", str(trained), "--out", str(out), *FAST, "--resume"]) == 2
    assert f"--resume: there is no checkpoint at {out / 'checkpoint.npz'}" in capsys.readouterr().err
    assert not out.exists()
