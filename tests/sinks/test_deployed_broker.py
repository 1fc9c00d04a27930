"""deploy/mosquitto sets up a real mosquitto in two ways, as docs/mqtt.md says."""

from __future__ import annotations

import os
import pwd
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


SCRIPT = ROOT / "deploy" / "mosquitto" / "broker.sh"


def broker_sh(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The script as a user without sudo runs it: Debian leaves the folders of root's programs out of the path."""
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if not part.endswith("sbin"))
    return subprocess.run(
        [SCRIPT, *arguments], capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "PATH": path}
    )


def set_up(folder: Path, *way: str, users: tuple[str, ...]) -> tuple[Mosquitto, dict[str, str]]:
    """The broker that the script makes in this folder, started, and its users' passwords."""
    etc = str(folder / "etc")
    made = broker_sh(*way, "--into", etc)
    assert made.returncode == 0, made.stderr
    passwords = {}
    for user in users:
        added = broker_sh("add", user, "--into", etc)
        assert added.returncode == 0, added.stderr
        passwords[user] = added.stdout.strip()
    lines = (folder / "etc/conf.d/fer-edge.conf").read_text().splitlines()
    broker = Mosquitto(folder, config="\n".join(line for line in lines if not line.startswith("listener")))
    broker.start()
    return broker, passwords


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[tuple[Mosquitto, dict[str, str]]]:
    broker, passwords = set_up(tmp_path, "fleet", "127.0.0.1", users=("car", "operator", "viewer"))
    yield broker, passwords
    broker.kill()


def test_at_home_two_commands_make_a_broker_with_passwords(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broker, passwords = set_up(tmp_path, "home", users=("car", "phone"))
    try:
        phone = Subscriber(broker.port, "fer-edge/#", username="phone", password=passwords["phone"]).ready()
        monkeypatch.setenv("FER_EDGE_MQTT_PASSWORD", passwords["car"])
        with node(settings(broker.port, username="car"), tmp_path / "state") as one:
            one.event(event(1))
            assert phone.wait("car/event/fatigue").json["seq"] == 1
        phone.close()
        with node(settings(broker.port), tmp_path / "nobody", connected=False):
            wait_until(lambda: "refused" in caplog.text, "the refusal of a node without a name")
    finally:
        broker.kill()


@pytest.mark.skipif(shutil.which("mosquitto_sub") is None, reason="apt install mosquitto-clients")
def test_a_subscriber_who_was_away_for_long_gets_every_event(tmp_path: Path) -> None:
    """mosquitto drops the newest, here the one of a sleeper, after 1000 messages for a subscriber who is away."""
    broker, passwords = set_up(tmp_path, "home", users=("car", "book"))
    event, sent = "fer-edge/car/event/fatigue", [str(number) for number in range(1, 2001)]

    def client(program: str, user: str, *options: str, **more: str) -> str:
        command = [program, "-p", str(broker.port), "-u", user, "-P", passwords[user], "-t", event, "-q", "1", *options]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60, **more).stdout

    try:
        client("mosquitto_sub", "book", "-c", "-i", "book", "-E")
        client("mosquitto_pub", "car", "-l", input="\n".join(sent))
        assert client("mosquitto_sub", "book", "-c", "-i", "book", "-C", "2000", "-W", "20").split() == sent
    finally:
        broker.kill()


@pytest.mark.parametrize("way", [("home",), ("fleet", "broker.local")])
def test_a_power_cut_costs_a_subscriber_who_is_away_a_minute_at_most(tmp_path: Path, way: tuple[str, ...]) -> None:
    """It cost half an hour of events that the nodes had deleted: mosquitto writes so seldom by itself."""
    assert broker_sh(*way, "--into", str(tmp_path)).returncode == 0
    lines = (tmp_path / "conf.d/fer-edge.conf").read_text().splitlines()
    assert "autosave_interval 60" in lines


def test_a_folder_with_any_name_is_the_one_that_mosquitto_reads(tmp_path: Path) -> None:
    broker, passwords = set_up(tmp_path / "cab #7 & truck\\8 'old'", "home", users=("car",))
    try:
        Subscriber(broker.port, "fer-edge/#", username="car", password=passwords["car"]).ready().close()
    finally:
        broker.kill()


def test_run_again_it_keeps_users_and_the_authority_and_a_user_can_be_removed(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    for _ in range(2):
        assert broker_sh("fleet", "broker.local", "--into", str(etc)).returncode == 0
        authority = (etc / "fer-edge/ca.pem").read_text()
        assert broker_sh("add", "car", "--replace", "--into", str(etc)).returncode == 0
    assert broker_sh("fleet", "broker.local", "--into", str(etc)).returncode == 0
    assert (etc / "fer-edge/ca.pem").read_text() == authority
    assert (etc / "fer-edge.passwords").read_text().count("car:") == 1
    assert (etc / "fer-edge/ca.key").stat().st_mode & 0o077 == 0
    assert broker_sh("remove", "car", "--into", str(etc)).returncode == 0
    assert "car:" not in (etc / "fer-edge.passwords").read_text()


def test_the_files_are_mosquittos_unless_somebody_gave_them_to_another(tmp_path: Path) -> None:
    """It warns where it is not their owner (2.0.21), and in a container it is another user."""
    if os.geteuid() != 0 or "mosquitto" not in {user.pw_name for user in pwd.getpwall()}:
        pytest.skip("needs root and the user mosquitto")
    passwords, into = tmp_path / "fer-edge.passwords", ("--into", str(tmp_path))
    broker_sh("home", *into)
    broker_sh("add", "car", *into)
    assert passwords.owner() == passwords.group() == "mosquitto" and passwords.stat().st_mode & 0o007 == 0
    os.chown(passwords, 1883, 1883)
    broker_sh("add", "viewer", *into)
    assert passwords.stat().st_uid == 1883 and "viewer:" in passwords.read_text()


def test_a_user_who_exists_keeps_the_password_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    into = ("--into", str(tmp_path))
    broker_sh("home", *into)
    broker_sh("add", "car", *into)
    before = (tmp_path / "fer-edge.passwords").read_text()
    again = broker_sh("add", "car", *into)
    assert again.returncode == 1 and again.stdout == ""
    assert again.stderr.endswith(f"add car --into {tmp_path} --replace\n"), "the command as it must be given"
    assert (tmp_path / "fer-edge.passwords").read_text() == before
    assert broker_sh("add", "car", "--replace", *into).returncode == 0
    assert (tmp_path / "fer-edge.passwords").read_text() != before


@pytest.mark.parametrize(
    ("way", "user", "says"),
    [
        (("home",), "car", "mqtt.port: 1883 and mqtt.username: car in /etc/fer-edge/config.yaml"),
        (("fleet", "a.local"), "car", "mqtt.port: 8883, mqtt.tls with ca.pem"),
        (("home",), "viewer", "mosquitto_sub -h BROKER -p 1883 -u viewer -P PASSWORD -t 'fer-edge/#' -v"),
        (
            ("fleet", "a.local", "--port", "8884"),
            "viewer",
            "mosquitto_sub -h BROKER -p 8884 --cafile ca.pem -u viewer ",
        ),
        (("home",), "homeassistant", "in Home Assistant"),
    ],
)
def test_each_user_is_told_what_to_do_with_the_password(
    tmp_path: Path, way: tuple[str, ...], user: str, says: str
) -> None:
    broker_sh(*way, "--into", str(tmp_path))
    told = broker_sh("add", user, "--into", str(tmp_path))
    assert says in told.stderr and len(told.stderr.splitlines()) == 1
    assert ("config.yaml" in told.stderr) == (user == "car")


@pytest.mark.parametrize(
    ("file", "line", "refused"),
    [
        ("conf.d/local.conf", "listener 1883", True),
        ("mosquitto.conf", "listener 1883 0.0.0.0", True),
        ("conf.d/zigbee.conf", "allow_anonymous true", True),
        ("conf.d/zigbee.conf", "password_file /etc/mosquitto/passwd", True),
        ("conf.d/zigbee.conf", "# listener 1883", False),
        ("mosquitto.conf", "per_listener_settings true\nlistener 18830\nallow_anonymous true", False),
        ("mosquitto.conf", "per_listener_settings true\nlistener 1883", True),
    ],
)
def test_a_broker_that_another_file_sets_up_is_left_as_it_is(
    tmp_path: Path, file: str, line: str, refused: bool
) -> None:
    """With a second listener or password file mosquitto would not start; with allow_anonymous anyone would come in."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / file).write_text(f"# theirs\n{line}\n")
    told = broker_sh("home", "--into", str(tmp_path))
    assert (told.returncode == 1) == refused and (tmp_path / "conf.d/fer-edge.conf").exists() != refused
    assert not refused or (f"{file}:" in told.stderr and len(told.stderr.splitlines()) == 1), told.stderr


def test_without_the_authoritys_key_nothing_is_renewed_and_nothing_is_broken(tmp_path: Path) -> None:
    tls = tmp_path / "etc/fer-edge"
    assert broker_sh("fleet", "broker.local", "--into", str(tmp_path / "etc")).returncode == 0
    (tls / "ca.key").unlink()
    before = {path.name: path.read_bytes() for path in tls.glob("*.[pk]e[my]")}
    told = broker_sh("fleet", "broker.local", "--into", str(tmp_path / "etc"))
    assert told.returncode == 1 and "put the authority's key at" in told.stderr
    assert {path.name: path.read_bytes() for path in tls.glob("*.[pk]e[my]")} == before and len(before) == 3


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 2, "give home, fleet NAME"),
        (("fleet",), 2, "fleet needs the name"),
        (("fleet", "a name"), 2, "fleet needs the name"),
        (("add", "a/b", "--into", "/nowhere"), 2, "add needs a user"),
        (("add", "car", "--into", "/nowhere"), 1, "first"),
        (("remove", "car", "--into", "/nowhere"), 1, "no such user"),
        (("remove", "c.*", "--into", "/nowhere"), 2, "remove needs a user"),
        (("home", "cab-7", "--into", "/nowhere"), 2, "add cab-7"),
        (("home", "--into", ""), 2, "--into needs a value"),
        (("home", "--into", "/nowhere/a\nb"), 2, "line break"),
        (("home", "--port", "x"), 2, "--port needs a number"),
        (("home", "--port", "65536"), 2, "--port needs a number"),
        (("--bogus",), 2, "unknown option"),
    ],
)
def test_a_wrong_command_is_one_line_that_says_what_to_do(arguments: tuple[str, ...], code: int, says: str) -> None:
    told = broker_sh(*arguments)
    assert told.returncode == code
    assert says in told.stderr and len(told.stderr.splitlines()) == 1


def test_a_node_speaks_and_an_operator_listens_and_asks(
    fleet: tuple[Mosquitto, dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    deployed, passwords = fleet
    monkeypatch.setenv("FER_EDGE_MQTT_PASSWORD", passwords["car"])
    context = ssl.create_default_context(cafile=str(tmp_path / "etc/fer-edge/ca.pem"))
    operator = Subscriber(
        deployed.port, "fer-edge/#", username="operator", password=passwords["operator"], tls=context
    ).ready()
    car = settings(
        deployed.port, username="car", tls={"enabled": True, "ca_file": str(tmp_path / "etc/fer-edge/ca.pem")}
    )
    with node(car, tmp_path / "state") as one:
        one.event(event(1))
        assert operator.wait("car/event/fatigue").json["seq"] == 1
        operator.publish("fer-edge/car/request/ping", "{}")
        assert operator.wait("car/response/ping").json["status"] == "ok"
        # fer-edge watch on the node uses the node's own user; a viewer reads every node.
        for user in ("car", "viewer"):
            reader = Subscriber(
                deployed.port, "fer-edge/#", username=user, password=passwords[user], tls=context
            ).ready()
            assert reader.wait("car/status").text == "online"
            reader.close()
        wait_until(lambda: one.sink.outbox.waiting == 0, "the confirmation")
    operator.wait("car/status", 2)
    operator.close()
    assert "access rules" not in caplog.text


def test_a_node_cannot_speak_for_another(
    fleet: tuple[Mosquitto, dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    deployed, passwords = fleet
    monkeypatch.setenv("FER_EDGE_MQTT_PASSWORD", passwords["car"])
    tls = {"enabled": True, "ca_file": str(tmp_path / "etc/fer-edge/ca.pem")}
    other = settings(deployed.port, username="car", tls=tls).model_copy(update={"node": "other"})
    with node(other, tmp_path / "state", connected=False) as one:
        one.event(event(1))
        wait_until(lambda: "access rules" in caplog.text, "the refusal")
        assert one.sink.outbox.waiting == 1
