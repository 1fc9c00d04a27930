"""Faces cut from any pictures, for teachers to say what they show."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.cli import main
from fer_edge.sources.sim.examples import examples
from fer_edge.sources.sim.portrait import load_photograph


def astronaut() -> np.ndarray:
    return load_photograph()[:320, :400]


def test_faces_are_cut_upright_from_folders_and_shown_on_a_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, folder, out = astronaut(), tmp_path / "camera" / "monday", tmp_path / "camera" / "faces.npz"
    height, width = picture.shape[:2]
    leaning = cv2.warpAffine(picture, cv2.getRotationMatrix2D((224, 110), 15, 1.0), (width, height))
    folder.mkdir(parents=True)
    for name, shown in {"a-wall.png": np.full_like(picture, 90), "b-upright.png": picture, "c.jpg": leaning}.items():
        cv2.imwrite(str(folder / name), shown)
    (folder / "notes.txt").write_text("not looked at")
    assert main(["faces", str(tmp_path / "camera"), "--out", str(out)]) == 0
    assert "2 faces of 3 pictures" in capsys.readouterr().err
    assert main(["faces", str(tmp_path / "camera"), "--out", str(out)]) == 0
    assert "2 faces of 3 pictures" in capsys.readouterr().err, "its own sheet shows none"
    images = np.load(out)["images"]
    assert (images.shape, images.dtype) == ((2, 48, 48), np.uint8)
    upright, turned_back = (image.astype(float) for image in images)
    assert np.corrcoef(upright.ravel(), turned_back.ravel())[0, 1] > 0.9
    assert cv2.imread(str(out.with_suffix(".png"))) is not None
    assert main(["faces", str(folder / "b-upright.png"), "--least", "400", "--out", str(out)]) != 0
    assert "no face of 400 pixels in 1 pictures" in capsys.readouterr().err
    assert len(np.load(out)["images"]) == 2, "what was there stays"
    table = tmp_path / "marks.csv"
    table.write_text("picture\nb-upright.png\n")
    assert main(["faces", str(folder), "--except", str(table), "--out", str(out)]) != 0
    assert "not a CSV with a column `file`" in capsys.readouterr().err
    notes = folder / "notes.txt"
    assert main(["faces", str(folder / "b-upright.png"), "--out", str(notes / "faces.npz")]) == 1
    assert capsys.readouterr().err == f"convert: {notes}: File exists\n"


def test_a_face_to_measure_on_is_left_out_under_every_name_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, pictures, out = astronaut(), tmp_path / "pictures", tmp_path / "faces.npz"
    smaller = cv2.resize(picture[10:240, 110:340], None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    somebody = next(examples(range(9000, 9001), 1)).picture
    for name, shown in {"marked.png": picture, "web/0001.jpg": smaller, "web/0002.jpg": somebody}.items():
        (pictures / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(pictures / name), shown)
    table = tmp_path / "marks.csv"
    table.write_text("file,expression\nmarked.png,happy\n")
    assert main(["faces", str(pictures), "--except", str(table), "--out", str(out)]) == 0
    told = capsys.readouterr().err
    assert f"{table}: 1 faces of other pictures are left out; they are in the named ones, too" in told
    assert f"{out}: 1 faces of 2 pictures" in told
    (pictures / "web" / "0002.jpg").unlink()
    assert main(["faces", str(pictures), "--except", str(table), "--out", str(out)]) == 1
    assert "nothing is left; all 1 faces are in the named pictures, too" in capsys.readouterr().err
    assert len(np.load(out)["images"]) == 1, "what was there stays"


@pytest.mark.parametrize(
    ("given", "out", "said"),
    [
        ("empty", "faces.npz", "no pictures (.bmp"),
        ("nowhere", "faces.npz", "no pictures (.bmp"),
        ("broken.png", "faces.npz", "broken.png: cannot be read as a picture"),
        ("broken.png", "faces.npy", "the name must end in .npz"),
    ],
)
def test_what_cannot_be_cut_is_one_line(
    given: str, out: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.png").write_bytes(b"\x89PNG and nothing more")
    assert main(["faces", str(tmp_path / given), "--out", str(tmp_path / out)]) != 0
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not (tmp_path / out).exists()
