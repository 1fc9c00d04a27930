"""The unit as written: systemd understands it, it is locked down, and it says what the manual promises."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fer_edge import config
from fer_edge.errors import ConfigError, UsageError
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
LEAST_EXPOSURE = 1.5
"""systemd-analyze's score from 0 (nothing to fear) to 10; services without hardening have 9 and more."""

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed (sudo apt install systemd)"
)


def installed(folder: Path, *drop_ins: str) -> Path:
    """The unit in a folder as on a machine, with a program to start, so that verify misses nothing."""
    program = folder / "fer-edge"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = folder / "fer-edge.service"
    text = (DEPLOY / "fer-edge.service").read_text()
    unit.write_text(text.replace("/opt/fer-edge/current/bin/fer-edge", str(program)))
    for name in drop_ins:
        (folder / "fer-edge.service.d").mkdir(exist_ok=True)
        shutil.copy(DEPLOY / name, folder / "fer-edge.service.d")
    return unit


def exposure(unit: Path) -> float:
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return float(re.search(r"Overall exposure level for \S+: ([\d.]+)", told)[1])


@pytest.mark.parametrize("drop_ins", [(), ("gpio.conf",), ("clock.conf",), ("gpio.conf", "clock.conf")])
def test_systemd_finds_no_fault_in_it(tmp_path: Path, drop_ins: tuple[str, ...]) -> None:
    unit = installed(tmp_path, *drop_ins)
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    faults = [line for line in told.stderr.splitlines() if "fer-edge" in line or str(tmp_path) in line]
    assert (told.returncode, faults) == (0, [])


def test_verify_would_notice_a_fault(tmp_path: Path) -> None:
    unit = installed(tmp_path)
    unit.write_text(unit.read_text().replace("WatchdogSec=30", "WatchdogSec=often"))
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert "Failed to parse" in told.stderr


@pytest.mark.parametrize("drop_ins", [(), ("gpio.conf",)])
def test_it_is_locked_down(tmp_path: Path, drop_ins: tuple[str, ...]) -> None:
    assert exposure(installed(tmp_path, *drop_ins)) <= LEAST_EXPOSURE


def test_the_score_counts_what_is_in_the_unit(tmp_path: Path) -> None:
    unit = installed(tmp_path)
    unit.write_text(unit.read_text().replace("CapabilityBoundingSet=\n", "").replace("ProtectSystem=strict\n", ""))
    assert exposure(unit) > LEAST_EXPOSURE


def test_exit_codes_that_only_a_person_can_mend_are_those_of_the_errors() -> None:
    text = (DEPLOY / "fer-edge.service").read_text()
    codes = re.search(r"^RestartPreventExitStatus=(.*)$", text, re.MULTILINE)[1]
    assert {int(code) for code in codes.split()} == {UsageError.exit_code, ConfigError.exit_code}


def test_the_first_configuration_is_valid() -> None:
    settings = config.load(DEPLOY / "config.yaml")
    assert settings.camera.source == "auto"
