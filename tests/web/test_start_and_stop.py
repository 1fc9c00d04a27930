"""The page begins and ends without a word to the daemon, whatever its port is up to."""

from __future__ import annotations

import asyncio
import logging
import socket
import time

import aiohttp
import pytest

from fer_edge.core import Level, Phase
from fer_edge.settings import Settings
from fer_edge.web import LivePage
from tests.fakes import wait_until
from tests.web.browsing import base, browse, picture
from tests.web.nodes import Drive, ShownNode


def test_it_stops_soon_with_browsers_connected() -> None:
    drive = Drive().start()
    took: list[float] = []

    async def story(client: aiohttp.ClientSession) -> None:
        live = await client.ws_connect("/live", origin=base(drive))
        await live.send_json({"look": True})
        await picture(live)
        began = time.monotonic()
        await asyncio.to_thread(drive.page.close)
        took.append(time.monotonic() - began)
        assert not drive.page._thread.is_alive()

    browse(drive, story)
    drive.close()
    assert took[0] < 5.0


def test_a_port_in_use_is_one_line_and_no_end(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        page = LivePage(Settings(web={"enabled": True, "port": port}), ShownNode())  # type: ignore[arg-type]
        with caplog.at_level(logging.INFO):
            page.start()
            assert wait_until(lambda: "is in use by another program" in caplog.text)
        assert not page.listening.is_set()
        began = time.monotonic()
        page.close()
        assert time.monotonic() - began < 5.0
    assert len(caplog.records) == 1 and "web.port" in caplog.text


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8060/"),
        ("0.0.0.0", "http://127.0.0.1:8060/"),
        ("::", "http://[::1]:8060/"),
        ("fe80::7", "http://[fe80::7]:8060/"),
    ],
)
def test_the_address_told_is_one_that_a_browser_opens(host: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_EDGE_WEB_TOKEN", "a-long-enough-token")
    assert LivePage(Settings(web={"enabled": True, "host": host}), ShownNode()).url == url  # type: ignore[arg-type]


def test_a_name_that_nobody_knows_is_told_as_one(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_EDGE_WEB_TOKEN", "a-long-enough-token")
    page = LivePage(Settings(web={"enabled": True, "host": "no.such.host.invalid"}), ShownNode())  # type: ignore[arg-type]
    page.start()
    assert wait_until(lambda: "no.such.host.invalid:8060 is a name that cannot be resolved; correct" in caplog.text)
    page.close()


def test_a_free_port_is_taken_as_soon_as_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.web.page.RETRY_S", 0.1)
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    page = LivePage(Settings(web={"enabled": True, "port": taken.getsockname()[1]}), ShownNode())  # type: ignore[arg-type]
    page.start()
    assert not page.listening.wait(0.3)
    taken.close()
    assert page.listening.wait(20)
    page.close()


def test_before_it_was_started_it_can_be_closed_and_takes_events() -> None:
    page = LivePage(Settings(web={"enabled": True, "port": 0}), ShownNode())  # type: ignore[arg-type]
    Drive.happen(type("Fed", (), {"page": page, "at": 1.0})(), "yawn", Phase.START, Level.INFO)  # type: ignore[arg-type]
    page.close()
