"""Chromium, headless, as one more viewer: what a real browser pays for the page and what reaches it.

It is driven over its own DevTools protocol, so nothing need be installed but the browser.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import statistics
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
LOADS = 9
PATIENCE_S = 60.0
_PAINTED = (
    'performance.getEntriesByType("navigation")[0]?.loadEventEnd'
    ' ? performance.getEntriesByName("first-contentful-paint")[0]?.startTime : null'
)
_TRANSFERRED = (
    '[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]'
    ".reduce((sum, each) => sum + each.transferSize, 0)"
)
_TALLY = 'JSON.stringify({...document.getElementById("connection").dataset})'


def program() -> str | None:
    """Where Chromium is; None where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Tab:
    """One page of the browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the DevTools protocol and its answer."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while True:
            said = json.loads((await self._socket.receive(PATIENCE_S)).data)
            if said.get("id") == number:
                return dict(said["result"])

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, None while it has none."""
        answer = await self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    async def until(self, expression: str) -> Any:
        """Wait until an expression has a value, and return it."""
        async with asyncio.timeout(PATIENCE_S):
            while (value := await self.evaluate(expression)) is None:
                await asyncio.sleep(0.05)
        return value

    async def open(self, url: str) -> None:
        """Load the live page and wait until it has heard of the node."""
        await self.ask("Page.navigate", url=url)
        await self.until('Number(document.getElementById("connection")?.dataset.heard) || null')

    async def tally(self) -> dict[str, int]:
        """Updates that the page has ``heard`` and ``missed`` since it was loaded."""
        told = json.loads(await self.until(_TALLY))
        return {name: int(told.get(name, 0)) for name in ("heard", "missed")}


async def first_paint(url: str) -> dict[str, Any]:
    """Loads of the page as at a first visit: milliseconds to the first contentful paint, and bytes transferred."""
    async with tab() as page:
        await page.ask("Network.enable")
        await page.ask("Network.setBypassServiceWorker", bypass=True)
        paints = []
        for _ in range(LOADS):
            await page.ask("Page.navigate", url=url)
            paints.append(float(await page.until(f"location.href.startsWith({json.dumps(url)}) ? ({_PAINTED}) : null")))
            transferred = await page.evaluate(_TRANSFERRED)
            await page.ask("Page.navigate", url="about:blank")
    return {"median_ms": statistics.median(paints), "max_ms": max(paints), "loads": LOADS, "bytes": transferred}


@asynccontextmanager
async def tab() -> AsyncIterator[Tab]:
    """A browser of its own with an empty profile and one page, ended with the block."""
    import aiohttp

    browser = program()
    assert browser is not None, "ask program() first"
    with tempfile.TemporaryDirectory(prefix="fer-edge-benchmark-", ignore_cleanup_errors=True) as folder:
        options = ["--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # it refuses to run as root otherwise
        process = await asyncio.create_subprocess_exec(
            *(browser, *options, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            address = f"http://127.0.0.1:{await _port(Path(folder), process)}"
            async with aiohttp.ClientSession() as session:
                async with session.get(f"{address}/json/list") as answer:
                    found = next(each for each in await answer.json() if each["type"] == "page")
                async with session.ws_connect(found["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    yield Tab(socket)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _port(folder: Path, process: asyncio.subprocess.Process) -> int:
    """The port of DevTools, which the browser writes into its profile."""
    file = folder / "DevToolsActivePort"
    async with asyncio.timeout(PATIENCE_S):
        while process.returncode is None:
            if file.exists() and "\n" in (said := file.read_text()):
                return int(said.split("\n")[0])
            await asyncio.sleep(0.05)
    raise RuntimeError("chromium ended before it listened")
