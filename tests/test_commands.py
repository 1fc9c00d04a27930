"""The commands as a person at a terminal, or a program reading their output, meets them."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path
from subprocess import CompletedProcess
from typing import IO, NoReturn

import pytest

from fer_edge import __version__, cli
from fer_edge.cli import COMMANDS
from tests.conftest import NO_EMOTION, Run, clean_environment


def test_completion_and_doctor_begin_as_users_start_them(program: Run) -> None:
    assert "_fer_edge" in program("completion", "bash").stdout
    told = program("doctor", "--set=camera.source=sim:demo", "--set=mqtt.port=1")
    assert told.returncode == 69 and "ok   models" in told.stderr


def test_version_and_help_are_told(program: Run) -> None:
    assert program("--version").stdout == f"fer-edge {__version__}\n"
    told = program("--help").stdout
    assert all(name in told for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(here: Run, command: str) -> None:
    result = here(command, "--help")
    assert result.returncode == 0, result.stderr
    assert f"fer-edge {command}" in result.stdout and "example:" in result.stdout


def test_replay_says_beforehand_what_its_pictures_need(here: Run) -> None:
    told = " ".join(here("replay", "--help").stdout.split())
    assert told.count("(needs matplotlib: extra plot)") == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["rn"], "fer-edge: 'rn' is not a command (did you mean run?); see fer-edge --help"),
        (["fly"], "fer-edge: 'fly' is not a command; see fer-edge --help"),
        (["--fast", "run"], "fer-edge: unrecognized arguments: --fast; see fer-edge --help"),
        (["--config", "c.yaml", "run"], "fer-edge: --config: options come after the command, as in fer-edge run --con"),
        (["--set=node=a", "run"], "fer-edge: --set=node=a: options come after the command"),
        (["annotate", "sim:asleep", "made.mp4"], "fer-edge: made.mp4: is a folder; give the name of a file in it"),
        (["replay", "sim:asleep", "--plot", "made.mp4"], "fer-edge: made.mp4: is a folder; give the name of a file"),
        (["service", "files", "/proc/none"], "fer-edge: service files /proc/none: cannot be written (No such file"),
        (["--fast"], "fer-edge: unrecognized arguments: --fast; see fer-edge --help"),
        (["replay", "x", "--jsn"], "fer-edge replay: unrecognized arguments: --jsn (did you mean --json?); see fer"),
        (["run", "--sorce=0"], "fer-edge run: unrecognized arguments: --sorce=0 (did you mean --source?); see"),
        (["run", "--fast"], "fer-edge run: unrecognized arguments: --fast; see fer-edge run --help"),
        (["replay"], "fer-edge replay: the following arguments are required: VIDEO; see fer-edge replay --help"),
        (["demo", "--seconds", "-1"], "fer-edge demo: argument --seconds: must be a number above 0"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_told_in_one_line(
    here: Run, tmp_path: Path, arguments: list[str], told: str
) -> None:
    (tmp_path / "made.mp4").mkdir()
    result = here(*arguments)
    assert result.returncode == 2
    assert result.stderr.startswith(told) and result.stderr.count("\n") == 1


def test_a_script_without_sim_is_told_with_it(here: Run) -> None:
    result = here("replay", "asleep")
    told = "fer-edge: asleep: no such video file; did you mean sim:asleep?\n"
    assert (result.returncode, result.stderr) == (69, told)


def test_one_frame_is_counted_as_one(here: Run, portrait: Path) -> None:
    assert "  1 frame, a face in 100.0 %" in here("replay", portrait, NO_EMOTION).stdout


def test_ctrl_c_before_a_command_is_loaded_is_no_traceback(monkeypatch: pytest.MonkeyPatch, here: Run) -> None:
    def interrupted(name: str) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "module", interrupted)
    result = here("replay", "drive.mp4")
    assert (result.returncode, result.stderr) == (130, "")


def test_without_a_command_there_is_help(here: Run) -> None:
    result = here()
    assert (result.returncode, result.stderr.splitlines()[0]) == (2, "usage: fer-edge [-h] [--version] [COMMAND]")


@pytest.mark.parametrize("option", ["--fps", "--soak", "--seconds"])
def test_a_number_that_must_be_above_0_is_told_so_in_words_that_suit_it(here: Run, option: str) -> None:
    result = here("benchmark", option, "0")
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].endswith(f"{option}: must be a number above 0 (got '0')")


def test_replay_gives_every_frame_every_event_and_a_summary(program: Run, clip: Path) -> None:
    result = program("replay", clip, "--json")
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


@pytest.mark.parametrize("command", ["replay CLIP", "replay CLIP --json", "replay --help", "--help", "--version"])
def test_output_to_a_full_disk_is_one_line_and_1(clip: Path, tmp_path: Path, command: str) -> None:
    arguments = [str(clip) if word == "CLIP" else word for word in command.split()]
    with Path("/dev/full").open("w") as full:
        result = _printing(full, tmp_path, "fer_edge", *arguments, PYTHONUNBUFFERED="")
    told = "fer-edge: output: cannot be written (No space left on device); free some disk space\n"
    assert (result.returncode, result.stderr) == (1, told)


@pytest.mark.parametrize("program", ["fer_edge", "fleet", "convert"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_help_for_a_reader_that_has_seen_enough_is_no_fault(tmp_path: Path, program: str, unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        result = _printing(gone, tmp_path, program, "--help", PYTHONUNBUFFERED=unbuffered)
    assert (result.returncode, result.stderr) == (0, "")


def _printing(to: IO[str], folder: Path, program: str, *arguments: str, **environment: str) -> CompletedProcess[str]:
    command = [sys.executable, "-m", program, *arguments]
    env = clean_environment(folder) | environment
    return subprocess.run(command, stdout=to, stderr=subprocess.PIPE, text=True, cwd=folder, env=env, check=False)


def test_a_source_of_no_known_form_is_a_slip_of_the_command_line(here: Run) -> None:
    result = here("run", "--source", "rtmp://me:secret@cam/live")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("fer-edge: --source rtmp://cam/live: unknown form; use a camera number")


def test_closed_outputs_cost_nothing_and_a_fault_never_stands_among_results(tmp_path: Path) -> None:
    def run(command: str) -> tuple[int, str]:
        shell = f'"{sys.executable}" -m fer_edge {command}'
        result = subprocess.run(
            ["sh", "-c", shell],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=tmp_path,
            env=clean_environment(tmp_path),
            check=False,
        )
        return result.returncode, result.stdout

    assert run("check-config --json >&-") == (0, "")
    assert run("check-config 2>&-") == (0, "")
    assert run("replay nowhere.mp4 --json 2>&-") == (69, "")


def test_output_in_letters_that_cannot_show_it_is_one_line_and_1(program: Run, portrait: Path, tmp_path: Path) -> None:
    (tmp_path / "日.png").write_bytes(portrait.read_bytes())
    result = program("classify", "日.png", NO_EMOTION, PYTHONIOENCODING="latin-1")
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr.startswith(r"fer-edge: output: '\u65e5' cannot be written in latin-1; set PYTHONIOENCODING=")
    assert result.stderr.count("\n") == 1


def test_replay_can_be_told_the_frame_rate(here: Run, clip: Path) -> None:
    summary = json.loads(here("replay", clip, "--json", "--fps", "30", NO_EMOTION).stdout.splitlines()[-1])
    assert summary["seconds"] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("command", [["replay", "sim:drive.txt"], ["annotate", "sim:drive.txt", "copy.avi"]])
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


def test_on_a_narrow_terminal_a_bar_leaves_nothing_beside_and_above_the_events(tmp_path: Path) -> None:
    parent, child = pty.openpty()
    termios.tcsetwinsize(child, (10, 30))
    command = [sys.executable, "-m", "fer_edge", "replay", "sim:asleep", NO_EMOTION]
    with subprocess.Popen(command, stdout=child, stderr=child, cwd=tmp_path, env=clean_environment(tmp_path)):
        os.close(child)
        shown = _all_of(parent)
    *lines, _ = (line.split("\r\033[K") for line in shown.split("\r\n"))
    assert any(bars for *bars, _ in lines), shown
    assert all(len(bar) < 30 for *bars, _ in lines for bar in bars), shown
    assert all(re.match(r"\d\d:\d\d\.\d\d  |  ", left) for *_, left in lines), shown


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


@pytest.mark.parametrize("command", ["replay", "annotate"])
def test_a_video_that_is_cut_short_gives_what_it_has_and_is_told(
    fer_edge: Run, clip: Path, tmp_path: Path, command: str
) -> None:
    (tmp_path / "cut.avi").write_bytes(clip.read_bytes()[: clip.stat().st_size // 4])
    result = fer_edge(command, "cut.avi", *(["out.avi"] if command == "annotate" else []), NO_EMOTION)
    assert result.returncode == 1
    told = "fer-edge: cut.avi: only (.) of 30 frames could be read; the file is damaged or cut short"
    found = re.fullmatch(told, result.stderr.splitlines()[-1])
    assert found and f" {found[1]} frames" in result.stdout + result.stderr, result.stderr


def test_the_daemon_takes_a_file_of_any_name(program: Run, clip: Path, tmp_path: Path) -> None:
    name = 'it\'s "mine" \\ 日\u202f😀.avi'
    (tmp_path / name).write_bytes(clip.read_bytes())
    result = program("run", "--source", name, "--set=mqtt.enabled=false", NO_EMOTION)
    assert result.returncode == 0, result.stderr
    assert "no such video file" not in result.stderr


def test_a_model_that_is_damaged_is_one_line_and_69(here: Run, portrait: Path, tmp_path: Path) -> None:
    from fer_edge.perception.interpreter import shipped

    card = shipped("expression").with_suffix(".json")
    (tmp_path / "mine.tflite").write_bytes(shipped("expression").read_bytes()[:-100])
    (tmp_path / "mine.json").write_bytes(card.read_bytes())
    result = here("classify", portrait, "--set", f"emotion.model={tmp_path / 'mine.tflite'}")
    assert result.returncode == 69
    assert result.stderr.count("\n") == 1 and "mine.tflite: damaged" in result.stderr


def test_a_model_of_another_shape_than_its_card_is_one_line_and_69(here: Run, portrait: Path, tmp_path: Path) -> None:
    from fer_edge.perception.interpreter import shipped

    card = json.loads(shipped("expression").with_suffix(".json").read_text())
    (tmp_path / "mine.tflite").write_bytes(shipped("expression").read_bytes())
    for change, fault in (
        ({"input": {**card["input"], "shape": [1, 64, 64, 1]}}, "its card says (1, 64, 64, 1)"),
        ({"labels": ["happy", "sad"]}, "one label for each"),
        ({"input": None}, "not a model card"),
        ({"labels": None}, "not a model card (labels is not a list of names)"),
        ({"input": {**card["input"], "shape": 48}}, "not a model card (input.shape is missing or not a shape)"),
        ({"input": {**card["input"], "scale": "much"}}, "not a model card (input.scale is not a number)"),
        ({"input": {**card["input"], "crop": None}}, "not a model card (input.crop is not an object)"),
        ({"input": {**card["input"], "crop": {"scale": 0}}}, "not a model card (input.crop.scale is not above 0)"),
        ({"labels": ["angry", *card["labels"][:-1]]}, "not a model card (labels has a name twice)"),
    ):
        (tmp_path / "mine.json").write_text(json.dumps({**card, **change}))
        result = here("classify", portrait, "--set", f"emotion.model={tmp_path / 'mine.tflite'}")
        assert result.returncode == 69 and result.stderr.count("\n") == 1, result.stderr
        assert fault in result.stderr
