"""Viewers of the live page as WebSocket clients: each takes every picture at once, as a browser does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp


class Viewer:
    """One browser. It counts pictures, what it heard of the node's health, and the numbered updates.

    ``heard`` and ``missed`` are updates: states and samples of the timeline. What was missed shows as a gap in the
    numbers, also over a lost connection, after which it connects again (``lost`` counts those).
    """

    def __init__(self, looks: bool) -> None:
        self.looks = looks
        self.lost = 0
        self._due: dict[str, int] = {}
        self.reset()

    def reset(self) -> None:
        """Count anew."""
        self.pictures = self.picture_bytes = self.heard = self.missed = 0
        self.latencies: list[float] = []
        self.rates: list[float] = []

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self._look(session)
            except OSError:
                await asyncio.sleep(0.2)
            self.lost += 1

    async def _look(self, session: aiohttp.ClientSession) -> None:
        import aiohttp

        async with session.ws_connect("/live", max_msg_size=0) as socket:
            if self.looks:
                await socket.send_json({"look": True})
            async for message in socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    self.pictures += 1
                    self.picture_bytes += len(message.data)
                    await socket.send_json({"drawn": True})
                elif message.type is aiohttp.WSMsgType.TEXT:
                    self.hear(json.loads(message.data))

    def hear(self, said: dict[str, Any]) -> None:
        """Take one message of the node."""
        match said["kind"]:
            case "hello":  # what came before this viewer is the past, no update
                self._count("samples", said["first"] + len(said["samples"]), 0)
            case "samples":
                self._count("samples", said["first"], len(said["samples"]))
            case "state":
                self._count("states", said["update"], 1)
            case "health":
                for kept, name in ((self.latencies, "latency_ms_p95"), (self.rates, "fps")):
                    if said.get(name) is not None:
                        kept.append(float(said[name]))

    def _count(self, kind: str, first: int, many: int) -> None:
        self.missed += max(0, first - self._due.get(kind, first))
        self.heard += many
        self._due[kind] = first + many


@asynccontextmanager
async def looking(url: str, count: int, warm_s: float) -> AsyncIterator[tuple[list[Viewer], Viewer]]:
    """So many viewers look while this block runs, and one more listens and takes no picture; they count from now on."""
    import aiohttp

    async with aiohttp.ClientSession(url, headers={"Origin": url.rstrip("/")}) as session:
        seen, listener = [Viewer(looks=True) for _ in range(count)], Viewer(looks=False)
        tasks = [asyncio.create_task(each.run(session)) for each in (*seen, listener)]
        try:
            await asyncio.sleep(warm_s)
            for each in (*seen, listener):
                each.reset()
            yield seen, listener
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
