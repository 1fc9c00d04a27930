"""Who only holds connections open takes nothing from the driver's events, nor the page from those who look."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import aiohttp
import pytest

from fer_edge.web import doorkeeper, server
from fer_edge.web.doorkeeper import MOST_SOCKETS, Tries
from tests.fakes import wait_until
from tests.web.browsing import browse
from tests.web.nodes import Drive

TOKEN = "a-long-enough-token"


@pytest.fixture
def drive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Drive]:
    monkeypatch.setenv("FER_EDGE_WEB_TOKEN", TOKEN)
    drive = Drive()
    yield drive.start()
    drive.close()


def _connect(drive: Drive, stack: ExitStack, said: bytes = b"") -> socket.socket:
    one = stack.enter_context(socket.create_connection(("127.0.0.1", drive.page.port or 0), timeout=5))
    one.sendall(said)
    return one


def _files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _enter(drive: Drive) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        origin = {"Origin": str(client._base_url).rstrip("/")}
        async with client.post("/enter", data={"token": TOKEN}, headers=origin) as answer:
            assert answer.status == 200 and "door" not in str(answer.url)

    browse(drive, story)


def test_four_hundred_idle_connections_hold_no_more_files_than_the_page_may_and_shut_nobody_out(
    drive: Drive, caplog: pytest.LogCaptureFixture
) -> None:
    before = _files()
    with ExitStack() as stack, caplog.at_level(logging.WARNING):
        mine = [_connect(drive, stack) for _ in range(400)]
        # Both ends are in this process: the others' 400, and what the page keeps of them.
        assert wait_until(lambda: _files() <= before + len(mine) + MOST_SOCKETS + 2)
        _enter(drive)
    assert sum("connections are open" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "])
def test_a_question_that_does_not_come_to_its_end_is_hung_up_on(
    drive: Drive, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(doorkeeper, "IDLE_S", 0.3)
    with ExitStack() as stack:
        one = _connect(drive, stack, said)
        with suppress(ConnectionResetError):
            assert one.recv(100) == b""


def test_a_body_that_does_not_come_to_its_end_is_answered_and_hung_up_on(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "ANSWER_S", 0.3)
    monkeypatch.setattr(doorkeeper, "IDLE_S", 0.6)
    port = drive.page.port
    head = f"POST /enter HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
    with ExitStack() as stack:
        one = _connect(drive, stack, f"{head}Content-Length: 100\r\n\r\ntok".encode())
        assert one.recv(100).startswith(b"HTTP/1.1 408")


def test_who_looks_stays_however_long(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "IDLE_S", 0.3)

    async def story(client: aiohttp.ClientSession) -> None:
        origin = {"Origin": str(client._base_url).rstrip("/")}
        async with client.post("/enter", data={"token": TOKEN}, headers=origin):
            pass
        async with client.ws_connect("/live", headers=origin) as live:
            began = time.monotonic()
            while time.monotonic() - began < 5 * doorkeeper.IDLE_S:
                assert (await live.receive(timeout=20)).type is aiohttp.WSMsgType.TEXT

    browse(drive, story)


def test_wrong_tokens_are_slowed_together(drive: Drive) -> None:
    async def story(client: aiohttp.ClientSession) -> None:
        origin = {"Origin": str(client._base_url).rstrip("/")}

        async def guess(n: int) -> int:
            async with client.post("/enter", data={"token": f"a-wrong-token-{n:04}"}, headers=origin) as answer:
                return answer.status

        answers = await asyncio.gather(*(guess(n) for n in range(40)))
        assert answers.count(401) <= 10 and answers.count(429) >= 30

    browse(drive, story)


def test_tries_come_back_with_time() -> None:
    now = [0.0]
    tries = Tries(most=2, per_second=1.0, now=lambda: now[0])
    for _ in range(2):
        assert tries.allowed
        tries.wrong()
    assert not tries.allowed
    now[0] = 1.0
    assert tries.allowed


def test_the_files_of_the_page_leave_room_for_everything_else() -> None:
    """systemd's least limit is 1,024 files."""
    assert MOST_SOCKETS * 4 < 1024 and Path("/proc/self/fd").is_dir()
