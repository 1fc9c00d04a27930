"""Data of every kind reads alike, and each fault is named with its file and row."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.data import Dataset, Want, load, load_training, stratified_split
from convert.errors import DataError, UsageError
from convert.labels import LABEL_SETS, canonical, parse_labels
from tests.convert.faces import draw_faces, save_tree, write_csv

USAGES = ("Training", "PublicTest", "PrivateTest")


def fer_rows(count: int = 42) -> list[tuple[int, np.ndarray, str]]:
    images, labels = draw_faces(count)
    return [(int(label), image, USAGES[i % 3]) for i, (image, label) in enumerate(zip(images, labels, strict=True))]


@pytest.mark.parametrize("header", ["emotion,pixels,Usage", "emotion, Usage, pixels"])
def test_both_kaggle_headers_give_the_same_pictures(tmp_path: Path, header: str) -> None:
    rows = fer_rows()
    data = load(write_csv(tmp_path / "fer.csv", rows, header), "val", Want())
    expected = [(label, image) for label, image, usage in rows if usage == "PublicTest"]
    assert data.images.shape == (14, 48, 48, 1)
    assert data.labels.tolist() == [label for label, _ in expected]
    assert np.array_equal(data.images[3, :, :, 0], expected[3][1])
    assert data.classes[3] == "happy"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_a_spreadsheet_saved_reads_as_the_original(tmp_path: Path, delimiter: str, encoding: str) -> None:
    original = write_csv(tmp_path / "fer.csv", fer_rows(6))
    saved = tmp_path / "saved" / "fer.csv"
    votes = "Usage,Image name," + ",".join("abcdefghij") + "\n" + "Training,x,0,8,0,0,0,0,0,0,2,0\n" * 6
    saved.parent.mkdir()
    saved.write_text(original.read_text().replace(",", delimiter), encoding=encoding)
    saved.with_name("fer2013new.csv").write_text(votes.replace(",", delimiter), encoding=encoding)
    expected, data = load(original, "val", Want()), load(saved, "val", Want())
    assert np.array_equal(data.images, expected.images)
    assert data.labels.tolist() == expected.labels.tolist()
    assert data.vote_majority().tolist() == [3, 3]


def test_utf_16_cut_in_the_middle_is_named(tmp_path: Path) -> None:
    whole = write_csv(tmp_path / "whole.csv", fer_rows(3)).read_text().encode("utf-16")
    (tmp_path / "cut.csv").write_bytes(whole[:-1])
    with pytest.raises(DataError, match=r"cut.csv:\d+: not CSV text .*utf-16"):
        load(tmp_path / "cut.csv", "train", Want())


def test_votes_beside_a_csv_become_shares(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv", fer_rows(3))
    votes = ["Usage,Image name," + ",".join("abcdefghij")]
    votes += ["Training,x,0,8,0,0,0,0,0,0,2,0", "PublicTest,x,5,5,0,0,0,0,0,0,0,0", "PrivateTest,,0,0,0,0,0,0,0,0,0,10"]
    (tmp_path / "fer2013new.csv").write_text("\n".join(votes))
    train = load(path, "train", Want())
    assert train.vote_shares()[0, train.classes.index("happy")] == pytest.approx(1.0)
    assert train.vote_majority().tolist() == [3]
    assert load(path, "val", Want()).vote_majority().tolist() == [-1], "a tie has no majority"
    assert np.isnan(load(path, "test", Want()).vote_shares()).all(), "nobody saw a face"


def test_votes_that_do_not_fit_the_csv_are_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv", fer_rows(3))
    (tmp_path / "fer2013new.csv").write_text("Usage,Image name\nTraining,x,0,8,0,0,0,0,0,0,2,0\n")
    with pytest.raises(DataError, match="1 rows of votes for 3 pictures"):
        load(path, "train", Want())


def bad_csv(tmp_path: Path, *lines: str, header: str = "emotion,pixels,Usage") -> Path:
    good = "3," + " ".join(["7"] * 2304) + ",Training"
    path = tmp_path / "fer.csv"
    path.write_text("\n".join([header, good, *lines]) + "\n")
    return path


PIXELS = " ".join(["7"] * 2304)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"3,{PIXELS[:-4]},Training", r"fer.csv:3: 2302 pixels do not form a square"),
        (f"7,{PIXELS},Training", r"fer.csv:3: emotion 7 is not 0 to 6"),
        (f"-1,{PIXELS},Training", r"fer.csv:3: emotion -1 is not 0 to 6"),
        (f"glad,{PIXELS},Training", r"fer.csv:3: emotion 'glad' is not a number"),
        (f"3,{PIXELS[:-1]}nan,Training", r"fer.csv:3: a pixel is not a number 0 to 255"),
        (f"3,{PIXELS[:-1]}x,Training", r"fer.csv:3: pixels hold something that is not a number"),
        (f"3,{PIXELS[:-1]}256,Training", r"fer.csv:3: a pixel is not a number 0 to 255"),
        (f"3,{PIXELS[:-1]}0.5,Training", r"fer.csv:3: a pixel is not a whole number; use levels 0 to 255"),
        (f"3,{PIXELS},Sometimes", r"fer.csv:3: Usage 'Sometimes' is not one of"),
        ("3,7 7 7", r"fer.csv:3: 2 columns, 3 needed; is the file truncated"),
        ("3,1 2 3 4,Training", r"fer.csv:3: 4 pixels, the rows before have 2304"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        load(bad_csv(tmp_path, line), "train", Want())


def test_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"fer.csv:1: no column pixels .*the header is emotion, image"):
        load(bad_csv(tmp_path, header="emotion,image,Usage"), "train", Want())


def test_a_csv_of_other_bytes_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"emotion,pixels,Usage\n\xff\xfe\0")
    with pytest.raises(DataError, match=r"x.csv:1: not CSV text"):
        load(tmp_path / "x.csv", "train", Want())


def test_a_csv_without_usage_is_split_by_a_seed(tmp_path: Path) -> None:
    images, labels = draw_faces(140)
    rows = [(int(label), image, "") for image, label in zip(images, labels, strict=True)]
    path = write_csv(tmp_path / "all.csv", rows, "emotion,pixels")
    with pytest.raises(DataError, match="contains no validation part; use --val FILE or --val-fraction"):
        load_training(path, Want(), val=None, fraction=None, seed=42)
    train, held = load_training(path, Want(), val=None, fraction=0.1, seed=42)
    assert train.counts().tolist() == [18] * 7
    assert held.counts().tolist() == [2] * 7
    again, _ = load_training(path, Want(), val=None, fraction=0.1, seed=42)
    assert np.array_equal(train.images, again.images)
    other = stratified_split(load(path, "train", Want()), 0.1, 43)[1]
    assert not np.array_equal(held.images, other.images)


def test_training_pictures_that_stand_in_validation_are_left_out(
    fer_npz: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = np.load(fer_npz / "faces_val.npz")
    images, labels = draw_faces(280, seed=1)
    np.savez(
        fer_npz / "faces_train.npz",
        images=np.concatenate([images, held["images"][:5]]),
        labels=np.concatenate([labels, held["labels"][:5]]),
    )
    train, _ = load_training(fer_npz, Want(), val=None, fraction=None, seed=1)
    assert len(train) == 280
    assert "5 training pictures left out" in capsys.readouterr().err


def test_an_empty_class_stops_training_and_is_named(tmp_path: Path) -> None:
    for split in ("train", "validation"):
        save_tree(tmp_path, split, {"happy": 2, "sad": 0 if split == "train" else 2, "neutral": 2})
    with pytest.raises(DataError, match="split train has no picture of sad"):
        load_training(tmp_path, Want(classes=LABEL_SETS[3]), val=None, fraction=None, seed=1)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"images": np.zeros((4, 48, 48), np.uint8)}, "no array 'labels'"),
        ({"images": np.zeros((4, 48, 48, 4), np.uint8), "labels": np.zeros(4)}, r"shape \(4, 48, 48, 4\)"),
        ({"images": np.zeros((4, 48, 48), np.uint8), "labels": np.zeros(3)}, "4 images but labels of shape"),
        ({"images": np.zeros((4, 48, 48), np.uint8), "labels": np.array([0, 1, 9, 2])}, r"labels\[2\] is 9"),
        ({"images": np.zeros((4, 48, 48), np.uint8), "labels": np.array([0, 1, np.nan, 2])}, r"labels\[2\] is nan"),
        ({"images": np.full((4, 48, 48), np.nan), "labels": np.zeros(4)}, r"images\[0\] holds a value that is not"),
        ({"images": np.full((4, 48, 48), 300), "labels": np.zeros(4)}, r"images\[0\] has values outside 0 to 255"),
        ({"images": np.array(["a"]), "labels": np.zeros(1)}, "images have shape"),
        ({"images": np.zeros((0, 48, 48)), "labels": np.zeros(0)}, r"images have shape \(0, 48, 48, 1\)"),
        ({"images": np.zeros((2, 48, 48), np.uint8), "labels": np.array(["sad", "sad"])}, "labels are <U3, not class"),
        (
            {"images": np.zeros((2, 48, 48), np.uint8), "labels": np.zeros(2), "split": np.array("train")},
            r"2 images but split of shape \(\)",
        ),
        (
            {"images": np.zeros((2, 48, 48), np.uint8), "labels": np.zeros(2), "classes": np.array("sad")},
            r"classes is of shape \(\), not a list of names",
        ),
    ],
)
def test_a_bad_npz_is_named(tmp_path: Path, arrays: dict[str, np.ndarray], said: str) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(DataError, match=said):
        load(tmp_path / "x.npz", "train", Want())


def test_a_truncated_npz_and_a_missing_path_are_named(tmp_path: Path, fer_npz: Path) -> None:
    whole = (fer_npz / "faces_val.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut.npz: not a readable .npz"):
        load(tmp_path / "cut.npz", "val", Want())
    with pytest.raises(DataError, match=r"no \*_test.npz in it"):
        load(fer_npz, "test", Want())
    with pytest.raises(DataError, match="nowhere: no such file or folder"):
        load(tmp_path / "nowhere", "val", Want())


def test_what_only_calls_itself_npz_is_named(tmp_path: Path) -> None:
    images, labels = draw_faces(70)
    np.savez_compressed(tmp_path / "hurt.npz", images=images, labels=labels)
    content = bytearray((tmp_path / "hurt.npz").read_bytes())
    content[2000:4000] = bytes(2000)
    (tmp_path / "hurt.npz").write_bytes(content)
    with (tmp_path / "plain.npz").open("wb") as file:
        np.save(file, images)
    (tmp_path / "empty.npz").touch()
    for name in ("hurt", "plain", "empty"):
        with pytest.raises(DataError, match=f"{name}.npz: not a readable .npz"):
            load(tmp_path / f"{name}.npz", "train", Want())


def test_an_npz_with_splits_gives_the_one_asked_for(tmp_path: Path) -> None:
    images, labels = draw_faces(20)
    split = np.array(["train"] * 14 + ["validation"] * 6)
    np.savez(tmp_path / "x.npz", images=images, labels=labels, split=split)
    assert len(load(tmp_path / "x.npz", "val", Want())) == 6
    with pytest.raises(DataError, match=r"no pictures in split test .it has train, val."):
        load(tmp_path / "x.npz", "test", Want())


def test_three_classes_are_taken_out_of_seven_by_name() -> None:
    assert parse_labels("3") == ("happy", "sad", "neutral")
    assert parse_labels("Happiness, Anger") == ("happy", "angry")
    assert canonical(" Fearful ") == "fear"
    for text in ("4", "happy", "happy,happy"):
        with pytest.raises(UsageError):
            parse_labels(text)


def test_what_macos_leaves_beside_copied_files_is_no_data(fer_npz: Path) -> None:
    (fer_npz / "._faces_val.npz").write_bytes(b"Mac OS X")
    assert len(load(fer_npz, "val", Want())) == 70


def test_classes_keep_their_names_when_the_order_changes(fer_npz: Path) -> None:
    seven = load(fer_npz, "val", Want())
    three = load(fer_npz, "val", Want(classes=("neutral", "happy", "sad")))
    assert three.counts().tolist() == [10, 10, 10]
    first = three.images[three.labels == 0][0]
    assert np.array_equal(first, seven.images[seven.labels == 6][0])
    with pytest.raises(DataError, match="no class contempt in the data"):
        load(fer_npz, "val", Want(classes=("contempt", "happy")))


def people_of(part: Dataset) -> set[str]:
    return set(part.subjects.tolist())


def test_nobody_stands_in_both_parts_where_the_people_are_known(tmp_path: Path) -> None:
    images, labels = draw_faces(40)
    subject = np.array([f"person {n // 4}" for n in range(40)])
    np.savez(tmp_path / "x.npz", images=images, labels=labels, subject=subject)
    rows = [
        f"{label},{' '.join(map(str, image.ravel()))},{who}"
        for image, label, who in zip(images, labels, subject, strict=True)
    ]
    (tmp_path / "x.csv").write_text("\n".join(["emotion,pixels,subject", *rows]))
    for image, label, who, n in zip(images, labels, subject, range(40), strict=True):
        folder = tmp_path / "tree" / LABEL_SETS[7][label] / who
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{n}.png"), image)
    for path in (tmp_path / "x.npz", tmp_path / "x.csv", tmp_path / "tree"):
        train, held = stratified_split(load(path, "train", Want()), 0.2, 7)
        assert len(held) == 8, path
        assert len(train) == 32
        assert not people_of(train) & people_of(held)
        assert people_of(held) == people_of(stratified_split(load(path, "train", Want()), 0.2, 7)[1])


def test_all_is_every_split_once(tmp_path: Path, fer_npz: Path) -> None:
    assert len(load(fer_npz, "all", Want())) == 350
    assert len(load(write_csv(tmp_path / "fer.csv", fer_rows()), "all", Want())) == 42
    save_tree(tmp_path / "tree", "train", {"happy": 3, "sad": 2})
    save_tree(tmp_path / "tree", "test", {"happy": 1, "sad": 2})
    assert len(load(tmp_path / "tree", "all", Want(classes=("happy", "sad")))) == 8
    save_tree(tmp_path, "plain", {"happy": 3, "sad": 2})
    assert len(load(tmp_path / "plain", "all", Want(classes=("happy", "sad")))) == 5
