"""Eyes and mouths marked by looking at pictures: the tables that ship, and how their rows find their faces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from convert.errors import DataError, UsageError
from convert.seeing import expressions, eyes_data, eyes_draw, eyes_scenes, marks, mouth_data, pieces
from fer_edge.perception.interpreter import shipped
from fer_edge.sources.sim.examples import examples


@pytest.mark.parametrize(
    ("table", "column", "words", "least"),
    [(eyes_scenes.TABLE, "eyes", eyes_scenes.TARGETS, 2000), (mouth_data.TABLE, "mouth", mouth_data.WORDS, 2500)],
)
def test_a_shipped_table_marks_each_face_once_and_in_words_that_are_known(table, column, words, least) -> None:
    rows = marks.read(table, column, words)
    assert len(rows) > least
    assert len({(row.file, row.x, row.y) for row in rows}) == len(rows)
    assert {row.word for row in rows} == set(words)
    assert {row.by for row in rows} <= {"eye", "name", "network"}


def test_a_row_that_says_nothing_known_is_refused_with_its_line(tmp_path: Path) -> None:
    table = tmp_path / "marks.csv"
    table.write_text("file,x,y,eyes,by\na.jpg,10,20,open,eye\nb.jpg,10,20,asleep,eye\n")
    with pytest.raises(DataError, match="line 3: eyes is 'asleep'"):
        marks.read(table, "eyes", eyes_scenes.TARGETS)
    table.write_text("file,x,y,eyes,by\na.jpg,ten,20,open,eye\n")
    with pytest.raises(DataError, match="line 2: needs file"):
        marks.read(table, "eyes", eyes_scenes.TARGETS)


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
    with pytest.raises(DataError, match=r"faces.json: cannot be read as JSON \(No such file or directory\)"):
        eyes_scenes.load(tmp_path / "nowhere", "train", table)


def test_a_marked_mouth_is_cut_at_the_lips_and_a_hidden_one_is_no_mouth(tmp_path: Path) -> None:
    example = next(e for e in examples(range(40), 1) if e.right.seen)
    (tmp_path / "faces").mkdir()
    cv2.imwrite(str(tmp_path / "faces" / "a.png"), example.picture)
    (tmp_path / "faces.json").write_text(json.dumps({"a.png": {"split": "train"}}))
    x, y = ((a + b) / 2 for a, b in zip(example.right.place, example.left.place, strict=True))
    between = abs(example.right.place[0] - example.left.place[0])
    table = tmp_path / "marks.csv"
    for word, wide, visible in (("wide", 1.0, 1.0), ("hidden", 0.0, 0.0)):
        table.write_text(f"file,x,y,mouth,by\na.png,{x},{y},{word},eye\n")
        ((mouth, mark),) = mouth_data.scenes(tmp_path, "train", table)
        assert mark.word == word
        assert mouth.target[:2] == (wide, visible)
        said = mouth_data.told(shipped("mouth"), tmp_path, "train", table)
        assert said[word] == {"n": 1, "wide": 0, "not": 1, "unknown": 0}, "drawn shut, whatever the mark says"
        (_, below), _, _ = mouth.region
        assert 0.6 * between < below - y < 1.6 * between


def test_what_people_in_photographs_are_called_is_counted_and_yawns_apart(tmp_path: Path) -> None:
    example = next(e for e in examples(range(40), 1) if e.right.seen)
    x, y = ((a + b) / 2 for a, b in zip(example.right.place, example.left.place, strict=True))
    (tmp_path / "faces").mkdir()
    for name in ("a.png", "seh_b.png", "seh_c.png"):
        cv2.imwrite(str(tmp_path / "faces" / name), example.picture)
    splits = {"a.png": {"split": "train"}, "seh_b.png": {"split": "val"}, "seh_c.png": {"split": "train"}}
    (tmp_path / "faces.json").write_text(json.dumps(splits))
    table = tmp_path / "marks.csv"

    def told(first: str, second: str) -> dict[str, Any]:
        rows = f"a.png,{x},{y},{first},eye\nseh_b.png,{x},{y},{second},eye\nseh_c.png,{x},{y},yawn,eye\n"
        table.write_text("file,x,y,expression,by\n" + rows)
        return expressions.told(shipped("expression"), tmp_path, table)

    (seen,) = told("happy", "happy")["yawns"]  # the one word for a face that all three show
    other = "fear" if seen != "fear" else "sad"
    report = told(seen, other)
    assert (report["n"], report["accuracy"]) == (2, 0.5)
    assert report["cars"] == {"n": 1, "accuracy": 0.0}
    assert report["by_mark"][other] == {seen: 1}
    with pytest.raises(UsageError, match=r"reads \.tflite files"):
        expressions.told(tmp_path / "model.keras", tmp_path, table)
    with pytest.raises(DataError, match="expression is 'bored'"):
        told("bored", other)


def test_every_kind_of_eye_is_drawn_and_shares_that_hide_some_are_refused() -> None:
    """Grey squares, one brightness a group: in 2,000 drawn, every group and no eye come up about as often as said."""

    def square(level: int) -> pieces.Piece:
        picture = np.full((64, 64), level, np.uint8)
        return pieces.in_middle(picture, 40.0, (float(level), *eyes_data.target(eyes_data.OPEN)[1:]))

    groups = {name: [square(n + 1)] for n, name in enumerate(eyes_draw.SHARES)}
    _, targets = eyes_draw.sampler(groups, lambda _: square(99), 40)(np.random.default_rng(0), 2000)
    levels = targets[:, 0]
    for n, share in enumerate(eyes_draw.SHARES.values()):
        assert np.mean(levels == n + 1) == pytest.approx(share, abs=0.03)
    assert np.mean(levels == 99) == pytest.approx(1 - sum(eyes_draw.SHARES.values()), abs=0.03)
    with pytest.raises(ValueError, match=r"add up to 1\.20"):
        pieces.sampler([pieces.Group(0.6, [square(1)]), pieces.Group(0.6, [square(2)])], lambda _: square(3), 40)
