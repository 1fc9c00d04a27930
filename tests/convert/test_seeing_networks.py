"""The seeing networks' workshop on drawn faces: each is trained for a moment, quantized and measured."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.cli import main
from convert.seeing.figures import _by_size
from convert.tflite import interpreter
from fer_edge.perception.interpreter import shipped
from tests.convert.faces import draw_face

pytestmark = [pytest.mark.convert, pytest.mark.filterwarnings("default"), pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of marked faces, of many people."""
    folder = tmp_path_factory.mktemp("landmarks")
    rng, files, marks = np.random.default_rng(3), [], []
    for n in range(60):
        picture, points = draw_face(rng)
        cv2.imwrite(str(folder / f"{n}.png"), picture)
        files.append(f"{n}.png")
        marks.append(points)
    np.savez(
        folder / "points.npz",
        files=files,
        points=np.stack(marks),
        source=["drawn"] * 60,
        subject=[f"person {n}" for n in range(60)],
    )
    return folder


def crops(path: Path, rng: np.random.Generator, count: int = 60) -> Path:
    """Ones are a dark disc (an open eye, a wide mouth), zeros a line."""
    labels = np.arange(count) % 2
    images = np.full((count, 24, 24), 170, np.uint8)
    for image, label in zip(images, labels, strict=True):
        cv2.ellipse(image, (12, 12), (8, 6 if label else 1), float(rng.normal() * 5), 0, 360, 30, -1)
    np.savez(path, images=images, labels=labels, split=np.where(np.arange(count) < 40, "train", "val"))
    return path


def run(*args: object) -> None:
    assert main([str(arg) for arg in args]) == 0


def bias_of(model: Path) -> np.ndarray:
    """The bias of a trained network's last layer."""
    from convert.networks import load_model

    return np.array(load_model(model).get_weights()[-1])


def stored_bias(model: Path) -> np.ndarray:
    """The same bias out of a .tflite: the dense layer's third input, in steps of input scale by weight scale."""
    made = interpreter(model, plain=True)
    (dense,) = [op for op in made._get_ops_details() if op["op_name"] == "FULLY_CONNECTED"]
    details = {tensor["index"]: tensor for tensor in made.get_tensor_details()}
    bias = details[int(dense["inputs"][2])]
    scales = bias["quantization_parameters"]["scales"]
    return made.get_tensor(bias["index"]).astype(np.float32) * scales


def figures(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def options(task: str, data: Path, marked: Path) -> list[object]:
    """What ``train`` and ``quantize`` of a network of eyes or mouths are given."""
    people = ["--people", 0] if task == "eyes" else []
    return ["--task", task, "--data", data, "--faces", marked, "--threads", 1, *people]


@pytest.fixture(scope="module")
def eyes(marked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with crops and, in ``out``, a network of eyes trained on them."""
    return trained_crops("eyes", marked, tmp_path_factory.mktemp("eyes"))


@pytest.fixture(scope="module")
def mouth(marked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of mouths."""
    return trained_crops("mouth", marked, tmp_path_factory.mktemp("mouth"))


def trained_crops(task: str, marked: Path, folder: Path) -> Path:
    data = crops(folder / "crops.npz", np.random.default_rng(1))
    small = ["--stages", "8 16 16", "--steps", 60, "--batch", 32, "--out", folder / "out"]
    run("train", *options(task, data, marked), *small)
    return folder


@pytest.mark.parametrize(("task", "side"), [("eyes", 40), ("mouth", 32)])
def test_crops_are_learned_quantized_and_measured(
    task: str,
    side: int,
    tmp_path: Path,
    marked: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, model = request.getfixturevalue(task), tmp_path / f"{task}.tflite"
    data = folder / "crops.npz"
    asked = [*options(task, data, marked), "--out", model, "--samples", 40]
    run("quantize", folder / "out" / "model.keras", *asked)
    card = json.loads(model.with_suffix(".json").read_text())
    assert card["input"]["shape"] == [1, side, side, 1]
    assert 15 < card["rounding_db"] < 60
    run("evaluate", model, "--task", task, "--data", data, "--json")
    assert figures(capsys)["accuracy"] > 0.8


def test_a_network_that_rounds_too_coarsely_is_not_written(
    mouth: Path, tmp_path: Path, marked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = options("mouth", mouth / "crops.npz", marked)
    asked = ["quantize", mouth / "out" / "model.keras", *where, "--out", tmp_path / "mouth.tflite", "--samples", 20]
    assert main([str(arg) for arg in [*asked, "--min-decibels", 90]]) == 1
    assert "not written; its rounding noise is" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_stages_of_one_training_are_quantized_as_their_mean(
    mouth: Path, tmp_path: Path, marked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from convert.seeing import nets

    where, first, second = options("mouth", mouth / "crops.npz", marked), mouth / "out", tmp_path / "second"
    longer = ["--stages", "8 16 16", "--batch", 32, "--steps", 10, "--rate", 0.001, "--start", first / "model.keras"]
    run("train", *where, *longer, "--out", second)
    stages = [first / "model.keras", second / "model.keras"]
    alone, mean = tmp_path / "alone.tflite", tmp_path / "mean.tflite"
    run("quantize", stages[0], *where, "--out", alone, "--samples", 40)
    run("quantize", *stages, *where, "--out", mean, "--samples", 40)
    biases = [bias_of(path) for path in stages]
    assert stored_bias(mean) == pytest.approx((biases[0] + biases[1]) / 2, abs=1e-4)
    assert stored_bias(mean) != pytest.approx(stored_bias(alone), abs=1e-4)
    other = tmp_path / "other.keras"
    nets.classifier(32, [[8], [16]], 2, 0.0).save(other)
    capsys.readouterr()
    asked = ["quantize", *stages, other, *where, "--out", tmp_path / "none.tflite"]
    assert main([str(arg) for arg in asked]) == 2
    assert f"{other}: not the network of {stages[0]}" in capsys.readouterr().err
    assert not (tmp_path / "none.tflite").exists()


def test_landmarks_are_learned_quantized_and_measured(
    tmp_path: Path, marked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--task", "landmarks", "--data", marked, "--threads", 1]
    small = ["--stages", "8 8 16 16 32", "--steps", 50, "--batch", 16, "--out", tmp_path / "out"]
    run("train", *where, *small)
    model = tmp_path / "landmarks.tflite"
    run("quantize", tmp_path / "out" / "model.keras", *where, "--out", model, "--samples", 30)
    run("evaluate", model, "--task", "landmarks", "--data", marked, "--split", "all", "--json")
    measured = figures(capsys)
    assert measured["n"] == 60
    assert 0 < measured["nme_first_look"] < 0.4
    assert sum(row["n"] for row in measured["turned"]["yaw"].values()) == 60, "each face is turned once"
    assert measured["turned"]["yaw"]["15 to 30"]["known"] == pytest.approx(22.5, abs=7.5)


def test_a_detector_is_learned_from_a_users_own_pictures_and_boxes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng, boxes = np.random.default_rng(9), {}
    for n in range(40):
        face, points = draw_face(rng)
        low, high = points.min(axis=0), points.max(axis=0)
        cv2.imwrite(str(tmp_path / f"{n}.png"), face)
        box = [*low.tolist(), *(high - low).tolist()]
        boxes[f"{n}.png"] = {"boxes": [box], "ignore": [], "split": "train" if n < 30 else "val"}
    listed = tmp_path / "faces.json"
    listed.write_text(json.dumps(boxes))
    where = ["--task", "detector", "--data", tmp_path, "--boxes", listed, "--threads", 1]
    small = ["--stages", "8 8 16 16", "--steps", 120, "--batch", 8, "--rate", 0.003, "--out", tmp_path / "out"]
    run("train", *where, *small)
    model = tmp_path / "detector.tflite"
    run("quantize", tmp_path / "out" / "model.keras", *where, "--out", model, "--samples", 30)
    run("evaluate", model, "--task", "detector", "--data", tmp_path, "--boxes", listed, "--score", 0.3, "--json")
    measured = figures(capsys)
    assert measured["n"] == 10
    assert measured["faces"] == 10
    assert measured["recall"] > 0.3
    by_size = _by_size(np.array([7.7, 9.0, 30.0]), np.array([False, True, True]))
    assert [row.split()[-1] for row in by_size.values()] == ["1"] * 3, "of every face that recall counts"
    run("evaluate", model, "--task", "detector", "--data", tmp_path, "--json")
    assert figures(capsys)["split"] == "all", "a folder without a list has no parts"


@pytest.mark.parametrize(("task", "stages"), [("detector", "8 8 16 16"), ("landmarks", "8 8 16 16 16")])
def test_a_training_can_start_from_a_rounded_file_and_says_what_it_said(task: str, stages: str, tmp_path: Path) -> None:
    import keras

    from convert import tflite
    from convert.preprocess import to_input
    from convert.seeing import nets, rounded
    from convert.tasks.drawn import widths as widths_of

    pictures = np.stack([draw_face(np.random.default_rng(n), 128 if task == "detector" else 96)[0] for n in range(60)])
    widths = widths_of(stages)
    net = nets.detector(128, widths, 14) if task == "detector" else nets.regressor(96, widths, 137)
    for layer in net.layers:  # statistics and biases as a training leaves them, not as a fresh network has them
        if isinstance(layer, keras.layers.BatchNormalization):
            count, rng = len(layer.get_weights()[0]), np.random.default_rng(1)
            layer.set_weights(
                [rng.uniform(0.5, 1.5, count), rng.normal(0, 0.3, count), *[rng.uniform(0.1, 0.4, count)] * 2]
            )
    inputs = to_input(pictures)
    deployed = nets.two_outputs(net) if task == "detector" else net
    content = tflite.convert(deployed, "int8", inputs, float_ends=task == "landmarks")
    (tmp_path / "old.tflite").write_bytes(content)
    again = keras.models.clone_model(net)
    rounded.load(again, tmp_path / "old.tflite")
    said = again.predict_on_batch(inputs)
    assert said == pytest.approx(net.predict_on_batch(inputs), abs=0.05)
    rounded.settle(again, inputs)
    assert again.predict_on_batch(inputs) == pytest.approx(said, abs=1e-3)
    assert np.array(again(inputs, training=True)) == pytest.approx(said, abs=0.01), "as in the first step of a training"


def test_training_goes_on_from_its_checkpoint(
    tmp_path: Path, marked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from convert.tasks import drawn

    data, out = crops(tmp_path / "crops.npz", np.random.default_rng(1)), tmp_path / "out"
    monkeypatch.setattr(drawn, "EPOCH", 3)
    base = ["train", "--task", "mouth", "--data", data, "--faces", marked, "--batch", 8, "--out", out]
    run(*base, "--stages", "8 8 8", "--steps", 6)
    capsys.readouterr()
    again = [str(arg) for arg in (*base, "--steps", 8)]
    assert main([*again, "--stages", "8 8 8"]) == 2
    assert f"--out {out}: contains a training; continue it with --resume" in capsys.readouterr().err
    assert main([*again, "--stages", "8 8 16", "--resume"]) == 2
    assert "the checkpoint is of another network or optimizer" in capsys.readouterr().err
    run(*again, "--stages", "8 8 8", "--resume")
    said = capsys.readouterr().err
    assert "epoch 3/3" in said
    assert "epoch 2/3" not in said
    assert {path.name for path in out.iterdir()} == {
        "model.keras", "model.json", "checkpoint.npz", "history.csv", "history.png", "samples.png",
    }  # fmt: skip
    (out / "checkpoint.npz").write_bytes(b"half")
    assert main([*again, "--stages", "8 8 8", "--resume"]) == 1
    assert "checkpoint.npz: not a readable .npz" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["train", "--task", "eyes", "--data", "none.npz", "--faces", ".", "--out", "x"], "points.npz"),
        (["evaluate", "gone.keras", "--task", "eyes", "--data", "x.npz"], "gone.keras: no such file"),
        (
            ["quantize", "none.keras", "--task", "mouth", "--data", "x.npz", "--faces", ".", "--out", "x.tflite"],
            "none.keras",
        ),
        (
            ["quantize", "none.keras", "--task", "mouth", "--data", "x.npz", "--faces", ".", "--out", "x"],
            "end in .tflite",
        ),
        (
            ["evaluate", str(shipped("mouth")), "--task", "eyes", "--data", "x.npz"],
            "a model for --task mouth, not eyes",
        ),
        (
            ["train", "--task", "landmarks", "--data", ".", "--empty", ".", "--out", "x"],
            "--empty-list is missing: it is required with --empty",
        ),
        (
            ["train", "--task", "detector", "--data", ".", "--boxes", "x", "--stages", "8 8 8", "--out", "x"],
            "a detector has four",
        ),
        (
            ["train", "--task", "detector", "--data", ".", "--boxes", "x", "--stages", "8 0", "--out", "x"],
            "give widths like",
        ),
    ],
)
def test_faults_are_one_line(args: list[str], said: str, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(args) != 0
    error = capsys.readouterr().err.strip()
    assert said in error
    assert "\n" not in error
