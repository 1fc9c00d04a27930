"""Folder trees of pictures: classes in any case, sizes and colours as they come, faults named with their file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.data import Want, load
from convert.errors import DataError
from convert.labels import LABEL_SETS
from tests.convert.faces import save_tree


def test_a_folder_tree_reads_classes_in_any_case_and_in_the_models_order(tmp_path: Path) -> None:
    save_tree(tmp_path, "validation", {"Happy": 3, "ANGER": 2, "Sadness": 4, "surprise": 1, "Neutral": 2}, ".jpg")
    data = load(tmp_path, "val", Want(classes=LABEL_SETS[5]))
    assert dict(zip(data.classes, data.counts().tolist(), strict=True)) == {
        "happy": 3, "sad": 4, "surprise": 1, "angry": 2, "neutral": 2,
    }  # fmt: skip
    assert data.images.shape == (12, 48, 48, 1)


def test_colour_pictures_of_other_sizes_are_brought_to_the_wanted_shape(tmp_path: Path) -> None:
    for index, (name, side) in enumerate({"happy": 64, "sad": 96, "neutral": 48}.items()):
        (tmp_path / "train" / name).mkdir(parents=True)
        picture = np.full((side, side, 3), (0, 0, 40 * (index + 1)), np.uint8)  # BGR: red only
        cv2.imwrite(str(tmp_path / "train" / name / "x.png"), picture)
    colour = load(tmp_path, "train", Want(40, 3, LABEL_SETS[3]))
    assert colour.images.shape == (3, 40, 40, 3)
    assert colour.images[0, 5, 5].tolist() == [40, 0, 0], "RGB, as networks trained elsewhere expect"
    assert load(tmp_path, "train", Want(48, 1, LABEL_SETS[3])).images.shape == (3, 48, 48, 1)


def test_pictures_of_16_bits_keep_their_light_and_photographs_stand_upright(tmp_path: Path) -> None:
    folder = tmp_path / "train" / "happy"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "deep.png"), np.full((48, 48), 100 * 257, np.uint16))
    half = np.zeros((48, 48), np.uint8)
    half[:, 24:] = 255
    plain = cv2.imencode(".jpg", half)[1].tobytes()
    # An EXIF block with one entry, orientation 6: turn a quarter to the right to see it upright.
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"
    exif = b"Exif\0\0MM\x00\x2a\x00\x00\x00\x08\x00\x01" + entry + bytes(4)
    marker = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    (folder / "phone.jpg").write_bytes(plain[:2] + marker + plain[2:])
    deep, phone = load(tmp_path, "train", Want()).images[..., 0]
    assert set(deep.ravel().tolist()) == {100}
    assert phone[:20].mean() < 10
    assert phone[28:].mean() > 245


def test_two_folders_of_one_class_are_refused_and_hidden_ones_passed_over(tmp_path: Path) -> None:
    save_tree(tmp_path, "train", {"happy": 1, "sad": 1, ".cache": 1})
    assert load(tmp_path, "train", Want()).classes == ("happy", "sad")
    save_tree(tmp_path / "two", "train", {"Anger": 1, "angry": 2})
    with pytest.raises(DataError, match="Anger and angry are both angry; join them"):
        load(tmp_path / "two", "train", Want())


def test_files_that_are_no_pictures_are_named(tmp_path: Path) -> None:
    save_tree(tmp_path, "train", {"happy": 1, "sad": 1, "neutral": 1})
    (tmp_path / "train" / "sad" / "broken.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"sad/broken.png: cannot be read as a picture"):
        load(tmp_path, "train", Want())
    (tmp_path / "train" / "sad" / "broken.png").rename(tmp_path / "train" / "sad" / "notes.txt")
    with pytest.raises(DataError, match=r"sad/notes.txt: not a picture"):
        load(tmp_path, "train", Want())
