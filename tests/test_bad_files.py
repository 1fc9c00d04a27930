"""Files that are meant to hurt: each is one clear line, at no cost in memory."""

from __future__ import annotations

import json
import os
import resource
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge import config
from fer_edge.errors import ConfigError
from fer_edge.service.memory import Memory
from tests.conftest import clean_environment


def _told(path: Path | str, text: str | None = None) -> str:
    """What a faulty configuration is told."""
    if text is not None:
        Path(path).write_text(text, "utf-8")
    with pytest.raises(ConfigError) as wrong:
        config.load(Path(path))
    return str(wrong.value)


@pytest.mark.parametrize("merge", [False, True])
def test_aliases_that_multiply_are_refused_before_they_do(tmp_path: Path, merge: bool) -> None:
    lines = ["a0: &a0 {x: 1}" if merge else "a0: &a0 [1, 2]"]
    for n in range(1, 30):
        twice = f"*a{n - 1}, *a{n - 1}"
        lines.append(f"a{n}: &a{n} {{<<: [{twice}], y{n}: 1}}" if merge else f"a{n}: &a{n} [{twice}]")
    assert "including aliases" in _told(tmp_path / "bomb.yaml", "\n".join(lines))


def test_a_device_given_as_a_file_is_read_no_further_than_a_configuration_can_be_long() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "no configuration" in _told("/dev/zero")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_an_empty_file_is_a_save_that_failed_and_nobody_is_left_unwatched_by_it(tmp_path: Path) -> None:
    assert "is empty" in _told(tmp_path / "config.yaml", " \n")
    (tmp_path / "config.yaml").write_text("# every default is fine\n", "utf-8")
    assert config.load(tmp_path / "config.yaml").node == "fer-edge"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("mqtt: {port: true}", "must be a whole number (got 'true')"),
        ("mqtt: {port: 20:30}", "must be a whole number (got '20:30')"),
        ("mqtt: {reconnect_s: [true, 5]}", "reconnect_s.0: must be a number"),
        ("camera: {rotation: false}", "rotation: must be"),
        ("camera: {fps: true}", "must be a number (got 'true')"),
        ("mqtt: {host: }", "mqtt.host: is empty"),
        ("camera: {source: -1}", "not a known form of source"),
        (f"mqtt: {{topic_prefix: {'x' * 70_000}}}", "must have at most 200 characters"),
    ],
)
def test_what_passed_the_check_and_could_not_be_meant(tmp_path: Path, line: str, says: str) -> None:
    told = _told(tmp_path / "config.yaml", line)
    assert says in told
    assert len(told) < 400


@pytest.mark.parametrize("number", ["8883", "0x22b3", "+8883"])
def test_numbers_are_written_as_ever(tmp_path: Path, number: str) -> None:
    (tmp_path / "config.yaml").write_text(f"mqtt: {{port: {number}, keepalive_s: 30, answer_s: 1.5e1}}", "utf-8")
    mqtt = config.load(tmp_path / "config.yaml").mqtt
    assert (mqtt.port, mqtt.answer_s) == (8883, 15.0)


@pytest.mark.parametrize("content", ["[" * 100_000, '{"reason": ', "\x00"])
def test_a_damaged_memory_is_set_aside_and_stops_no_start(tmp_path: Path, content: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(content, "utf-8")
    memory = Memory(tmp_path)
    assert memory.load("calibration") is None
    assert not path.exists() and path.with_suffix(".json.damaged").read_text("utf-8") == content
    memory.save("calibration", {"v": 1})
    assert json.loads(path.read_text("utf-8")) == {"v": 1}


_DECODE = """
import resource, sys
from pathlib import Path
import numpy as np
from fer_edge.sources.picture import unpacked
print(unpacked(np.frombuffer(Path(sys.argv[1]).read_bytes(), np.uint8)), end=" ")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_a_jpeg_of_32000_by_32000_is_left_packed(tmp_path: Path) -> None:
    import cv2
    import numpy as np

    small = cv2.imencode(".jpg", np.zeros((16, 16), np.uint8))[1].tobytes()
    size = small.index(b"\xff\xc0") + 5
    huge = small[:size] + struct.pack(">HH", 32_000, 32_000) + small[size + 4 :]
    (tmp_path / "huge.jpg").write_bytes(huge)
    command = [sys.executable, "-c", _DECODE, str(tmp_path / "huge.jpg")]
    picture, peak_mb = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    # A child begins with the peak of the tests around it; unpacked, the picture alone would take 1 GB.
    assert picture == "None" and int(peak_mb) < 800


def test_which_file_is_judged_is_said_and_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FER_EDGE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "own.yaml"
    monkeypatch.setattr(config, "SERVICE_FILE", own)
    assert config.why(Path("config.yaml")) == f"found in {tmp_path}; no service is installed"
    own.write_text("node: service\n", "utf-8")
    assert config.why(Path("config.yaml")).endswith(f"the service uses {own}")
    assert config.why(own) == "the service's configuration"


def test_an_installed_program_started_in_a_checkout_is_about_the_service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """install.sh is run in a checkout, which has a config.yaml; the next command there is `fer-edge doctor`."""
    monkeypatch.delenv("FER_EDGE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text("node: checkout\n", "utf-8")
    own = tmp_path / "own.yaml"
    monkeypatch.setattr(config, "SERVICE_FILE", own)
    own.write_text("node: service\n", "utf-8")
    assert config.find() == Path("config.yaml")
    for prefix in ("/opt/fer-edge/0.2.0+9ecd287b", "/usr/lib/fer-edge"):
        monkeypatch.setattr(sys, "prefix", prefix)
        assert config.find() == own
    own.unlink()
    assert config.find() == Path("config.yaml")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("replay", "shut/drive.mp4"), "shut/drive.mp4: cannot be read (permission denied)"),
        (("annotate", "shut/drive.mp4", "out.mp4"), "shut/drive.mp4: permission denied"),
        (("annotate", "sim:alert", "shut/out.mp4"), "shut/out.mp4: cannot be written (Permission denied)"),
        (("explain", "shut/1.trace.json.gz"), "shut/1.trace.json.gz: permission denied"),
        (("service", "files", "shut/deploy"), "shut/deploy: permission denied"),
    ],
)
def test_what_lies_in_a_folder_that_may_not_be_entered_is_one_line(
    tmp_path: Path, command: tuple[str, ...], told: str
) -> None:
    result = _without_roots_rights(tmp_path, *command)
    assert result.returncode in (1, 2, 69)
    assert result.stderr.startswith(f"fer-edge: {told}") and result.stderr.count("\n") == 1, result.stderr


def test_the_doctor_tells_of_such_a_folder_once(tmp_path: Path) -> None:
    asked = ("--set=state_dir=shut/state", "--set=mqtt.enabled=false", "--set=camera.source=/dev/video99")
    result = _without_roots_rights(tmp_path, "doctor", *asked)
    assert "fail state folder   shut/state: cannot be written (permission denied)" in result.stderr
    assert "could not be checked" not in result.stderr


def _without_roots_rights(tmp_path: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command beside the folder ``shut``, which nobody but root may enter."""
    (tmp_path / "shut").mkdir(mode=0)
    kept = "-dac_override,-dac_read_search"
    plain = ["setpriv", f"--bounding-set={kept}", f"--inh-caps={kept}"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*plain, sys.executable, "-m", "fer_edge", *command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=clean_environment(tmp_path),
        timeout=60,
        check=False,
    )
