"""MediaPipe's face mesh as a teacher of both eyes."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.data.folders import read_grey
from convert.recipes import teacher_mesh
from convert.seeing import eyepair_data, mesh
from convert.seeing.stills import Stills
from fer_edge.sources.sim.examples import Example, examples
from tests.convert.faces import draw_face
from tests.convert.meshes import BIAS, OPENS, REACH, WIDTH

pytestmark = [pytest.mark.convert, pytest.mark.filterwarnings("default")]


def written(mesh_task: Path, data: Path, out: Path) -> dict[str, np.ndarray]:
    assert teacher_mesh.main([str(mesh_task), "--data", str(data), "--out", str(out)]) == 0
    with np.load(out) as arrays:
        return dict(arrays)


def test_each_eye_is_told_as_seen_in_the_picture_and_in_its_mirror_image(mesh_task: Path, tmp_path: Path) -> None:
    lit = np.full((48, 48), 51, np.uint8)
    lit[:, 24:] = 204
    np.savez(tmp_path / "fer2013_val.npz", images=[lit, np.zeros_like(lit)], labels=[0, 0])
    found = written(mesh_task, tmp_path, tmp_path / "eyepairs.npz")
    assert found["split"].tolist() == ["val"], "nobody is seen in the dark one"
    assert found["source"].tolist() == ["fer2013"]
    seen = (1 / 1.35) ** 2  # what lies beyond the picture is black
    gaps = [(OPENS * level * seen + BIAS / 2) / WIDTH for level in (0.2, 0.8)]
    wanted = [*(1 - 2 * gap for gap in gaps), *(2.5 * gap for gap in gaps)]
    assert found["targets"][0] == pytest.approx(wanted, abs=0.015)
    points = np.zeros((68, 2), np.float32)
    reach, height = REACH * 1.35 * 48 / mesh.SIDE, -20 * 1.35 * 48 / mesh.SIDE
    points[[36, 45]] = [23.5 - reach, 23.5 + height], [23.5 + reach, 23.5 + height]
    assert np.abs(found["images"][0] - eyepair_data.around(lit, points).astype(int)).mean() < 1


def test_the_blend_shapes_are_asked_about_each_of_their_points_once_and_in_order() -> None:
    assert len(mesh.ASKED) == 146
    assert list(mesh.ASKED) == sorted(set(mesh.ASKED))
    assert {point for lids in mesh.LIDS for point in lids} < set(mesh.ASKED)


def test_marked_faces_are_divided_by_person(
    mesh_task: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng, people = np.random.default_rng(3), ["person 16", "person 1", "person 20", "person 6"]
    faces = [draw_face(rng) for _ in people]
    (tmp_path / "landmarks").mkdir()
    for n, (picture, _) in enumerate(faces):
        cv2.imwrite(str(tmp_path / "landmarks" / f"{n}.png"), picture)
    np.savez(
        tmp_path / "landmarks" / "points.npz",
        files=[f"{n}.png" for n in range(4)],
        points=[points for _, points in faces],
        source=["helen", "helen", "ytf", "ytf"],
        subject=people,
    )
    found = written(mesh_task, tmp_path, tmp_path / "eyepairs.npz")
    assert found["split"].tolist() == ["train", "train", "val", "val"]
    assert found["source"].tolist() == ["helen", "ytf", "helen", "ytf"]
    assert len(eyepair_data.load(tmp_path / "eyepairs.npz", "val").images) == 2
    right, between = (found["images"][:, 36:44, columns].mean(axis=(1, 2)) for columns in (np.s_[48:64], np.s_[74:86]))
    assert (right + 40 < between).all(), "the right eye is left in the strip, the bridge of the nose in its middle"
    said = capsys.readouterr().err
    assert "landmarks: 4 faces" in said
    assert "fer2013_train.npz: not there" in said


def test_what_somebody_saw_limits_what_the_mesh_says(mesh_task: Path, tmp_path: Path) -> None:
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces.json").write_text(json.dumps({"a.png": {"split": "train"}}))
    picture, stills = tmp_path / "faces" / "a.png", Stills()

    def is_fit(example: Example) -> bool:
        """The stand-in calls its eyes open, and the networks see no second face in the room behind."""
        cv2.imwrite(str(picture), example.picture)
        return example.picture.mean() > 100 and len(list(stills.points(read_grey(picture)))) == 1

    example = next(e for e in examples(range(40), 1) if e.right.seen and is_fit(e))
    x, y = ((a + b) / 2 for a, b in zip(example.right.place, example.left.place, strict=True))
    table = tmp_path / "marks.csv"

    def told(word: str, aside: float = 0.0) -> list[float]:
        table.write_text(f"file,x,y,eyes,by\na.png,{x + aside},{y},{word},eye\n")
        (row,) = teacher_mesh.scenes(mesh.Mesh(mesh_task), tmp_path, table)
        assert (row.split, row.source) == ("train", "scenes")
        return row.target.tolist()

    own = told("shut", aside=300)
    assert max(own[:2]) < 0.79, "another face is marked"
    assert told("shut") == pytest.approx([0.79, 0.79, 0.05, 0.05])
    assert told("open") == pytest.approx([min(value, 0.3) for value in own[:2]] + own[2:])
    table.write_text(f"file,x,y,eyes,by\na.png,{x},{y},none,eye\n")
    assert list(teacher_mesh.scenes(mesh.Mesh(mesh_task), tmp_path, table)) == []


def test_other_files_are_one_line(mesh_task: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(given: Path) -> str:
        capsys.readouterr()
        assert teacher_mesh.main([str(given), "--data", str(tmp_path), "--out", str(tmp_path / "out.npz")]) != 0
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    assert "none of landmarks, det, fer2013_train.npz, fer2013_val.npz" in refused(mesh_task)
    np.savez(tmp_path / "fer2013_val.npz", images=np.zeros((1, 48, 48), np.uint8))
    assert "gone.task: not MediaPipe's face landmarker (No such file or directory)" in refused(tmp_path / "gone.task")
    (tmp_path / "text.task").write_text("no archive")
    assert "text.task: not MediaPipe's face landmarker" in refused(tmp_path / "text.task")
    with zipfile.ZipFile(mesh_task) as parts, zipfile.ZipFile(tmp_path / "swapped.task", "w") as swapped:
        for name, other in (("landmarks_detector", "blendshapes"), ("blendshapes", "landmarks_detector")):
            swapped.writestr(f"face_{name}.tflite", parts.read(f"face_{other}.tflite"))
    assert "swapped.task: another face landmarker" in refused(tmp_path / "swapped.task")
    assert not (tmp_path / "out.npz").exists()
    assert teacher_mesh.main([str(mesh_task), "--data", str(tmp_path), "--out", str(tmp_path / "out.npz")]) == 1
    assert "sees no face in it" in capsys.readouterr().err
