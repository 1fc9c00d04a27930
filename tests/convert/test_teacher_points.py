"""MediaPipe's face mesh as a teacher of the 68 points."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.recipes import teacher_points
from convert.recipes.teacher_points import Map, Marked, mirrored
from convert.seeing import faces68, figures
from convert.seeing.faces68 import MarkedFaces
from convert.seeing.mesh import CORNERS, POINTS, Answer
from fer_edge.perception import shape
from fer_edge.perception.landmarks import Reading
from fer_edge.sources.sim.examples import examples
from tests.convert.faces import draw_face, solid

pytestmark = [pytest.mark.convert, pytest.mark.filterwarnings("default")]

ASIDE = np.array([0.9, 0.2])
"""By how much the marks of these tests lie aside, pixels."""
TRAIN, VAL = ("person 1", "person 6"), ("person 16", "person 20")


def meshed(points: np.ndarray) -> np.ndarray:
    """A mesh (478, 2) that holds the 68 points, each several times."""
    mesh = points[np.arange(POINTS) % 68].copy()
    mesh[list(CORNERS)] = points[[36, 45]]
    return mesh


def answer(points: np.ndarray, width: int, sure: float = 1.0) -> Answer:
    return Answer(meshed(points), meshed(mirrored(points, width)), np.zeros(2), np.zeros(2), sure)


def folder_of(tmp_path: Path, people: tuple[str, ...], source: str = "helen") -> dict[int, np.ndarray]:
    """Marked pictures in ``landmarks/``, the first pixel of each its number; returns where the points really lie."""
    rng, folder = np.random.default_rng(3), tmp_path / "landmarks"
    folder.mkdir(exist_ok=True)
    truth = {}
    for n in range(len(people)):
        picture, truth[n] = draw_face(rng)
        truth[n] = (truth[n] + rng.normal(0, 0.5, (68, 2))).astype(np.float32)
        picture[0, 0] = n
        cv2.imwrite(str(folder / f"{n}.png"), picture)
    marks = [points + ASIDE for points in truth.values()]
    files = [f"{n}.png" for n in truth]
    np.savez(folder / "points.npz", files=files, points=marks, source=[source] * len(people), subject=people)
    return truth


def test_the_map_finds_the_points_of_a_face_of_any_size_and_tilt() -> None:
    rng = np.random.default_rng(1)
    *faces, other = (solid() * 28 + 64 + rng.normal(0, 2, (68, 2)) for _ in range(401))
    learned = Map(np.stack([meshed(face) for face in faces]), np.stack(faces))
    turn = 3.0 * np.array([[0.8, -0.6], [0.6, 0.8]])
    moved = other @ turn + [40, -7]
    assert np.abs(learned(meshed(moved)) - moved).mean() < 0.1 * 3.0
    assert np.abs(learned(meshed(moved)) - (learned(meshed(other)) @ turn + [40, -7])).max() < 1e-3


def test_a_mirror_image_of_a_mirror_image_is_the_face() -> None:
    points = draw_face(np.random.default_rng(2))[1]
    twice = mirrored(mirrored(points, 128), 128)
    assert twice == pytest.approx(points, abs=1e-4)
    eye = mirrored(points, 128)[shape.RIGHT_EYE].mean(axis=0)
    assert eye == pytest.approx([127, 0] + points[shape.LEFT_EYE].mean(axis=0) * [-1, 1], abs=1e-3)


def test_marks_that_lie_aside_of_all_faces_are_moved_onto_them(tmp_path: Path) -> None:
    truth = folder_of(tmp_path, TRAIN * 120)

    def mesh(image: np.ndarray, _region: shape.Region) -> Answer:
        return answer(truth[int(image[0, 0])], image.shape[1], sure=0.5 if image[0, 0] == 7 else 1.0)

    seen = Marked(mesh, tmp_path / "landmarks", "train")
    assert len(seen.faces) == 239, "one is no face to the mesh"
    to_points = seen.map()
    moved = seen.marks(to_points)
    left = [points - truth[int(image[0, 0])] for points, image in zip(moved, seen.faces.images, strict=True)]
    # Across, a mirrored picture shows what is wrong; down, nothing does.
    assert np.mean(left, axis=(0, 1)) == pytest.approx([0, ASIDE[1]], abs=0.02)
    assert seen.error(to_points) < 0.01


def test_what_the_mesh_sees_is_written_beside_the_photographs(
    mesh_task: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = (*TRAIN, *VAL)
    folder_of(tmp_path, people)
    example = next(e for e in examples(range(40), 1) if e.right.seen)
    (tmp_path / "det" / "faces").mkdir(parents=True)
    for split in ("train", "val"):
        cv2.imwrite(str(tmp_path / "det" / "faces" / f"{split}.png"), example.picture)
    (tmp_path / "det" / "faces.json").write_text(json.dumps({f"{s}.png": {"split": s} for s in ("train", "val")}))
    pictures = [np.full((48, 48), level, np.uint8) for level in (90, 0)]
    np.savez(tmp_path / "fer2013_train.npz", images=pictures)
    out = tmp_path / "told.npz"
    assert teacher_points.main([str(mesh_task), "--data", str(tmp_path), "--out", str(out)]) == 0
    said = capsys.readouterr().err
    assert "2 held-out photographs: NME" in said
    assert "det: 1 faces" in said, "validation scenes are not looked at"
    faces = faces68.load(out, "train")
    assert faces.source.tolist() == ["helen", "helen", "scenes", "fer2013"]
    assert faces.images.shape == (4, 128, 128)
    monkeypatch.setattr(teacher_points, "LOWEST_PITCH", 90.0)
    assert teacher_points.main([str(mesh_task), "--data", str(tmp_path), "--out", str(out)]) == 0
    assert faces68.load(out, "train").source.tolist() == ["helen", "helen"], "of heads bent too far nothing is told"
    middle = faces.points.mean(axis=1)
    assert ((middle > 40) & (middle < 90)).all(), "each face lies in the middle of its picture"


def test_a_small_face_is_cut_out_with_its_points(tmp_path: Path) -> None:
    across, down = np.meshgrid(np.arange(48), np.arange(48))
    picture = (2 * across + 3 * down).astype(np.uint8)
    np.savez(tmp_path / "fer.npz", images=[picture, picture, picture])
    points = (solid() * 10 + 24).astype(np.float32)

    def mesh(image: np.ndarray, _region: shape.Region) -> Answer:
        return answer((points + 0.5) * len(image) / 48 - 0.5, len(image))

    rng = np.random.default_rng(4)
    others = np.stack([solid() * 10 + 24 + rng.normal(0, 0.3, (68, 2)) for _ in range(300)])
    to_points = Map(np.stack([meshed(face) for face in others]), others)
    first, second = teacher_points.fer2013(mesh, to_points, tmp_path / "fer.npz")
    assert (first.image == second.image).all(), "every second of three"
    columns, rows = first.points.round().astype(int).T
    shown, lies = first.image[rows, columns], 2 * points[:, 0] + 3 * points[:, 1]
    assert abs((shown - lies).mean()) < 1.0, "half a pixel of the small picture would be 2.5"
    assert np.abs(shown - lies).max() < 3.0


def test_faces_marked_in_another_way_keep_their_own_marks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = folder_of(tmp_path, TRAIN * 120, source="ytf")

    def mesh(image: np.ndarray, _region: shape.Region) -> Answer:
        return answer(truth[int(image[0, 0])], image.shape[1])

    told = list(teacher_points.others(mesh, tmp_path / "landmarks"))
    assert [face.source for face in told] == ["ytf"] * 240
    left = [face.points - truth[int(face.image[0, 0])] for face in told]
    assert np.mean(left, axis=(0, 1)) == pytest.approx([0, ASIDE[1]], abs=0.02)
    assert "marks of ytf lie 0.90 pixels to the right" in capsys.readouterr().err


def test_without_photographs_nothing_is_written(
    mesh_task: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder_of(tmp_path, TRAIN, source="ytf")
    out = tmp_path / "told.npz"
    assert teacher_points.main([str(mesh_task), "--data", str(tmp_path), "--out", str(out)]) != 0
    assert "sees no face (train) from helen and afw" in capsys.readouterr().err
    assert not out.exists()


def test_marks_that_lie_aside_are_told_apart_from_points_that_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    faces = [draw_face(np.random.default_rng(n)) for n in range(4)]
    wide = np.array([np.hypot(*(points[36] - points[45])) for _, points in faces])
    marks = np.stack([points for _, points in faces])
    marks[..., 0] += 0.02 * wide[:, None]
    left = iter([points for _, points in faces for _ in range(2)])

    class Reader:
        """Reads every second point too high, by a hundredth of the distance of the eyes."""

        def __init__(self, _model: Path) -> None: ...

        def read(self, _image: np.ndarray, _region: shape.Region) -> Reading:
            points = next(left).copy()
            points[::2, 1] -= 0.01 * np.hypot(*(points[36] - points[45]))
            return Reading(points, 1.0)

    monkeypatch.setattr(figures, "Landmarks", Reader)
    monkeypatch.setattr(figures, "_turned", lambda *_: {})
    told = figures.landmarks(Path("any"), MarkedFaces(np.stack([f for f, _ in faces]), marks, np.full(4, "helen")))
    assert told["aside"]["helen"] == pytest.approx([0.02, 0.005], abs=1e-4)
    assert told["nme_by_source"]["helen"] == pytest.approx((0.02 + np.hypot(0.02, 0.01)) / 2, abs=1e-4)
    assert told["nme_centred"]["helen"] == pytest.approx(0.005, abs=1e-4)
