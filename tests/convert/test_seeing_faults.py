"""The seeing networks' data: what cannot be used is named with its file and row."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.errors import DataError
from convert.seeing import faces68, pieces, scenes

EYE, FACES = np.full((4, 24, 24), 90, np.uint8), np.zeros((3, 128, 128), np.uint8)
STATES = ("closed", "open")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"images": EYE, "labels": np.eye(4)}, r"4 images but labels of shape \(4, 4\)"),
        ({"images": EYE, "labels": np.array([0, 1, 2, 1])}, r"labels\[2\] is 2, not a class number 0 to 1"),
        ({"images": EYE, "labels": np.ones(4), "split": np.array(["val"])}, r"4 images but split of shape \(1,\)"),
        ({"labels": np.ones(4)}, "no array 'images' .it has labels."),
    ],
)
def test_eyes_that_cannot_be_used_are_named(tmp_path: Path, arrays: dict[str, np.ndarray], said: str) -> None:
    np.savez(tmp_path / "eyes.npz", **arrays)
    with pytest.raises(DataError, match=said):
        pieces.labelled(tmp_path / "eyes.npz", "val", STATES)


def test_a_split_is_understood_by_any_of_its_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "eyes.npz", images=EYE, labels=np.ones(4), split=["validation", "train", "val", "test"])
    assert len(pieces.labelled(tmp_path / "eyes.npz", "val", STATES)[0]) == 2
    assert len(pieces.labelled(tmp_path / "eyes.npz", "all", STATES)[0]) == 4


def test_eyes_are_read_from_folders_and_tables_as_from_arrays(tmp_path: Path) -> None:
    for number, name in enumerate(("Open", "closed", "open")):
        (tmp_path / "tree" / "train" / name.lower()).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "tree" / "train" / name.lower() / f"{number}.png"), np.full((24, 24), 50 * number))
    rows = "".join(f"{label},{' '.join([str(level)] * 576)}\n" for label, level in ((0, 50), (1, 0), (1, 100)))
    (tmp_path / "eyes.csv").write_text("emotion,pixels\n" + rows)
    for path in (tmp_path / "tree", tmp_path / "eyes.csv"):
        images, labels = pieces.labelled(path, "train", STATES)
        assert labels.tolist() == [0, 1, 1]
        assert images[:, 0, 0].tolist() == [50, 0, 100]


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (np.zeros((3, 5, 2)), r"points are \(3, 5, 2\), not 68 for each of 3 faces"),
        (
            np.where(np.arange(3)[:, None, None] == 1, np.nan, np.zeros((3, 68, 2))),
            r"points\[1\] holds a value that is",
        ),
    ],
)
def test_marked_faces_that_cannot_be_used_are_named(tmp_path: Path, points: np.ndarray, said: str) -> None:
    np.savez(tmp_path / "faces.npz", images=FACES, points=points)
    with pytest.raises(DataError, match=said):
        faces68.load(tmp_path / "faces.npz", "val")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1]", "a mapping of file names is expected"),
        ('{"a.png": [1]}', "a.png: a mapping with boxes and split is expected"),
        ('{"a.png": {"boxes": [[1, 2, 3]]}}', r"a.png: boxes must be a list of \[x, y, width, height\]"),
        ('{"a.png": {"boxes": [["x", 2, 3, 4]]}}', "a.png: boxes must be"),
        ('{"a.png": {"ignore": [1, 2, 3, 4]}}', "a.png: ignore must be"),
        ("{", "cannot be read as JSON"),
    ],
)
def test_boxes_that_cannot_be_used_are_named(tmp_path: Path, text: str, said: str) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), FACES[0])
    (tmp_path / "boxes.json").write_text(text)
    with pytest.raises(DataError, match=said):
        scenes.load(tmp_path, tmp_path / "boxes.json", "train")


def test_a_missing_file_of_taught_points_is_blamed_itself(tmp_path: Path) -> None:
    (tmp_path / "boxes.json").write_text("{}")
    with pytest.raises(DataError, match=r"taught.json: cannot be read as JSON"):
        scenes.load(tmp_path, tmp_path / "boxes.json", "train", tmp_path / "taught.json")
