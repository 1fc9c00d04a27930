"""The commands as a person at a terminal, or a program reading their output, meets them."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge import __version__
from fer_edge.cli import COMMANDS
from tests.conftest import Run, clean_environment
from tests.fakes import wait_until

NO_EMOTION = "--set=emotion.enabled=false"


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph with one face (public domain, from scikit-image)."""
    from skimage.data import astronaut

    path = tmp_path_factory.mktemp("pictures") / "portrait.png"
    cv2.imwrite(str(path), cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR))
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, portrait: Path) -> Path:
    """Two seconds of that face at 15 frames a second, as a real video file."""
    path = tmp_path_factory.mktemp("clips") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15.0, (320, 240))
    face = cv2.resize(cv2.imread(str(portrait))[0:300, 60:460], (320, 240))
    for n in range(30):
        writer.write(np.roll(face, n % 5, axis=1))
    writer.release()
    return path


def test_version_and_help_are_told(fer_edge: Run) -> None:
    assert fer_edge("--version").stdout == f"fer-edge {__version__}\n"
    told = fer_edge("--help").stdout
    assert all(name in told for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(fer_edge: Run, command: str) -> None:
    result = fer_edge(command, "--help")
    assert result.returncode == 0, result.stderr
    assert f"fer-edge {command}" in result.stdout and "example:" in result.stdout


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run", "--fast"], ["replay"], ["demo", "--seconds", "-1"]])
def test_a_command_line_that_makes_no_sense_is_usage(fer_edge: Run, arguments: list[str]) -> None:
    result = fer_edge(*arguments)
    assert result.returncode == 2
    assert "usage: fer-edge" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize("option", ["--fps", "--soak", "--seconds"])
def test_a_number_that_must_be_above_0_is_told_so_in_words_that_suit_it(fer_edge: Run, option: str) -> None:
    result = fer_edge("benchmark", option, "0")
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].endswith(f"{option}: must be a number above 0 (got '0')")


def test_replay_gives_every_frame_every_event_and_a_summary(fer_edge: Run, clip: Path) -> None:
    result = fer_edge("replay", clip, "--json")
    assert result.returncode == 0, result.stderr
    assert result.stderr == "", "no progress bar where nobody watches"
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    frames = [line for line in lines if line["kind"] == "frame"]
    assert [frame["n"] for frame in frames] == list(range(30))
    assert frames[15]["t"] == pytest.approx(1.0, abs=0.01)
    assert lines[-1]["kind"] == "summary"
    assert lines[-1]["frames"] == 30 and lines[-1]["seconds"] == pytest.approx(2.0, abs=0.02)
    assert lines[-1]["cpu_ms_per_frame"] > 0
    seen = [frame for frame in frames if frame["face"]]
    assert len(seen) >= 28 and all(len(frame["emotions"]) == 7 for frame in seen)
    assert all(sum(frame["emotions"].values()) == pytest.approx(1, abs=0.02) for frame in seen)


def test_replay_is_the_same_every_time(fer_edge: Run, clip: Path) -> None:
    once, again = (fer_edge("replay", clip, "--json").stdout.splitlines() for _ in range(2))
    assert once[:-1] == again[:-1]  # the last line tells what it cost, which differs


@pytest.mark.parametrize("output", [[], ["--json"]])
def test_output_to_a_full_disk_is_one_line_and_1(clip: Path, tmp_path: Path, output: list[str]) -> None:
    command = [sys.executable, "-m", "fer_edge", "replay", str(clip), *output, NO_EMOTION]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, env=clean_environment(tmp_path), check=False
        )
    assert result.returncode == 1
    told = "fer-edge: output: cannot be written (No space left on device); make room on its disk\n"
    assert result.stderr.decode() == told


def test_output_in_letters_that_cannot_show_it_is_one_line_and_1(fer_edge: Run, portrait: Path, tmp_path: Path) -> None:
    (tmp_path / "日.png").write_bytes(portrait.read_bytes())
    result = fer_edge("classify", "日.png", NO_EMOTION, PYTHONIOENCODING="latin-1")
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr.startswith(r"fer-edge: output: '\u65e5' cannot be written in latin-1; set PYTHONIOENCODING=")
    assert result.stderr.count("\n") == 1


def test_replay_can_be_told_the_frame_rate(fer_edge: Run, clip: Path) -> None:
    summary = json.loads(fer_edge("replay", clip, "--json", "--fps", "30", NO_EMOTION).stdout.splitlines()[-1])
    assert summary["seconds"] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("command", [["replay", "sim:drive.txt"], ["annotate", "sim:drive.txt", "copy.mp4"]])
def test_a_person_is_shown_how_far_it_is(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "drive.txt").write_text("0 awake\n2 end")
    parent, child = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "fer_edge", *command, NO_EMOTION],
        stdout=subprocess.DEVNULL,
        stderr=child,
        cwd=tmp_path,
        env=clean_environment(tmp_path),
    ):
        os.close(child)
        shown = _all_of(parent)
    assert re.search(r"█+░* +\d+%  \d+ frames, \d+ frames/s, \d+ s left", shown), shown


def _all_of(terminal: int) -> str:
    shown = b""
    with suppress(OSError):  # as Linux says that nobody writes to a terminal any more
        while part := os.read(terminal, 4096):
            shown += part
    os.close(terminal)
    return shown.decode()


@pytest.mark.parametrize("content", [b"", b"this is no video" * 100])
@pytest.mark.parametrize("command", ["replay", "annotate"])
def test_a_video_that_cannot_be_read_is_one_line_and_69(
    fer_edge: Run, tmp_path: Path, command: str, content: bytes
) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    result = fer_edge(command, path, *(["out.mp4"] if command == "annotate" else []), NO_EMOTION)
    assert result.returncode == 69
    assert result.stdout == "" and len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert "broken.mp4" in result.stderr
    assert not list(tmp_path.glob("*out*"))


def test_annotate_draws_every_frame_into_a_copy(fer_edge: Run, clip: Path, tmp_path: Path) -> None:
    result = fer_edge("annotate", clip, "copy.mp4", NO_EMOTION)
    assert result.returncode == 0, result.stderr
    copy, original = cv2.VideoCapture(str(tmp_path / "copy.mp4")), cv2.VideoCapture(str(clip))
    count = 0
    while True:
        (drawn, picture), (_, before) = copy.read(), original.read()
        if not drawn:
            break
        count += 1
        assert picture.shape == before.shape
    assert count == 30
    assert copy.get(cv2.CAP_PROP_FPS) == pytest.approx(15, abs=0.1)


def test_annotate_refuses_to_overwrite_the_video_it_reads(fer_edge: Run, clip: Path) -> None:
    before = clip.read_bytes()
    result = fer_edge("annotate", clip, clip)
    assert result.returncode == 2 and clip.read_bytes() == before


def test_annotate_on_a_full_disk_says_so_and_leaves_the_last_copy(fer_edge: Run, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.mp4").write_text("the last one")
    command = [sys.executable, "-m", "fer_edge", "annotate", str(clip), "copy.mp4", NO_EMOTION]
    result = subprocess.run(
        ["sh", "-c", 'ulimit -f 40; exec "$@"', "sh", *command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=clean_environment(tmp_path),
        check=False,
    )
    assert result.returncode == 1, result.stderr
    assert result.stderr.count("\n") == 1 and "copy.mp4: could not be written to its end" in result.stderr
    assert [path.read_text() for path in tmp_path.glob("*copy*")] == ["the last one"]


def test_annotate_that_is_stopped_leaves_nothing_half_made(clip: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fer_edge", "annotate", "sim:demo", "copy.mp4", NO_EMOTION]
    with subprocess.Popen(command, cwd=tmp_path, env=clean_environment(tmp_path)) as annotating:
        assert wait_until(lambda: bool(list(tmp_path.glob("*copy*"))), 60)
        annotating.terminate()
        assert annotating.wait(30) == 128 + signal.SIGTERM
    assert not list(tmp_path.glob("*copy*"))


def test_a_copy_plays_as_fast_as_a_video_whose_first_frame_stood_longer(fer_edge: Run, tmp_path: Path) -> None:
    from PIL import Image

    pictures = [Image.new("L", (160, 120), 8 * n) for n in range(30)]
    pictures[0].save(tmp_path / "slow.gif", save_all=True, append_images=pictures[1:], duration=[1000] + [70] * 29)
    assert fer_edge("annotate", "slow.gif", "copy.mp4", NO_EMOTION).returncode == 0
    copy = cv2.VideoCapture(str(tmp_path / "copy.mp4"))
    assert copy.get(cv2.CAP_PROP_FPS) == pytest.approx(1 / 0.07, rel=0.02)


def test_a_copy_can_have_a_rate_that_mpeg_4_does_not_know(fer_edge: Run, clip: Path, tmp_path: Path) -> None:
    assert fer_edge("annotate", clip, "copy.mp4", "--fps", "123.4567", NO_EMOTION).stderr == "copy.mp4: 30 frames\n"
    assert cv2.VideoCapture(str(tmp_path / "copy.mp4")).get(cv2.CAP_PROP_FPS) == pytest.approx(123.46, abs=0.01)


def test_a_copy_has_the_pictures_that_change_their_size(fer_edge: Run, clip: Path, tmp_path: Path) -> None:
    capture = cv2.VideoCapture(str(clip))
    picture = capture.read()[1]
    sizes = [(320, 240)] * 5 + [(160, 120)] * 5
    pictures = [cv2.imencode(".jpg", cv2.resize(picture, size))[1].tobytes() for size in sizes]
    (tmp_path / "camera.mjpg").write_bytes(b"".join(pictures))
    assert fer_edge("annotate", "camera.mjpg", "copy.mp4", NO_EMOTION).stderr == "copy.mp4: 10 frames\n"
    assert cv2.VideoCapture(str(tmp_path / "copy.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 10


def test_the_daemon_takes_a_file_of_any_name(fer_edge: Run, clip: Path, tmp_path: Path) -> None:
    name = 'it\'s "mine" \\ 日\u202f😀.avi'
    (tmp_path / name).write_bytes(clip.read_bytes())
    result = fer_edge("run", "--source", name, "--set=mqtt.enabled=false", NO_EMOTION)
    assert result.returncode == 0, result.stderr
    assert "no such video file" not in result.stderr


def test_classify_tells_every_face_with_all_probabilities(fer_edge: Run, portrait: Path, tmp_path: Path) -> None:
    face = cv2.imread(str(portrait))[0:300, 60:460]
    cv2.imwrite(str(tmp_path / "two.png"), np.hstack([face, face[:, ::-1]]))
    result = fer_edge("classify", "two.png", "--json", "--out", "drawn")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert len(told["faces"]) == 2
    for found in told["faces"]:
        assert len(found["emotions"]) == 7 and sum(found["emotions"].values()) == pytest.approx(1, abs=0.02)
    drawn = cv2.imread(str(tmp_path / "drawn" / "two.png"))
    assert drawn.shape == (300, 800, 3)
    assert np.any(drawn != cv2.imread(str(tmp_path / "two.png"))), "something was drawn"


def test_classify_tells_every_face_of_a_crowd_unless_told_how_many(
    fer_edge: Run, portrait: Path, tmp_path: Path
) -> None:
    face = cv2.imread(str(portrait))[0:240, 100:340]
    cv2.imwrite(str(tmp_path / "crowd.png"), np.tile(face, (3, 4, 1)))
    (tmp_path / "config.yaml").write_text("perception: {max_people: 8}\nmonitoring: {fatigue: true}\n")
    crowd = ["classify", "crowd.png", "--small", NO_EMOTION]
    assert len(fer_edge(*crowd).stdout.splitlines()) == 12
    assert len(fer_edge(*crowd, "--set", "perception.max_people=3").stdout.splitlines()) == 3


def test_classify_goes_on_after_a_picture_of_more_pixels_than_opencv_reads(
    fer_edge: Run, portrait: Path, tmp_path: Path
) -> None:
    (tmp_path / "huge.pgm").write_bytes(b"P5 100000 100000 255\n0")
    result = fer_edge("classify", "huge.pgm", portrait, NO_EMOTION)
    assert result.returncode == 1 and result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("fer-edge: huge.pgm: refused by OpenCV")
    assert result.stdout.startswith(f"{portrait}: face 1 at ")


def test_classify_goes_on_after_a_bad_picture_and_tells_it(fer_edge: Run, portrait: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("no picture")
    result = fer_edge("classify", "bad.png", portrait, "missing.jpg")
    assert result.returncode == 1
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == ["bad.png", "missing.jpg"]
    assert result.stdout.startswith(f"{portrait}: face 1 at ")
    assert fer_edge("classify", "bad.png").returncode == 69


def test_classify_keeps_pictures_of_one_name_apart(fer_edge: Run, portrait: Path, tmp_path: Path) -> None:
    for name in ("a/x.png", "b/x.png", "x-1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(portrait.read_bytes())
    assert fer_edge("classify", "a/x.png", "b/x.png", "x-1.png", "--out", "drawn", NO_EMOTION).returncode == 0
    assert {path.name for path in (tmp_path / "drawn").iterdir()} == {"x.png", "x-1.png", "x-1-1.png"}


@pytest.mark.parametrize("pictures", [["me.png"], ["other.png", "me.jpg", "me.png"], ["linked.jpg"]])
def test_classify_never_writes_over_a_picture_it_was_given(
    fer_edge: Run, portrait: Path, tmp_path: Path, pictures: list[str]
) -> None:
    for name in ("me.png", "me.jpg", "other.png"):
        (tmp_path / name).write_bytes(portrait.read_bytes())
    (tmp_path / "linked.jpg").symlink_to("linked.png")
    (tmp_path / "linked.png").write_bytes(portrait.read_bytes())
    result = fer_edge("classify", *pictures, "--out", ".", NO_EMOTION)
    assert result.returncode == 2 and "is the picture itself" in result.stderr, result.stderr
    assert result.stdout == "" and result.stderr.count("\n") == 1
    assert all(path.read_bytes() == portrait.read_bytes() for path in tmp_path.glob("*.png"))


def test_a_model_that_is_damaged_is_one_line_and_69(fer_edge: Run, portrait: Path, tmp_path: Path) -> None:
    from fer_edge.perception.interpreter import shipped

    card = shipped("expression").with_suffix(".json")
    (tmp_path / "mine.tflite").write_bytes(shipped("expression").read_bytes()[:-100])
    (tmp_path / "mine.json").write_bytes(card.read_bytes())
    result = fer_edge("classify", portrait, "--set", f"emotion.model={tmp_path / 'mine.tflite'}")
    assert result.returncode == 69
    assert result.stderr.count("\n") == 1 and "mine.tflite: damaged" in result.stderr


def test_a_model_of_another_shape_than_its_card_is_one_line_and_69(
    fer_edge: Run, portrait: Path, tmp_path: Path
) -> None:
    from fer_edge.perception.interpreter import shipped

    card = json.loads(shipped("expression").with_suffix(".json").read_text())
    (tmp_path / "mine.tflite").write_bytes(shipped("expression").read_bytes())
    for change, fault in (
        ({"input": {**card["input"], "shape": [1, 64, 64, 1]}}, "its card says (1, 64, 64, 1)"),
        ({"labels": ["happy", "sad"]}, "one label for each"),
        ({"input": None}, "not a model card"),
        ({"labels": None}, "not a model card (labels is no list of names)"),
        ({"input": {**card["input"], "shape": 48}}, "not a model card (input.shape is missing or no shape)"),
        ({"input": {**card["input"], "scale": "much"}}, "not a model card (input.scale is no number)"),
        ({"input": {**card["input"], "crop": None}}, "not a model card (input.crop is no object)"),
    ):
        (tmp_path / "mine.json").write_text(json.dumps({**card, **change}))
        result = fer_edge("classify", portrait, "--set", f"emotion.model={tmp_path / 'mine.tflite'}")
        assert result.returncode == 69 and result.stderr.count("\n") == 1, result.stderr
        assert fault in result.stderr
