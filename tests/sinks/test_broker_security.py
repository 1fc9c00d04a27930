"""Passwords, access rules and TLS against a real mosquitto; what is refused is explained in one line."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fer_edge.errors import ConfigError
from fer_edge.settings import MqttSettings
from fer_edge.sinks.mqtt.secrets import password, tls_context
from tests.brokers import Mosquitto, Subscriber, mosquitto, needs_mosquitto, wait_until
from tests.sinks.examples import event, settings
from tests.sinks.nodes import node

__all__ = ["mosquitto"]
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the test certificates")


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Mosquitto]:
    """A mosquitto that knows ``cab`` (may write its topics, of events only attention) and ``boss`` (may do all)."""
    passwords, rules = tmp_path / "passwords", tmp_path / "acl"
    passwords.touch(mode=0o600)
    for user in ("cab", "boss"):
        subprocess.run(
            ["mosquitto_passwd", "-b", str(passwords), user, f"{user}-pass"], check=True, capture_output=True
        )
    rules.write_text(
        "user boss\ntopic #\nuser cab\ntopic write fer-edge/car/status\ntopic write fer-edge/car/info\n"
        "topic read fer-edge/car/request/+\ntopic write fer-edge/car/event/attention\n"
    )
    rules.chmod(0o600)
    broker = Mosquitto(tmp_path, config=f"password_file {passwords}\nacl_file {rules}")
    broker.start()
    yield broker
    broker.kill()


needs_passwords = pytest.mark.skipif(shutil.which("mosquitto_passwd") is None, reason="mosquitto_passwd is missing")


@needs_mosquitto
@needs_passwords
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("username", ["cab", None], ids=["wrong password", "no password"])
def test_bad_credentials_are_explained_once_and_tried_again(
    locked: Mosquitto,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    protocol: str,
    username: str | None,
) -> None:
    monkeypatch.setenv("FER_EDGE_MQTT_PASSWORD", "wrong-secret")
    with node(settings(locked.port, username=username, protocol=protocol), tmp_path, connected=False) as one:
        wait_until(lambda: locked.log().count("not authorised") >= 3, "three refused attempts")
        one.event(event(1))
        assert not one.sink.connected
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 1
    assert "check" in told[0]
    assert "\n" not in told[0]
    assert "wrong-secret" not in caplog.text


@needs_mosquitto
@needs_passwords
def test_an_event_that_the_acl_refuses_waits_in_the_outbox_and_is_told(
    locked: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FER_EDGE_MQTT_PASSWORD", "cab-pass")
    cab = settings(locked.port, username="cab", homeassistant={"enabled": False})
    with node(cab, tmp_path) as one:
        one.event(event(1))
        wait_until(lambda: "event/fatigue" in caplog.text, "the refusal to be told")
        assert one.sink.outbox.waiting == 1
    assert "access rules" in caplog.text
    monkeypatch.setenv("FER_EDGE_MQTT_PASSWORD", "boss-pass")
    listener = Subscriber(locked.port, "fer-edge/#", username="boss", password="boss-pass").ready()
    with node(settings(locked.port, username="boss"), tmp_path):
        told = listener.wait("event/fatigue").json
    assert (told["seq"], told["historical"]) == (1, True)
    listener.close()


@needs_mosquitto
@needs_passwords
def test_events_that_the_acl_refuses_do_not_hold_up_the_others(
    locked: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_EDGE_MQTT_PASSWORD", "cab-pass")
    listener = Subscriber(locked.port, "fer-edge/#", username="boss", password="boss-pass").ready()
    with node(settings(locked.port, username="cab"), tmp_path) as one:
        for key in range(1, 31):
            one.event(event(key))
        one.event(event(31, category="attention", event_type="distracted"))
        assert listener.wait("event/attention", patience_s=10).json["seq"] == 31
        wait_until(lambda: one.sink.outbox.waiting == 30, "the refused ones to wait, and no other")
    monkeypatch.setenv("FER_EDGE_MQTT_PASSWORD", "boss-pass")
    with node(settings(locked.port, username="boss"), tmp_path) as one:
        wait_until(lambda: one.sink.outbox.waiting == 0, "everything to go out")
    # The second run ended what the first had left open.
    assert [message.json["seq"] for message in listener.of("event/fatigue")][:30] == list(range(1, 31))
    numbers = [told["seq"] for told in listener.events()]
    assert sorted(numbers) == list(range(1, len(numbers) + 1)), "a gap, or one taken twice"
    listener.close()


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a broker's certificate for 127.0.0.1, one for elsewhere, a client's, and a stranger authority."""
    folder = tmp_path_factory.mktemp("tls")
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    for authority in ("ca", "stranger"):
        name = ("-subj", f"/CN={authority}", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        openssl(folder, "req", "-x509", *ec, "-keyout", f"{authority}.key", "-out", f"{authority}.pem", *name)
    for owner, names in (("broker", "IP:127.0.0.1"), ("elsewhere", "DNS:elsewhere.example"), ("client", "DNS:car")):
        openssl(folder, "req", *ec, "-keyout", f"{owner}.key", "-out", f"{owner}.csr", "-subj", f"/CN={owner}")
        (folder / "names").write_text(f"subjectAltName={names}\n")
        by = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
        openssl(folder, "x509", "-req", "-in", f"{owner}.csr", *by, "-out", f"{owner}.pem")
    return folder


Encrypted = Callable[..., Mosquitto]


@pytest.fixture
def encrypted(tmp_path: Path, certificates: Path) -> Iterator[Encrypted]:
    """Starts a mosquitto that speaks TLS with the certificate of ``owner``."""
    started: list[Mosquitto] = []

    def start(owner: str = "broker", more: str = "") -> Mosquitto:
        files = f"cafile {certificates}/ca.pem\ncertfile {certificates}/{owner}.pem\nkeyfile {certificates}/{owner}.key"
        started.append(Mosquitto(tmp_path, config=f"allow_anonymous true\n{files}\n{more}"))
        started[-1].start()
        return started[-1]

    yield start
    for broker in started:
        broker.kill()


def with_tls(port: int, certificates: Path, **tls: Any) -> Any:
    return settings(port, tls={"enabled": True, "ca_file": str(certificates / "ca.pem")} | tls)


@needs_mosquitto
@needs_openssl
def test_tls_with_an_own_authority_and_a_client_certificate(
    encrypted: Encrypted, certificates: Path, tmp_path: Path
) -> None:
    broker = encrypted(more="require_certificate true\nuse_identity_as_username true")
    client = {"cert_file": str(certificates / "client.pem"), "key_file": str(certificates / "client.key")}
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    context.load_cert_chain(client["cert_file"], client["key_file"])
    listener = Subscriber(broker.port, "fer-edge/#", tls=context).ready()
    with node(with_tls(broker.port, certificates, **client), tmp_path) as one:
        one.event(event(1))
        assert listener.wait("event/fatigue").json["seq"] == 1
    listener.close()
    assert "u'client'" in broker.log()


@needs_mosquitto
@needs_openssl
@pytest.mark.parametrize(
    ("owner", "tls", "more", "explained"),
    [
        ("elsewhere", {}, "", "IP address mismatch"),
        ("broker", {"ca_file": "stranger.pem"}, "", "certificate is not accepted"),
        ("broker", {}, "require_certificate true", "does it require a client certificate, mqtt.tls.cert_file"),
        ("broker", {"cert_file": "stranger.pem", "key_file": "stranger.key"}, "require_certificate true", "valid, and"),
        ("broker", {"enabled": False, "ca_file": None}, "", "does it expect TLS"),
    ],
    ids=["other host", "other authority", "no client certificate", "client certificate refused", "plain to a TLS port"],
)
def test_what_tls_refuses_is_explained_in_one_line(
    encrypted: Encrypted,
    certificates: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    owner: str,
    tls: dict[str, Any],
    more: str,
    explained: str,
) -> None:
    broker = encrypted(owner, more)
    tls = {name: str(certificates / value) if isinstance(value, str) else value for name, value in tls.items()}
    with node(with_tls(broker.port, certificates, **tls), tmp_path, connected=False) as one:
        wait_until(lambda: explained in caplog.text, f"an explanation with {explained!r}; told: {caplog.text}")
        assert not one.sink.connected


@needs_mosquitto
@needs_openssl
def test_the_host_check_can_be_left_out_on_purpose(encrypted: Encrypted, certificates: Path, tmp_path: Path) -> None:
    broker = encrypted("elsewhere")
    with node(with_tls(broker.port, certificates, check_host=False), tmp_path) as one:
        assert one.sink.connected


@needs_openssl
def test_tls_to_a_port_that_speaks_none_is_explained(
    mosquitto: Mosquitto, certificates: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with node(with_tls(mosquitto.port, certificates), tmp_path, connected=False):
        wait_until(lambda: "check mqtt.port and mqtt.tls" in caplog.text, "an explanation")


def test_the_password_comes_from_the_credential_before_the_environment_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("from file\n")
    (tmp_path / "mqtt-password").write_text("from credential\n")
    asked = MqttSettings(password_file=str(file))
    everything = {"CREDENTIALS_DIRECTORY": str(tmp_path), "FER_EDGE_MQTT_PASSWORD": "from environment"}
    assert password(asked, everything) == "from credential"
    assert password(asked, {"FER_EDGE_MQTT_PASSWORD": "from environment"}) == "from environment"
    assert password(asked, {"CREDENTIALS_DIRECTORY": "/nowhere"}) == "from file"
    assert password(MqttSettings(), {}) is None


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_password_file_that_cannot_be_read_is_a_fault_of_the_configuration(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"mqtt.password_file: .*file cannot be read: "):
        password(MqttSettings(password_file=str(file)), {})


@pytest.mark.parametrize(
    ("tls", "fault"),
    [
        ({"ca_file": "/nowhere.pem"}, "mqtt.tls.ca_file: /nowhere.pem is not a readable PEM certificate: "),
        ({"ca_file": __file__}, "mqtt.tls.ca_file"),
        ({"cert_file": "/nowhere.pem"}, "mqtt.tls.cert_file: /nowhere.pem"),
    ],
)
def test_tls_files_that_cannot_be_used_are_faults_of_the_configuration(tls: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as told:
        tls_context(MqttSettings.model_validate({"tls": {"enabled": True} | tls}))
    assert fault in str(told.value)
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize("host", ["", "a b", "mqtt://broker", "user:pw@broker", "broker:1883"])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="host"):
        MqttSettings(host=host)


@pytest.mark.parametrize("host", ["localhost", "broker.local", "192.168.1.2", "::1", "fe80::1%eth0"])
def test_a_host_that_is_one_is_taken(host: str) -> None:
    assert MqttSettings(host=host).host == host


@pytest.mark.parametrize("prefix", ["", "/x", "x/", "a+b", "a#", "$SYS"])
def test_a_topic_prefix_that_is_none_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="topic_prefix"):
        MqttSettings(topic_prefix=prefix)


@pytest.mark.parametrize(("mode", "told"), [(0o600, False), (0o400, False), (0o640, True), (0o644, True)])
def test_a_password_that_others_may_read_is_told_with_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, told: bool
) -> None:
    file = tmp_path / "password"
    file.write_text("hunter2")
    file.chmod(mode)
    assert password(MqttSettings(password_file=str(file)), {}) == "hunter2"
    assert (f"other users can read it (mode {mode:o}); chmod 600 {file}" in caplog.text) is told
    assert "hunter2" not in caplog.text
