"""The network of both eyes on drawn strips: what it learns from, and a small one trained, quantized and measured."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.cli import main
from convert.errors import DataError, ModelError
from convert.predictors import open_predictor
from convert.seeing import eyepair_data, eyepair_figures, eyes_data, pieces
from fer_edge.perception import shape, warp
from fer_edge.perception.interpreter import Model, shipped
from fer_edge.sources.sim.examples import examples
from fer_edge.sources.sim.looks import STRANGERS
from tests.convert.conftest import made_once
from tests.convert.faces import draw_face

pytestmark = [pytest.mark.convert, pytest.mark.filterwarnings("default"), pytest.mark.timeout(400)]


def draw_strips(path: Path, count: int = 160) -> Path:
    """Two discs on skin, each as high as its eye is open, apart from each other."""
    rng = np.random.default_rng(7)
    gaps = rng.uniform(0, 0.4, (count, 2))
    images = rng.normal(170, 6, (count, 80, 160)).clip(0, 255).astype(np.uint8)
    for image, each in zip(images, gaps, strict=True):
        for x, gap in zip((56, 104), each, strict=True):
            cv2.ellipse(image, (x, 40), (11, round(2 + 22 * gap)), 0, 0, 360, 30, -1)
    targets = np.array([eyepair_data.target(0.8 - 2 * both, both) for both in gaps])
    split = np.where(np.arange(count) < count * 3 // 4, "train", "val")
    np.savez(path, images=images, targets=targets, split=split, source=np.where(gaps[:, 0] > 0.2, "helen", "fer2013"))
    return path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with strips, a network trained on them, in ``out``, and ``pair.tflite``."""

    def make(folder: Path) -> None:
        where = ["--task", "eyepair", "--data", str(draw_strips(folder / "strips.npz")), "--people", "0"]
        small = ["--threads", "1", "--stages", "8 16 16", "--steps", "80", "--batch", "32", "--lr", "0.004"]
        assert main(["train", *where, *small, "--out", str(folder / "out")]) == 0
        asked = ["--out", str(folder / "pair.tflite"), "--samples", "40", "--notes", "eyepair.notes"]
        assert main(["quantize", str(folder / "out" / "model.keras"), *where, *asked]) == 0

    return made_once("eyepair", make, tmp_path_factory)


@pytest.mark.parametrize("model", ["pair.tflite", "out/model.keras"])
def test_both_eyes_are_learned_quantized_and_measured(
    model: str, made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = json.loads((made / model).with_suffix(".json").read_text())
    assert card["input"]["shape"] == [1, 48, 96, 1]
    assert card["labels"] == ["closure_right", "closure_left", "gap_right", "gap_left"]
    asked = ["--task", "eyepair", "--data", str(made / "strips.npz"), "--people", "2", "--json"]
    capsys.readouterr()
    assert main(["evaluate", str(made / model), *asked]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sum(row["n"] for row in told["teacher"].values()) == 40
    for row in (told["teacher"]["helen"], told["teacher"]["fer2013"]):
        assert row["closure"]["correlation"] > 0.8
        assert row["closure"]["off"] < 0.15
        assert row["gap"]["off"] < 0.08
    assert {"shut", "lowered"} <= told["drawn people"].keys()
    assert 0 <= told["drawn people"]["lowered"]["auc"] <= 1


def test_the_file_takes_and_gives_whole_numbers_and_keeps_what_a_person_said(made: Path) -> None:
    network = Model(made / "pair.tflite")
    assert network.size == (48, 96)
    assert network._interpreter.get_input_details()[0]["dtype"] == np.int8
    assert network._interpreter.get_output_details()[0]["dtype"] == np.int8
    assert "MediaPipe" in network.card["terms"]
    assert network.card["input"]["crop"]["width"].startswith("1.35")
    assert network.card["rounding_db"] > 15


def test_a_square_network_is_no_network_of_both_eyes(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from convert.seeing import nets

    nets.classifier(96, [[4]], 4, 0.0).save(tmp_path / "square.keras")
    asked = ["--task", "eyepair", "--data", str(made / "strips.npz"), "--people", "0"]
    assert main(["quantize", str(tmp_path / "square.keras"), *asked, "--out", str(tmp_path / "pair.tflite")]) == 2
    assert "needs one grey picture, 0.5 times as high as wide, and 4 values" in capsys.readouterr().err
    with pytest.raises(ModelError, match=r"its input is \(1, 48, 96, 1\), not one square picture"):
        open_predictor(made / "pair.tflite")  # nor is it a network of classes


def test_what_is_kept_holds_the_strip_that_the_product_cuts() -> None:
    picture, points = draw_face(np.random.default_rng(2), 320)
    points[:, 1] += np.linspace(0, 6, 68)  # a head not quite upright
    region = shape.eye_pair_region(points)
    wanted = warp.standardise(warp.cut(picture, warp.upright(*region, 96), 96)[24:72])
    assert pieces.plain(picture, region, 96, 48).tolist() == wanted.tolist()
    kept = eyepair_data.Strips(eyepair_data.around(picture, points)[None], np.zeros((1, 4)), np.array(["drawn"]))
    (piece,) = kept.pieces()
    again = pieces.plain(piece.picture, piece.region, 96, 48)
    assert np.abs(again.astype(int) - wanted).mean() < 0.3


def test_a_mirror_image_has_the_other_eye_shut() -> None:
    image = np.full((80, 160), 170, np.uint8)
    image[:, :70] = 60
    right = eyepair_data.Strips(image[None], np.array([[0.8, 0.1, 0.1, 0.9]], np.float32), np.array(["helen"]))
    pictures, targets = eyepair_data.sampler([right], 96, 48)(np.random.default_rng(1), 60)
    assert pictures.shape == (60, 48, 96)
    dark = pictures[:, :, :32].mean(axis=(1, 2)) < pictures[:, :, 64:].mean(axis=(1, 2))
    assert 10 < dark.sum() < 50
    assert np.mean((targets[:, 0] > 0.5) == dark) > 0.9, "but for some in odd light"
    assert ((targets[:, 0] > 0.5) == (targets[:, 2] < 0.5)).all()


def test_shut_eyes_and_photographs_are_drawn_more_often() -> None:
    gaps = [0.02, 0.3, 0.3, 0.1]
    targets = np.array([[0, 0, 2.5 * gap, 2.5 * gap] for gap in gaps], np.float32)
    strips = eyepair_data.Strips(
        np.zeros((4, 80, 160), np.uint8), targets, np.array(["ytf", "ytf", "fer2013", "drawn"])
    )
    assert eyepair_data.weights(strips).tolist() == [16, 4, 0.5, 3]
    _, drawn = eyepair_data.sampler([strips], 96, 48)(np.random.default_rng(0), 1000)
    assert np.mean(drawn[:, 2] == np.float32(0.05)) == pytest.approx(16 / 23.5, abs=0.05)


def test_drawn_people_say_what_their_lids_do() -> None:
    drawn = eyepair_data.drawn(range(4), 6)
    shut, lowered = (drawn.targets[drawn.source == name] for name in ("drawn shut", "drawn lowered"))
    assert shut[:, :2] == pytest.approx(np.full((len(shut), 2), 0.8))
    assert len(lowered)
    assert 0.3 < lowered[:, :2].max() < 0.7
    assert lowered[:, 2:].min() > shut[:, 2:].max()


def test_simulated_drives_show_drawn_people_whom_no_network_knows() -> None:
    learned_from = max(eyepair_data.PEOPLE, eyes_data.PEOPLE)
    assert learned_from < eyes_data.FIRST_HELD < STRANGERS - 1000, "to learn from, to choose by, to drive"


def test_scenes_say_how_well_shut_eyes_are_told_from_others(made: Path, tmp_path: Path) -> None:
    example = next(e for e in examples(range(40), 1) if e.right.seen)
    (tmp_path / "faces").mkdir()
    x, y = ((a + b) / 2 for a, b in zip(example.right.place, example.left.place, strict=True))
    words, lines = {"a.png": "shut", "b.png": "lowered", "c.png": "none"}, ["file,x,y,eyes,by"]
    for name, word in words.items():
        cv2.imwrite(str(tmp_path / "faces" / name), example.picture)
        lines.append(f"{name},{x},{y},{word},eye")
    (tmp_path / "faces.json").write_text(json.dumps({name: {"split": "val"} for name in words}))
    (tmp_path / "marks.csv").write_text("\n".join(lines))
    told = eyepair_figures.scenes(Model(made / "pair.tflite"), tmp_path, "val", tmp_path / "marks.csv")
    assert told.keys() == {"shut", "lowered"}
    assert told["shut"]["n"] == told["lowered"]["n"] == 1
    assert told["shut"]["closure"] == told["lowered"]["closure"], "one picture"
    both = eyepair_figures.product(shipped("eyepair"), tmp_path, "val", tmp_path / "marks.csv")
    assert both.keys() == set(words.values())
    assert all(said["n"] == 1 and said["alone"]["shut"] >= said["alone"]["surely"] for said in both.values())
    told = eyepair_figures.against_shut({"shut": np.array([0.7, 0.8]), "lowered": np.array([0.5, 0.75, 0.2, 0.3])})
    assert told["shut"] == {"n": 2, "closure": 0.75}
    assert told["lowered"] == {"n": 4, "closure": 0.438, "auc": 0.875}


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"images": np.zeros((2, 48, 96), np.uint8)}, r"images \(2, 48, 96\) uint8"),
        ({"targets": np.zeros((2, 3))}, r"targets \(2, 3\)"),
        ({"split": np.array(["train", "train"])}, "no strips of split val"),
    ],
)
def test_a_file_of_other_strips_is_refused(arrays: dict[str, np.ndarray], said: str, tmp_path: Path) -> None:
    right = {
        "images": np.zeros((2, 80, 160), np.uint8),
        "targets": np.zeros((2, 4)),
        "split": np.array(["train", "val"]),
    }
    np.savez(tmp_path / "strips.npz", **right | {"source": np.array(["ytf", "ytf"])} | arrays)
    with pytest.raises(DataError, match=said):
        eyepair_data.load(tmp_path / "strips.npz", "val")
