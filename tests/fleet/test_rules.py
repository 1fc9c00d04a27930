"""What a node's user may do besides speaking: its own tools on the vehicle, and rules that an older version made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fleet import cli, identity
from fleet.engines import Bed
from fleet.management import Management
from tests.conftest import ROOT
from tests.fleet.conftest import Db, eventually
from tests.fleet.test_broker import Client

pytestmark = pytest.mark.timeout(100)


def test_doctor_on_a_vehicle_finds_the_fleets_broker_in_order(
    bed: Bed, passwords: dict[str, str], tmp_path: Path
) -> None:
    """It asks with the node's user: the broker hung up on it, and every vehicle was told to have no broker."""
    mqtt = {"host": "127.0.0.1", "port": bed.settings.broker.members[0].mqtt, "protocol": "3.1.1", "username": "cab-1"}
    config = {"node": "cab-1", "state_dir": str(tmp_path), "camera": {"source": "sim:asleep"}, "mqtt": mqtt}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "fer_edge", "doctor", "--json", "--config", str(tmp_path / "config.yaml")]
    environment = {**os.environ, "FER_EDGE_MQTT_PASSWORD": passwords["cab-1"]}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    (broker,) = [one for one in json.loads(done.stdout)["checks"] if one["name"] == "broker"]
    assert broker["verdict"] != "fail", broker


def test_watch_on_a_vehicle_hears_its_own_topics_and_no_others(bed: Bed, passwords: dict[str, str]) -> None:
    watcher = Client(bed, "cab-1", passwords["cab-1"], client_id="fer-edge-watch-0123abcd")
    watcher.mqtt.subscribe("fer-edge/cab-1/#", 1)
    eventually(lambda: watcher.granted)
    for node in ("cab-2", "cab-1"):
        client = Client(bed, node, passwords[node])
        assert client.says(f"fer-edge/{node}/status")
        client.close()
    eventually(lambda: watcher.heard)
    assert watcher.heard == [("fer-edge/cab-1/status", b"online")]
    watcher.close()


def test_rules_of_an_older_version_are_brought_up_to_date_and_passwords_stay(
    bed: Bed, db: Db, passwords: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    broker = Management(bed.settings)
    general, topics = identity.rules("cab-1", bed.settings.prefix)
    narrow = {**topics, "read": r"^fer-edge\.cab-1\.request\.(\*|[a-z]+)$"}
    broker.import_definitions({"permissions": [general], "topic_permissions": [narrow]})
    db.execute("INSERT INTO enrolled (node) VALUES ('cab-9')")  # known to a restored database, and not to the broker
    told = []
    for _ in range(2):
        assert cli.main(["migrate", "--config", str(bed.config)]) == 0
        told.append(capsys.readouterr().out)
    assert "access rules of 1 nodes brought up to date" in told[0]
    assert "access rules" not in told[1]
    assert topics in broker.permissions()[1]
    client = Client(bed, "cab-1", passwords["cab-1"])
    assert client.accepted
    client.close()
