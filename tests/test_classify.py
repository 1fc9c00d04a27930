"""Stills: every face of each, what is bad told and passed over, no picture of the user's harmed."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.conftest import NO_EMOTION, Run


def test_classify_tells_every_face_with_all_probabilities(here: Run, portrait: Path, tmp_path: Path) -> None:
    face = cv2.imread(str(portrait))[0:300, 60:460]
    cv2.imwrite(str(tmp_path / "two.png"), np.hstack([face, face[:, ::-1]]))
    result = here("classify", "two.png", "--json", "--out", "drawn")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert len(told["faces"]) == 2
    for found in told["faces"]:
        assert len(found["emotions"]) == 7 and sum(found["emotions"].values()) == pytest.approx(1, abs=0.02)
    drawn = cv2.imread(str(tmp_path / "drawn" / "two.png"))
    assert drawn.shape == (300, 800, 3)
    assert np.any(drawn != cv2.imread(str(tmp_path / "two.png"))), "something was drawn"


def test_classify_tells_every_face_of_a_crowd_unless_told_how_many(here: Run, portrait: Path, tmp_path: Path) -> None:
    face = cv2.imread(str(portrait))[0:240, 100:340]
    cv2.imwrite(str(tmp_path / "crowd.png"), np.tile(face, (3, 4, 1)))
    (tmp_path / "config.yaml").write_text("perception: {max_people: 8}\nmonitoring: {fatigue: true}\n")
    crowd = ["classify", "crowd.png", "--small", NO_EMOTION]
    assert len(here(*crowd).stdout.splitlines()) == 12
    assert len(here(*crowd, "--set", "perception.max_people=3").stdout.splitlines()) == 3


def test_classify_goes_on_after_a_picture_of_more_pixels_than_opencv_reads(
    here: Run, portrait: Path, tmp_path: Path
) -> None:
    (tmp_path / "huge.pgm").write_bytes(b"P5 100000 100000 255\n0")
    result = here("classify", "huge.pgm", portrait, NO_EMOTION)
    assert result.returncode == 1 and result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("fer-edge: huge.pgm: more than 67 megapixels")
    assert result.stdout.startswith(f"{portrait}: face 1 at ")


def test_classify_goes_on_after_a_bad_picture_and_tells_it(here: Run, portrait: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("no picture")
    result = here("classify", "bad.png", portrait, "missing.jpg")
    assert result.returncode == 1
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == ["bad.png", "missing.jpg"]
    assert result.stdout.startswith(f"{portrait}: face 1 at ")
    assert here("classify", "bad.png").returncode == 69


def test_a_video_given_as_a_picture_is_told_with_the_command_for_videos(here: Run, clip: Path) -> None:
    result = here("classify", clip)
    told = f"fer-edge: {clip}: is a video, not a picture; use fer-edge replay {clip}\n"
    assert (result.returncode, result.stderr) == (69, told)


def test_classify_keeps_pictures_of_one_name_apart(here: Run, portrait: Path, tmp_path: Path) -> None:
    for name in ("a/x.png", "b/x.png", "x-1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(portrait.read_bytes())
    assert here("classify", "a/x.png", "b/x.png", "x-1.png", "--out", "drawn", NO_EMOTION).returncode == 0
    assert {path.name for path in (tmp_path / "drawn").iterdir()} == {"x.png", "x-1.png", "x-1-1.png"}


@pytest.mark.parametrize("pictures", [["me.png"], ["other.png", "me.jpg", "me.png"], ["linked.jpg"]])
def test_classify_never_writes_over_a_picture_it_was_given(
    here: Run, portrait: Path, tmp_path: Path, pictures: list[str]
) -> None:
    for name in ("me.png", "me.jpg", "other.png"):
        (tmp_path / name).write_bytes(portrait.read_bytes())
    (tmp_path / "linked.jpg").symlink_to("linked.png")
    (tmp_path / "linked.png").write_bytes(portrait.read_bytes())
    result = here("classify", *pictures, "--out", ".", NO_EMOTION)
    assert result.returncode == 2 and "is the picture itself" in result.stderr, result.stderr
    assert result.stdout == "" and result.stderr.count("\n") == 1
    assert all(path.read_bytes() == portrait.read_bytes() for path in tmp_path.glob("*.png"))


def test_a_picture_as_small_as_a_cut_out_face_is_read_as_one(here: Run, portrait: Path, tmp_path: Path) -> None:
    picture = cv2.imread(str(portrait), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(tmp_path / "face.png"), cv2.resize(picture[35:163, 165:293], (48, 48)))
    said = here("classify", "face.png")
    assert "face 1 at 0,0 48x48" in said.stdout, (said.stdout, said.stderr)


def test_a_cut_out_face_is_one_however_small_it_is(here: Run, portrait: Path, tmp_path: Path) -> None:
    """perception.min_face is for faces that have to be found."""
    face = cv2.resize(cv2.imread(str(portrait))[50:190, 150:290], (24, 24), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(tmp_path / "face.png"), face)
    result = here("classify", "face.png", "--cropped")
    assert "face 1 at 0,0 24x24  happy" in result.stdout


def test_twelve_bits_in_a_png_of_sixteen_are_stretched(here: Run, portrait: Path, tmp_path: Path) -> None:
    picture = cv2.imread(str(portrait), cv2.IMREAD_GRAYSCALE).astype("uint16") * 16
    cv2.imwrite(str(tmp_path / "dark.png"), picture)
    assert "face 1 at" in here("classify", "dark.png", NO_EMOTION).stdout
