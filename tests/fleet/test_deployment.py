"""What is deployed on servers can be read by the programs that will read it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fleet.engines import Bed
from fleet.messages import LARGEST
from fleet.settings import FleetSettings
from fleet.store import Store, connect
from tests.conftest import ROOT
from tests.fleet.conftest import Db

FOLDER = ROOT / "deploy" / "fleet"
SECRETS = dict.fromkeys(("BROKER_PASSWORD", "DATABASE_PASSWORD", "READER_PASSWORD", "ERLANG_COOKIE"), "x")


def test_podman_compose_reads_the_services_and_every_file_is_there() -> None:
    if importlib.util.find_spec("podman_compose") is None or shutil.which("podman") is None:
        pytest.skip("no podman-compose here: sudo apt install podman; pip install 'podman-compose>=1.3'")
    command = [sys.executable, "-m", "podman_compose", "-f", str(FOLDER / "compose.yaml"), "config"]
    done = subprocess.run(command, env={**os.environ, **SECRETS}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    assert set(services) == {"rabbit1", "rabbit2", "rabbit3", "db1", "ingest", "prometheus", "grafana"}
    own = {"./tls", "./broker.password"}  # the operator's
    for service in services.values():
        assert service.get("restart") == "always", "podman-restart.service starts no others with the machine"
        assert set(service.get("depends_on", ())) <= set(services)
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0] if isinstance(volume, str) else volume["source"]
            if source.startswith(".") and source not in own:
                assert (FOLDER / source).exists(), source


def test_in_containers_the_ingest_is_set_as_on_servers_but_lets_prometheus_in() -> None:
    servers, containers = (FleetSettings.read(FOLDER / name) for name in ("fleet.yaml", "fleet-compose.yaml"))
    open_ = servers.ingest.model_copy(update={"metrics_host": "0.0.0.0"})
    assert containers == servers.model_copy(update={"ingest": open_})


def test_servers_refuse_what_the_ingest_would_not_read() -> None:
    assert f"\nmax_message_size = {LARGEST}\n" in (FOLDER / "rabbitmq.conf").read_text("utf-8")


def test_no_secret_has_a_default() -> None:
    text = (FOLDER / "compose.yaml").read_text("utf-8")
    assert all(f"${{{name}:?}}" in text for name in SECRETS)


def test_grafanas_user_reads_what_the_fleet_makes_before_and_after_and_changes_nothing(bed: Bed, db: Db) -> None:
    where = conninfo_to_dict(bed.settings.database)
    server = {"PGHOST": where["host"], "PGPORT": where["port"], "PGPASSWORD": where["password"]}
    environment = {**os.environ, **server, "READER_PASSWORD": "it's $1", "POSTGRES_USER": where["user"]}
    db.execute("DROP DATABASE IF EXISTS server")
    db.execute("DROP ROLE IF EXISTS owner, fleet_reader")
    db.execute("CREATE ROLE owner LOGIN PASSWORD 'p'")  # no administrator, as createuser makes it
    db.execute("CREATE DATABASE server OWNER owner")
    owner = make_conninfo(bed.settings.database, user="owner", password="p", dbname="server")
    reader = make_conninfo(owner, user="fleet_reader", password="it's $1")
    try:
        with connect(owner) as owned:
            owned.execute("CREATE TABLE before AS SELECT 1")
            script = ["sh", str(FOLDER / "reader.sh")]
            subprocess.run(script, env={**environment, "POSTGRES_DB": "server"}, check=True)
            Store(owned).migrate()
        with connect(reader) as reading:
            for name in ("before", "events", "node_now", "vss"):
                reading.execute(f"SELECT FROM {name}")  # type: ignore[arg-type]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reading.execute("DELETE FROM events")
    finally:
        db.execute("DROP DATABASE server")
        db.execute("DROP ROLE owner, fleet_reader")


def test_prometheus_reads_the_servers_configuration(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: sudo apt install prometheus")
    shutil.copy(FOLDER / "prometheus.yml", tmp_path)
    shutil.copy(ROOT / "fleet" / "prometheus" / "alerts.yml", tmp_path)
    done = subprocess.run(
        [promtool, "check", "config", "prometheus.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed: sudo apt install systemd")
    text = (FOLDER / "systemd" / "fer-edge-fleet.service").read_text("utf-8")
    unit = tmp_path / "fer-edge-fleet.service"
    unit.write_text(text.replace("/opt/fer-edge-fleet/bin/fer-edge-fleet", "/bin/true").replace("User=", "#User="))
    done = subprocess.run([analyze, "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if "fer-edge-fleet" in line]
    assert not told, told
