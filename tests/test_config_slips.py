"""Slips that people make in a configuration file: each is told where it stands, with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_config import faults


@pytest.mark.parametrize(
    ("text", "hint"), [("node: cab 7\n", "write it like cab-7"), ("mqtt: {host: a b}\n", "like broker.local")]
)
def test_a_form_that_is_not_allowed_is_told_by_an_example(tmp_path: Path, text: str, hint: str) -> None:
    (told,) = faults(tmp_path, text)
    assert told.endswith(hint)
    assert "^" not in told, "no pattern"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mqtt: [1, 2]\n", "config.yaml:1 mqtt: must be a group of settings"),
        ("camera:\n  # fps: 10\n", "config.yaml:1 camera: is empty; give a value, or remove the line"),
        ("mqtt:\n  port: 1\n  port: 2\n", "config.yaml:3 mqtt.port: appears twice (first on line 2)"),
        ("mqtt:\n\tport: 1\n", "config.yaml:2: has a tab where YAML allows none; replace it with spaces"),
        ("node: a\n\n# \x08\n", "config.yaml:3: not valid YAML (special characters are not allowed: #x0008)"),
        ("mqtt: &all\n  tls: *all\n", "config.yaml:2 mqtt.tls: is an alias of a group that contains it"),
        ("node: &all [1, *all]\n", "config.yaml:1 node.1: is an alias of a group that contains it"),
        (
            "camera:\n  source: rtmp://me:pw@cam/live\n",
            "config.yaml:2 camera.source: 'rtmp://cam/live' is not a known form",
        ),
        ("just words\n", "config.yaml:1: must be lines of 'key: value'"),
        ("camera:\n  roi: [0, 0, 1]\n", "config.yaml:2 camera.roi: needs 4 values, has 3"),
        ("camera:\n  rotation: 45\n", "config.yaml:2 camera.rotation: must be 0, 90, 180 or 270 (got 45)"),
        ("mqtt:\n  tls:\n    ca_file: /x.pem\n", "config.yaml:2 mqtt.tls: ca_file needs enabled: true"),
        ("camera:\n  roi: [0, 0, 1, 7]\n", "config.yaml:2 camera.roi.3: must be at most 1 (got 7)"),
    ],
)
def test_a_slip_is_told_where_it_stands(tmp_path: Path, text: str, expected: str) -> None:
    assert faults(tmp_path, text)[0].startswith(expected)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("mqtt://broker:1883", "only; write 'host: broker' and 'port: 1883'"),
        ("broker.local:1883", "only; write 'host: broker.local' and 'port: 1883'"),
        ("127.0.0.1:18830", "only; write 'host: 127.0.0.1' and 'port: 18830'"),
        ("[::1]:1883", "only; write 'host: ::1' and 'port: 1883'"),
        ("[::1]", "only; write 'host: ::1'"),
        ("broker/", "only; write 'host: broker'"),
        ("http://broker:8123/home", "only; write 'host: broker'"),
        ("mqtts://me:secret@broker", "only; write 'host: broker' and 'username: me' and 'tls: {enabled: true}'"),
        ("me:secret@broker", "only; write 'host: broker' and 'username: me'"),
        ("mqtt:/broker", "only, like broker.local"),
        ("a:b:c", "only, like broker.local"),
        ("mqtt://", "only, like broker.local"),
    ],
)
def test_an_address_that_is_more_than_a_host_is_told_by_what_to_write(tmp_path: Path, host: str, expected: str) -> None:
    assert faults(tmp_path, f"mqtt:\n  host: '{host}'\n") == [
        f"config.yaml:2 mqtt.host: must be a name or an address {expected}"
    ]


def test_a_misspelt_setting_of_an_entry_in_a_list_is_told_with_the_nearest(tmp_path: Path) -> None:
    assert faults(tmp_path, "alarm:\n  commands:\n    - run: [beep]\n      evry_s: 3\n") == [
        "config.yaml:4 alarm.commands.0.evry_s: no such setting; did you mean every_s?"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("source: sim:demo\n", "config.yaml:1 source: no such setting; did you mean camera.source?"),
        (
            "monitoring:\n  sleep_s: 3\n",
            "config.yaml:2 monitoring.sleep_s: no such setting; did you mean monitoring.closure.sleep_s?",
        ),
        ("camera.source: 0\n", "config.yaml:1 camera.source: no such setting; write camera: {source: …}"),
        (
            "monitoring:\n  closure.sleep_s: 3\n",
            "config.yaml:2 monitoring.closure.sleep_s: no such setting; write closure: {sleep_s: …}",
        ),
        ("enabled: true\n", "config.yaml:1 enabled: no such setting; fer-edge check-config --defaults lists them all"),
    ],
)
def test_a_setting_in_the_wrong_place_is_told_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    assert faults(tmp_path, text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "camera: rtsp://me:secret@cam/live\n",
        "camera: {source: 'me:secret@192.168.1.5:554/live'}\n",
        "camera: {fps: 'rtsp://me:secret with blanks@cam/live'}\n",
        "mqtt: {port: 'mqtt://me:secret@broker'}\n",
        "alarm: {commands: [curl -u me:secret http://siren]}\n",
        "alarm: {commands: [{run: curl -u me:secret http://siren}]}\n",
    ],
)
def test_a_password_in_a_value_that_is_refused_is_not_repeated(tmp_path: Path, text: str) -> None:
    """What is wrong with a file is published, too: in topic stats, and on the page."""
    (told,) = faults(tmp_path, text)
    assert told.startswith("config.yaml:1 ") and "secret" not in told
