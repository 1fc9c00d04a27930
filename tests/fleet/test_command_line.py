"""Bad input and absent engines get one line: what, where, what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from fleet import cli
from fleet.cli import main
from fleet.engines import Bed
from fleet.management import Management
from fleet.messages import Dead
from fleet.settings import FleetSettings
from fleet.store import Store
from tests.conftest import ROOT
from tests.fleet.conftest import Db


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file or directory; give --config FILE, or bring one up here"),
        ("a: [", "not YAML"),
        ("databse: x", "databse: Extra inputs are not permitted"),
        ("keep: {states_days: 0}", "keep.states_days: Input should be greater than or equal to 1"),
        ("prefix: a/b", "prefix: String should match pattern"),
        ("broker: {members: []}", "broker.members: Tuple should have at least 1 item"),
        ("[]", "file: Input should be a valid dictionary"),
        ("keep: \udcff", "not UTF-8 at byte 6; is it the settings file?"),
    ],
)
def test_a_wrong_settings_file_is_told_by_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, said: str
) -> None:
    path = tmp_path / "fleet.yaml"
    if text is not None:
        path.write_text(text, errors="surrogateescape")
    assert main(["nodes", "--config", str(path)]) == 78
    told = capsys.readouterr().err
    assert f"fleet: {path}: " in told
    assert said in told
    assert told.count("\n") == 1


def test_a_database_that_is_not_there_is_told_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(yaml.safe_dump({"database": "postgresql://fleet@127.0.0.1:1/fleet"}))
    assert main(["export", "cab", "--config", str(path)]) == 69
    told = capsys.readouterr().err
    assert told.startswith("fleet: database: connection failed")
    assert told.count("\n") == 1


@pytest.mark.parametrize("text", ["foo", "host=db1 pasword=s3cret", "postgresql://fleet:s3%zcret@db1/fleet"])
@pytest.mark.parametrize("command", ["nodes", "ingest"])
def test_a_connection_string_that_is_none_is_told_without_its_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, command: str
) -> None:
    path, password = tmp_path / "fleet.yaml", tmp_path / "password"
    password.write_text("word")
    path.write_text(yaml.safe_dump({"database": text, "broker": {"password_file": str(password)}}))
    assert main([command, "--config", str(path)]) == 78
    told = capsys.readouterr().err
    assert told.startswith("fleet: database: PostgreSQL does not understand this connection string; write one such as")
    assert told.count("\n") == 1
    assert "cret" not in told


@pytest.mark.parametrize(
    ("kept", "said"), [(None, "No such file or directory"), (b" \n", "is empty"), (b"\xff", "not UTF-8")]
)
def test_an_ingest_without_a_password_ends_at_once_with_the_code_that_systemd_does_not_restart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kept: bytes | None, said: str
) -> None:
    path, password = tmp_path / "fleet.yaml", tmp_path / "password"
    if kept is not None:
        password.write_bytes(kept)
    path.write_text(yaml.safe_dump({"broker": {"password_file": str(password)}}))
    assert main(["ingest", "--config", str(path)]) == 78
    assert capsys.readouterr().err == f"fleet: broker.password_file {password}: {said}; write the password there\n"


COMMANDS = ["nodes", "dead", "dead --retry", "export cab", "erase cab", "erase cab --yes", "revoke cab", "enrol cab"]


def test_a_database_without_tables_is_told_in_a_line_and_enrols_nobody(
    bed: Bed, db: Db, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db.execute("DROP DATABASE IF EXISTS fresh")
    db.execute("CREATE DATABASE fresh")
    path = tmp_path / "fleet.yaml"
    settings = bed.settings.model_dump(mode="json")
    path.write_text(yaml.safe_dump({**settings, "database": settings["database"].removesuffix("fleet") + "fresh"}))
    for command in COMMANDS:
        assert main([*command.split(), "--config", str(path)]) == 69, command
        told = capsys.readouterr()
        assert told.err == "fleet: database: it has no tables of the fleet; run fer-edge-fleet migrate first\n"
        assert told.out == ""
    db.execute("DROP DATABASE fresh")
    users = Management(bed.settings).call("GET", "users?columns=name")
    assert "cab" not in [one["name"] for one in users]


def test_times_are_told_in_utc_as_they_are_asked_for_wherever_the_server_is(
    bed: Bed, db: Db, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "fleet.yaml"
    settings = bed.settings.model_dump(mode="json")
    path.write_text(
        yaml.safe_dump({**settings, "database": settings["database"] + "?options=-ctimezone%3DAsia/Kolkata"})
    )
    at = datetime(2026, 11, 30, 20, 0, tzinfo=UTC)
    Store(db).write([Dead("fer-edge/delhi/status", at, b"?", "a word")])
    assert main(["dead", "--config", str(path)]) == 0
    assert "last 2026-11-30 20:00:00Z, such as delhi: a word" in capsys.readouterr().out
    assert main(["export", "delhi", "--config", str(path)]) == 0
    assert '"at": "2026-11-30T20:00:00+00:00"' in capsys.readouterr().out
    db.execute("DELETE FROM dead_letters WHERE node = 'delhi'")


def test_a_password_file_that_is_missing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(yaml.safe_dump({"broker": {"password_file": str(tmp_path / "none")}}))
    assert main(["simulate", "--nodes", "1", "--config", str(path)]) in (69, 78)
    assert capsys.readouterr().err.count("\n") == 1


def test_a_bed_of_no_brokers_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--folder", str(tmp_path / "bed"), "--brokers", "0"]) == 2
    assert "--brokers 0: 1 to 7" in capsys.readouterr().err


def test_the_example_for_servers_is_one_that_is_read() -> None:
    told = FleetSettings.read(ROOT / "deploy/fleet/fleet.yaml")
    assert len(told.broker.members) == 3
    assert told.keep == FleetSettings().keep
    assert told.ingest == FleetSettings().ingest


def test_more_connections_than_the_account_may_have_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text("{}")
    assert main(["prove", "--nodes", "100000000", "--config", str(path)]) == 2
    told = capsys.readouterr().err
    assert "fleet: 100000500 open files are needed, and this account may have" in told
    assert told.count("\n") == 1


def test_a_command_finds_the_settings_of_this_folder_and_else_those_of_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here, server = tmp_path / ".fleet" / "fleet.yaml", tmp_path / "etc" / "fleet.yaml"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "SERVER", server.parent)
    told = []
    for path in (None, server, here):
        if path:
            path.parent.mkdir()
            path.write_text("prefix: a/b")
        assert main(["nodes"]) == 78
        told.append(capsys.readouterr().err.split(":")[1].strip())
    assert told == [".fleet/fleet.yaml", str(server), ".fleet/fleet.yaml"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["simulate", "--nodes", "0"], "--nodes 0: at least 1"),
        (["simulate", "--speed", "0"], "--speed 0: more than 0"),
        (["prove", "--hours", "-1"], "--hours -1: more than 0"),
        (["prove", "--state-qos", "2"], "--state-qos 2: 0 or 1"),
        (["export", "cab", "--from", "yesterday"], "--from 'yesterday': give a time like 2026-11-28"),
        (["export", "cab", "--from", "2026-11-28", "--to", "2026-11-27"], "from must be before to"),
        (["erase", "cab", "--to", "noon"], "--to 'noon': give a time like"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    path = tmp_path / "fleet.yaml"
    (tmp_path / "word").write_text("x")
    path.write_text(yaml.safe_dump({"broker": {"password_file": str(tmp_path / "word")}}))
    assert main([*words, "--config", str(path)]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--folder", "/proc/here/bed"]) == 69
    told = capsys.readouterr().err
    assert "choose a different --folder" in told
    assert told.count("\n") == 1
