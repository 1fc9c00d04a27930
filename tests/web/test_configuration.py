"""The settings on the page: what is in use, where it comes from, and no secret; the handbook explains every one."""

from __future__ import annotations

import re
from pathlib import Path

import aiohttp
import pytest

from fer_edge import config
from fer_edge.config import handbook
from fer_edge.errors import ConfigError
from fer_edge.settings import Settings
from fer_edge.web.configuration import page, rows
from tests.web.browsing import browse
from tests.web.nodes import Drive


def test_every_value_says_where_it_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "cab.yaml"
    file.write_text("node: cab-7\nmqtt:\n  host: broker.local\n  port: 1884\nweb:\n  names: [cab.lan]\n")
    said = ["mqtt.port=8883", "monitoring.closure.sleep_s=2.5"]
    given = [("camera.source", "sim:demo")]
    told = {row["name"]: row for row in rows(config.load(file, said, given), config.origins(file, said, given))}
    assert (told["node"]["value"], told["node"]["source"]) == ("cab-7", f"{file}:1")
    assert told["mqtt.host"]["source"] == f"{file}:3"
    assert (told["mqtt.port"]["value"], told["mqtt.port"]["source"]) == ("8883", "command line")
    assert told["monitoring.closure.sleep_s"]["source"] == told["camera.source"]["source"] == "command line"
    assert (told["web.names"]["value"], told["web.names"]["source"]) == ("cab.lan", f"{file}:6")
    assert told["web.port"]["source"] == told["monitoring.closure.microsleep_s"]["source"] == "default"


def test_a_changed_kind_takes_the_lines_of_the_old_one_away(tmp_path: Path) -> None:
    file = tmp_path / "cab.yaml"
    file.write_text("perception:\n  detector:\n    kind: haar\n    width: 200\n")
    told = config.origins(file, ["perception.detector.kind=tiny"])
    assert told["perception.detector.kind"] == "command line" and "perception.detector.width" not in told


def test_no_secret_is_told() -> None:
    settings = Settings(
        camera={"source": "rtsp://user:hunter2@cam/1"},  # type: ignore[arg-type]
        mqtt={"username": "joe", "password_file": "/etc/secret"},  # type: ignore[arg-type]
    )
    told = list(rows(settings, {}))
    assert not re.search("hunter2|joe|/etc/secret", str(told))
    assert next(row for row in told if row["name"] == "mqtt.username")["value"] is None


def test_the_handbook_has_a_row_for_every_setting_and_nothing_half_said() -> None:
    text = page(handbook.markdown())
    named = re.findall(r' id="([^"]+)"', text)
    assert len(named) == len(set(named))
    missing = {row["name"] for row in rows(Settings(), {})} - set(named)
    assert {name for name in missing if not name.endswith(".kind")} == set()
    assert "`" not in text and "\\|" not in text and text.count("<table>") == text.count("</table>")


def test_what_cannot_be_read_is_the_same_fault_as_ever(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        config.origins(tmp_path / "none.yaml")


def test_it_is_read_over_http_as_it_stands_now() -> None:
    drive = Drive().start()

    async def story(client: aiohttp.ClientSession) -> None:
        told = {row["name"]: row for row in (await (await client.get("/settings.json")).json())["settings"]}
        assert told["web.port"]["value"] == "8061" and told["web.port"]["source"] == "command line"
        assert 'id="monitoring.closure.sleep_s"' in await (await client.get("/handbook")).text()

    browse(drive, story)
    drive.close()
