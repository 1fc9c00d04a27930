"""The example configuration for mosquitto in deploy/ works as docs/mqtt.md tells."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import Mosquitto, Subscriber, needs_mosquitto, wait_until
from tests.sinks.examples import event, settings
from tests.sinks.nodes import node

pytestmark = [
    needs_mosquitto,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates"),
    pytest.mark.skipif(shutil.which("mosquitto_passwd") is None, reason="mosquitto_passwd is missing"),
]
ROOT = Path(__file__).parents[2]


def told_commands() -> str:
    """The commands of docs/mqtt.md that make the certificates."""
    text = (ROOT / "docs" / "mqtt.md").read_text()
    block = text[text.index("openssl req -x509") :]
    return block[: block.index("```")].replace("DNS:$2", "IP:127.0.0.1")


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Mosquitto]:
    subprocess.run(["bash", "-ec", told_commands()], cwd=tmp_path, check=True, capture_output=True)
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o600)
    for user in ("car", "operator"):
        subprocess.run(
            ["mosquitto_passwd", "-b", str(passwords), user, f"{user}-pass"], check=True, capture_output=True
        )
    acl = tmp_path / "acl"
    acl.write_text((ROOT / "deploy/mosquitto/fer-edge.acl").read_text())
    acl.chmod(0o600)
    config = (ROOT / "deploy/mosquitto/fer-edge.conf").read_text().replace("listener 8883\n", "")
    config = config.replace("/etc/mosquitto/certs", str(tmp_path)).replace("/var/lib/mosquitto/", f"{tmp_path}/")
    config = config.replace("/etc/mosquitto/fer-edge.passwords", str(passwords))
    broker = Mosquitto(tmp_path, config=config.replace("/etc/mosquitto/fer-edge.acl", str(acl)))
    broker.start()
    yield broker
    broker.kill()


def test_a_node_speaks_and_an_operator_listens_and_asks(
    deployed: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FER_EDGE_MQTT_PASSWORD", "car-pass")
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    operator = Subscriber(
        deployed.port, "fer-edge/#", username="operator", password="operator-pass", tls=context
    ).ready()
    car = settings(deployed.port, username="car", tls={"enabled": True, "ca_file": str(tmp_path / "ca.pem")})
    with node(car, tmp_path / "state") as one:
        one.event(event(1))
        assert operator.wait("car/event/fatigue").json["seq"] == 1
        operator.publish("fer-edge/car/request/ping", "{}")
        assert operator.wait("car/response/ping").json["status"] == "ok"
        wait_until(lambda: one.sink.outbox.waiting == 0, "the confirmation")
    operator.wait("car/status", 2)
    operator.close()
    assert "access rules" not in caplog.text


def test_a_node_cannot_speak_for_another(
    deployed: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FER_EDGE_MQTT_PASSWORD", "car-pass")
    tls = {"enabled": True, "ca_file": str(tmp_path / "ca.pem")}
    other = settings(deployed.port, username="car", tls=tls).model_copy(update={"node": "other"})
    with node(other, tmp_path / "state", connected=False) as one:
        one.event(event(1))
        wait_until(lambda: "access rules" in caplog.text, "the refusal")
        assert one.sink.outbox.waiting == 1
