"""Eyes marked by looking at pictures: the table that ships, and how its rows find their faces."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from convert.errors import DataError
from convert.seeing import eyes_data, eyes_scenes
from fer_edge.sources.sim.examples import examples


def test_the_shipped_table_marks_each_face_once_and_in_words_that_are_known() -> None:
    marks = eyes_scenes.marks()
    assert len(marks) > 2000
    assert len({(mark.file, mark.x, mark.y) for mark in marks}) == len(marks)
    assert {mark.by for mark in marks} == {"eye", "name", "network"}


def test_a_row_that_says_nothing_known_is_refused_with_its_line(tmp_path: Path) -> None:
    table = tmp_path / "marks.csv"
    table.write_text("file,x,y,eyes,by\na.jpg,10,20,open,eye\nb.jpg,10,20,asleep,eye\n")
    with pytest.raises(DataError, match="line 3: eyes is 'asleep'"):
        eyes_scenes.marks(table)
    table.write_text("file,x,y,eyes,by\na.jpg,ten,20,open,eye\n")
    with pytest.raises(DataError, match="line 2: needs file"):
        eyes_scenes.marks(table)


def test_the_eyes_of_the_marked_face_are_cut_and_no_others(tmp_path: Path) -> None:
    example = next(e for e in examples(range(40), 1) if e.right.seen)
    (tmp_path / "faces").mkdir()
    for name in ("shown.png", "elsewhere.png", "held.png"):
        cv2.imwrite(str(tmp_path / "faces" / name), example.picture)
    splits = {"shown.png": "train", "elsewhere.png": "train", "held.png": "val"}
    (tmp_path / "faces.json").write_text(json.dumps({name: {"split": split} for name, split in splits.items()}))
    x, y = ((a + b) / 2 for a, b in zip(example.right.place, example.left.place, strict=True))
    table = tmp_path / "marks.csv"
    table.write_text(
        f"file,x,y,eyes,by\nshown.png,{x},{y},lowered,eye\nelsewhere.png,20,20,shut,eye\nheld.png,{x},{y},shut,eye\n"
        f"missing.png,{x},{y},shut,eye\n"
    )
    found = eyes_scenes.load(tmp_path, "train", table)
    assert [mark.file for _, mark in found] == ["shown.png", "shown.png"]
    assert all(eye.target[:4] == eyes_data.LOWERED for eye, _ in found)
    assert all(eye.picture.std() > 10 for eye, _ in found)
    with pytest.raises(DataError, match="no such file"):
        eyes_scenes.load(tmp_path / "nowhere", "train", table)
