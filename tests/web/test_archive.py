"""The last week over HTTP: what is drawn, exported and printed, and who may have it."""

from __future__ import annotations

import csv
import io
import time

import aiohttp
import pytest

from fer_edge.core import Level, Phase
from tests.web.browsing import browse
from tests.web.nodes import Drive


@pytest.fixture
def drive(drive: Drive) -> Drive:
    drive.happen("sleep", Phase.END)
    drive.page._book.flush()
    return drive


def week(**more: str) -> dict[str, str]:
    return {"from": str(time.time() - 3600), "to": str(time.time() + 60), **more}


def test_the_view_of_drives_is_told_all_it_draws(drive: Drive) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        told = await (await client.get("/history.json", params=week())).json()
        assert [event["type"] for event in told["events"]] == ["sleep"]
        assert told["step"] % 10 == 0 and told["left_off"] == 0 and told["stored"] is False

    browse(drive, story)


def test_exports_take_the_filters(drive: Drive) -> None:
    drive.happen("sleep", Phase.END, Level.CRITICAL)

    async def story(client: aiohttp.ClientSession) -> None:
        answer = await client.get("/events.csv", params=week(level="critical"))
        (row,) = csv.DictReader(io.StringIO(await answer.text()))
        assert row["type"] == "sleep" and row["held_s"] == "3.0" and row["began"].endswith("Z")
        assert 'filename="cab-7-events.csv"' in answer.headers["Content-Disposition"]
        told = await (await client.get("/events.json", params=week(type="yawn"))).json()
        assert told["node"] == "cab-7" and told["events"] == []

    browse(drive, story)


def test_a_report_is_a_page_without_scripts(drive: Drive) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        answer = await client.get("/report", params=week())
        text = await answer.text()
        assert "▲" not in text and "■ alarm" in text and "<svg" in text
        assert "script" not in answer.headers["Content-Security-Policy"] and "<script" not in text

    browse(drive, story)


@pytest.mark.parametrize(
    "asked",
    [{}, {"from": "x", "to": "2"}, {"from": "5", "to": "2"}, {"from": "0", "to": "1e10"}, {"from": "nan", "to": "nan"}],
)
def test_a_stretch_that_is_none_is_refused_in_one_line(drive: Drive, asked: dict[str, str]) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        answer = await client.get("/history.json", params=asked)
        assert answer.status == 400 and (await answer.text()).count("\n") == 1

    browse(drive, story)


def test_nothing_of_it_is_told_without_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_EDGE_WEB_TOKEN", "a-long-enough-token")
    drive = Drive().start()

    async def story(client: aiohttp.ClientSession) -> None:
        for path in ("/history.json", "/events.csv", "/events.json", "/report"):
            assert (await client.get(path, params=week())).status == 401

    browse(drive, story)
    drive.close()
