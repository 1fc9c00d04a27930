"""A browser's side of the page without a browser: its connection, its messages, its pictures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from tests.web.nodes import Drive


def base(drive: Drive) -> str:
    return drive.page.url.rstrip("/")


def browse(drive: Drive, story: Callable[[aiohttp.ClientSession], Awaitable[None]], **session: Any) -> None:
    async def run() -> None:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(base(drive), cookie_jar=jar, **session) as client:
            await asyncio.wait_for(story(client), 60)

    asyncio.run(run())


async def heard(live: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    """The next message of a kind."""
    while True:
        message = await live.receive(30)
        assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), message
        if message.type is aiohttp.WSMsgType.TEXT and (said := json.loads(message.data))["kind"] == kind:
            return dict(said)


async def picture(live: aiohttp.ClientWebSocketResponse, timeout_s: float = 20.0) -> bytes | None:
    """The next picture, None if none comes in time."""
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                message = await live.receive()
                if message.type is aiohttp.WSMsgType.BINARY:
                    return bytes(message.data)
    except TimeoutError:
        return None
