"""The page over HTTP, as a browser, a stranger's page, and a hostile program meet it."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest

from fer_edge.core import Phase
from fer_edge.sources.picture import Picture, unpacked
from fer_edge.web.server import MOST_VISITORS
from tests.fakes import wait_until
from tests.web.browsing import base, browse, heard, picture
from tests.web.nodes import Drive

TOKEN = "a-long-enough-token"


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Drive]:
    monkeypatch.setenv("FER_EDGE_WEB_TOKEN", TOKEN)
    drive = Drive()
    yield drive.start()
    drive.close()


def test_the_page_and_its_parts_are_served_with_strict_headers(drive: Drive) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        for path in ("/", "/page.js", "/timeline.js", "/page.css", "/icon.svg"):
            async with client.get(path) as answer:
                assert answer.status == 200, path
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                assert answer.headers["Cache-Control"] == "no-store"
                text = (await answer.text()).replace("http://www.w3.org", "")
                assert "http://" not in text and "https://" not in text, "nothing from outside"
        for path in ("/../page.py", "/static/", "/door.html", "/page.py"):
            async with client.get(path) as answer:
                assert answer.status == 404, path

    browse(drive, story)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8060", "127.0.0.1.evil.example"])
def test_a_foreign_name_for_this_machine_is_refused(drive: Drive, host: str) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        for path in ("/", "/page.js", "/live"):
            async with client.get(path, headers={"Host": host, "Origin": f"http://{host}"}) as answer:
                assert answer.status == 403 and "web.names" in await answer.text()

    browse(drive, story)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", None])
def test_a_foreign_page_reaches_neither_pictures_nor_controls(drive: Drive, origin: str | None) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect("/live", headers={"Origin": origin} if origin else {})
        assert refused.value.status == 403
        async with client.post("/enter", data={"token": "x"}, headers={"Origin": origin} if origin else {}) as answer:
            assert answer.status == 403

    browse(drive, story)


def test_without_the_token_there_is_a_door_and_nothing_behind_it(guarded: Drive) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        async with client.get("/") as answer:
            assert answer.status == 401 and "Token for this node" in await answer.text()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect("/live", origin=base(guarded))
        assert refused.value.status == 401

    browse(guarded, story)


def test_a_wrong_token_is_refused_slowly_and_the_right_one_opens(
    guarded: Drive, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        began = time.monotonic()
        async with client.post("/enter", data={"token": TOKEN[:-1]}, headers={"Origin": base(guarded)}) as answer:
            assert answer.status == 401 and "Wrong token" in await answer.text()
            assert "Set-Cookie" not in answer.headers
        assert time.monotonic() - began >= 0.5
        entering = client.post(
            "/enter", data={"token": f" {TOKEN}\n"}, headers={"Origin": base(guarded)}, allow_redirects=False
        )
        async with entering as answer:
            assert answer.status == 303
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and TOKEN not in cookie
        async with client.get("/") as answer:
            assert answer.status == 200
        async with client.ws_connect("/live", origin=base(guarded)) as live:
            assert (await heard(live, "hello"))["node"] == "cab-7"

    with caplog.at_level(logging.WARNING):
        browse(guarded, story)
    assert "a wrong token from 127.0.0.1" in caplog.text and TOKEN[:-1] not in caplog.text


def test_pictures_are_made_only_while_somebody_looks(drive: Drive) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        pictures = drive.page._hub.pictures  # type: ignore[union-attr]
        async with client.ws_connect("/live", origin=base(drive)) as live:
            await heard(live, "state")
            assert pictures.made == 0 and drive.node.viewer._latest is None
            await live.send_json({"look": True})
            assert (await picture(live) or b"").startswith(b"\xff\xd8\xff")
            await live.send_json({"look": False})
            while drive.node.viewer._latest is not None:
                await heard(live, "state")
            made = pictures.made
            for _ in range(5):
                await heard(live, "state")
            assert pictures.made == made and drive.node.viewer._latest is None

    browse(drive, story)


def packed(width: int, height: int) -> tuple[Picture, bytes]:
    """A camera's picture with its own bytes."""
    data = cv2.imencode(".jpg", np.full((height, width, 3), (40, 80, 160), np.uint8))[1]
    picture = unpacked(data)
    assert picture is not None
    return picture, bytes(data)


@pytest.mark.parametrize(("width", "own"), [(640, True), (1280, False)])
def test_the_cameras_own_picture_is_passed_on_where_it_is_no_wider_than_asked(
    drive: Drive, width: int, own: bool
) -> None:
    shown, data = packed(width, width // 2)
    drive.picture = lambda number: shown

    async def story(client: aiohttp.ClientSession) -> None:
        async with client.ws_connect("/live", origin=base(drive)) as live:
            await live.send_json({"look": True})
            over = await heard(live, "overlay")
            seen = await live.receive(5)
            assert seen.type is aiohttp.WSMsgType.BINARY, "what is drawn over a picture comes right before it"
            assert (seen.data == data) is own
            assert cv2.imdecode(np.frombuffer(seen.data, np.uint8), cv2.IMREAD_COLOR).shape == (320, 640, 3)
            assert over["size"] == [width, width // 2]
            assert over["faces"] == [[100.0, 60.0, 90.0, 110.0, "unknown", "#1"]] and over["note"] is None

    browse(drive, story)


def test_a_browser_that_does_not_draw_gets_no_more_pictures_and_the_others_do(drive: Drive) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        slow = await client.ws_connect("/live", origin=base(drive))
        quick = await client.ws_connect("/live", origin=base(drive))
        for live in (slow, quick):
            await live.send_json({"look": True})
            assert await picture(live) is not None
        began = time.monotonic()
        for _ in range(10):
            await quick.send_json({"drawn": True})
            assert await picture(quick) is not None
        assert time.monotonic() - began >= 9 / 10 * 0.95, "ten a second at most"
        assert await picture(slow, 0.3) is None
        await slow.close()
        await quick.close()

    browse(drive, story)


def test_an_event_arrives_at_once_and_a_late_visitor_is_told_the_past(drive: Drive) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        async with client.ws_connect("/live", origin=base(drive)) as live:
            await heard(live, "state")
            began = time.monotonic()
            await asyncio.to_thread(drive.happen, "sleep")
            event = await heard(live, "event")
            assert time.monotonic() - began < 3.0
            assert (event["event_type"], event["level"], event["perclos"]) == ("sleep", "critical", 0.2)
            await asyncio.to_thread(drive.happen, "sleep", Phase.END)
            assert (await heard(live, "event"))["phase"] == "end"
            while (told := await heard(live, "samples"))["first"] + len(told["samples"]) < 2:
                pass
        async with client.ws_connect("/live", origin=base(drive)) as live:
            hello = await heard(live, "hello")
            assert [event["phase"] for event in hello["events"]] == ["start", "end"]
            assert len(hello["samples"]) >= 2 and hello["perclos"] == {"advisory": 0.08, "warning": 0.12}
            news = await heard(live, "samples")
            assert news["samples"][0][0] > hello["samples"][-1][0], "nothing twice"
            assert news["first"] == hello["first"] + len(hello["samples"]), "and nothing left out"
            numbers = [(await heard(live, "state"))["update"] for _ in range(3)]
            assert numbers == list(range(numbers[0], numbers[0] + 3))
            assert (await heard(live, "health"))["fps"] == 29.97

    browse(drive, story)


@pytest.mark.parametrize(
    ("said", "asked", "error"),
    [
        ({"ask": "pause", "seconds": 60}, [("pause", {"seconds": 60.0})], None),
        ({"ask": "resume"}, [("resume", {})], None),
        ({"ask": "recalibrate"}, [("recalibrate", {})], None),
        ({"ask": "pause", "seconds": 86400}, [], "seconds"),
        ({"ask": "pause"}, [], "seconds"),
        ({"ask": "pause", "seconds": 1, "more": 1}, [], "more"),
        ({"ask": "reload"}, [], "not possible here"),
        ({"ask": ["pause"]}, [], "not possible here"),
    ],
)
def test_the_controls_do_what_they_say_and_nothing_else(
    drive: Drive, said: dict[str, Any], asked: list[Any], error: str | None
) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        async with client.ws_connect("/live", origin=base(drive)) as live:
            await live.send_json(said)
            answer = await heard(live, "answer")
            assert (error in answer["error"]) if error else answer["error"] is None

    browse(drive, story)
    assert drive.node.asked == asked


def test_a_refusal_of_the_node_is_told(drive: Drive) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        drive.node.refuse = True
        async with client.ws_connect("/live", origin=base(drive)) as live:
            await live.send_json({"ask": "recalibrate"})
            assert (await heard(live, "answer"))["error"] == "not while the engine is off"

    browse(drive, story)


@pytest.mark.parametrize("text", ["", "nonsense", "[1]", "{" * 2000, '{"ask": null}', '{"look": "yes"}', "\ud83d"])
def test_nonsense_from_a_browser_changes_nothing(drive: Drive, text: str) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        async with client.ws_connect("/live", origin=base(drive)) as live:
            await live.send_str(text.encode("utf-8", "replace").decode())
            await heard(live, "state")
        async with client.ws_connect("/live", origin=base(drive)) as live:
            await live.send_str("x" * 5000)
            while not live.closed:
                await live.receive(5)
        async with client.get("/") as answer:
            assert answer.status == 200

    browse(drive, story)
    assert drive.node.asked == []


def test_more_browsers_than_it_can_serve_are_told_so(drive: Drive) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        every = [await client.ws_connect("/live", origin=base(drive)) for _ in range(MOST_VISITORS)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect("/live", origin=base(drive))
        assert refused.value.status == 503
        for live in every:
            await live.close()
        async with client.ws_connect("/live", origin=base(drive)) as live:
            await heard(live, "hello")

    browse(drive, story)


def test_a_browser_that_reads_nothing_is_let_go_and_holds_up_nobody(drive: Drive) -> None:
    host, port = "127.0.0.1", drive.page.port
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    deaf.connect((host, port))
    deaf.sendall(
        f"GET /live HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: http://{host}:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n\r\n".encode()
    )
    hub = drive.page._hub
    assert hub is not None and wait_until(lambda: len(hub.visitors) == 1)
    visitor = next(iter(hub.visitors))
    flood = {"kind": "event", "text": "x" * 20_000}
    for _ in range(2000):
        drive.page._loop.call_soon_threadsafe(hub.event, flood)
    assert wait_until(lambda: visitor.lost)
    began = time.monotonic()
    drive.happen("sleep")
    assert time.monotonic() - began < 1.0, "the daemon's loop is never held up"
    assert wait_until(lambda: not hub.visitors)
    deaf.close()
