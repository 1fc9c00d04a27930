"""fer-edge doctor: what would keep the service from running as it should."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fer_edge.commands import reach
from fer_edge.commands.checkup import machine, reaching
from fer_edge.settings import Settings
from fer_edge.sinks.mqtt import VARIABLE


@pytest.mark.parametrize(
    ("systemctl", "verdict", "says"),
    [
        ("echo active", "ok", "running"),
        ("echo inactive; exit 3", "warn", "installed, but not running"),
        ("echo 'Failed to connect to bus' >&2; exit 1", "ok", "cannot tell whether"),
    ],
)
@pytest.mark.parametrize("folder", ["etc/systemd/system", "usr/lib/systemd/system"])
def test_the_service_of_installer_and_package_is_found_and_unknown_is_not_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str, systemctl: str, verdict: str, says: str
) -> None:
    monkeypatch.setattr(machine, "SYSTEMD_RUNS", tmp_path)
    unit, program = tmp_path / folder / "fer-edge.service", tmp_path / "bin/systemctl"
    for path, text in ((unit, "[Service]\n"), (program, f"#!/bin/sh\n{systemctl}\n")):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    program.chmod(0o755)
    monkeypatch.setattr(machine, "UNIT_FILES", [tmp_path / path.relative_to("/") for path in machine.UNIT_FILES])
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    [found] = machine.service(Settings())
    assert found.verdict == verdict and says in found.says


def test_as_root_the_services_password_is_used_unless_one_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(reach, "SERVICE_PASSWORD", tmp_path / "password")
    (tmp_path / "password").write_text("of the service\n")
    monkeypatch.setenv(VARIABLE, "given")
    reach.take_the_services_password()
    assert os.environ[VARIABLE] == "given"
    monkeypatch.delenv(VARIABLE)
    reach.take_the_services_password()
    assert os.environ[VARIABLE] == "of the service"


@pytest.mark.parametrize(
    ("host", "token", "verdict", "says", "do"),
    [
        ("127.0.0.1", None, "ok", "from this machine only", ""),
        ("0.0.0.0", "a-long-enough-token", "ok", "from other machines, with the token", ""),
        ("0.0.0.0", None, "fail", "a token is required", "/etc/credstore/fer-edge.web-token"),
        ("0.0.0.0", "short", "fail", "16 characters or more", ""),
    ],
)
def test_a_live_page_that_would_keep_the_service_from_starting_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str, token: str | None, verdict: str, says: str, do: str
) -> None:
    monkeypatch.setenv("FER_EDGE_WEB_TOKEN", "")  # so that what the check sets there ends with the test
    monkeypatch.delenv("FER_EDGE_WEB_TOKEN")
    monkeypatch.setattr(reach, "SERVICE_TOKEN", tmp_path / "web-token")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    if token:
        (tmp_path / "web-token").write_text(f"{token}\n")
    (found,) = reaching.page(Settings.model_validate({"web": {"enabled": True, "host": host}}))
    assert (found.name, found.verdict) == ("page", verdict)
    assert says in found.says and do in found.do


def test_only_root_sees_whether_the_service_has_a_token_and_nobody_is_told_of_a_page_that_is_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("FER_EDGE_WEB_TOKEN", raising=False)
    monkeypatch.setattr(reach, "SERVICE_TOKEN", tmp_path / "web-token")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (found,) = reaching.page(Settings.model_validate({"web": {"enabled": True, "host": "0.0.0.0"}}))
    assert found.verdict == "warn" and "sudo fer-edge doctor" in found.do
    assert not list(reaching.page(Settings()))


@pytest.mark.parametrize(
    ("alarm", "verdict", "says"),
    [
        ({"sound": {"enabled": True, "player": ["sh"]}}, "ok", "sh plays them"),
        ({"sound": {"enabled": True, "player": ["no-such-player"]}}, "fail", "no-such-player is not installed"),
        ({"gpio": {"pin": 17}}, "fail", "gpiozero is not installed"),
    ],
)
def test_an_alarm_that_would_keep_the_service_from_starting_is_told(
    monkeypatch: pytest.MonkeyPatch, alarm: dict[str, object], verdict: str, says: str
) -> None:
    monkeypatch.setattr(machine, "find_spec", lambda name: None)
    (found,) = machine.alarm(Settings.model_validate({"alarm": alarm}))
    assert (found.name, found.verdict) == ("alarm", verdict) and says in found.says
    assert not list(machine.alarm(Settings()))


def test_alarm_programs_that_cannot_be_run_are_told_by_their_place_in_the_list(tmp_path: Path) -> None:
    script = tmp_path / "beep.sh"
    script.write_text("#!/bin/sh\n")
    runs = ["sh", "/nope/x", str(script), "no-such-program"]
    settings = Settings.model_validate({"alarm": {"commands": [{"run": [run, "-v"]} for run in runs]}})
    found = [finding for finding in machine.alarm(settings) if finding.verdict == "fail"]
    assert [finding.says for finding in found] == [
        f"alarm.commands.{n}.run: {runs[n]} does not exist or is not executable" for n in (1, 2, 3)
    ]
    script.chmod(0o755)
    assert len(list(machine.alarm(settings))) == 2
