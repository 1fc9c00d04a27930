"""Debian's Firefox over WebDriver BiDi, which it speaks by itself: no driver program, no browser of another's build."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
PATIENCE_S = 60.0
_DARK = "layout.css.prefers-color-scheme.content-override"
_PREFERENCES = {
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "media.autoplay.default": 0,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}


class Firefox:
    """One window of it; ``faults`` are the errors its console was told."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._window = ""
        self.faults: list[str] = []

    async def open(self, width: int, height: int) -> None:
        """Begin a session and size the window."""
        await self.ask("session.new", capabilities={})
        await self.ask("session.subscribe", events=["log.entryAdded"])
        tree = await self.ask("browsingContext.getTree")
        self._window = tree["contexts"][0]["context"]
        await self.size(width, height)

    async def size(self, width: int, height: int) -> None:
        """The page's window, CSS pixels."""
        viewport = {"width": width, "height": height}
        await self.ask("browsingContext.setViewport", context=self._window, viewport=viewport)

    async def goto(self, url: str) -> None:
        """Load a page and wait until it is complete."""
        await self.ask("browsingContext.navigate", context=self._window, url=url, wait="complete")

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is awaited."""
        answer = await self.ask(
            "script.evaluate",
            expression=f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))",
            target={"context": self._window},
            awaitPromise=True,
            userActivation=True,
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return json.loads(answer["result"]["value"])

    async def until(self, expression: str) -> None:
        """Wait until an expression is true."""
        async with asyncio.timeout(PATIENCE_S):
            while not await self.evaluate(expression):
                await asyncio.sleep(0.05)

    async def says(self, selector: str, text: str) -> None:
        """Wait until an element says it."""
        await self.until(f"document.querySelector({json.dumps(selector)})?.textContent.includes({json.dumps(text)})")

    async def picture(self) -> bytes:
        """The window as PNG."""
        answer = await self.ask("browsingContext.captureScreenshot", context=self._window)
        return base64.b64decode(answer["data"])

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its answer; events that come meanwhile are looked at."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while True:
            said = json.loads((await self._socket.receive(PATIENCE_S)).data)
            if said.get("method") == "log.entryAdded" and said["params"]["level"] == "error":
                self.faults.append(str(said["params"]["text"]))
            if said.get("id") == number:
                assert "error" not in said, said
                return dict(said["result"])


@asynccontextmanager
async def firefox(folder: Path, *, dark: bool = False, size: tuple[int, int] = (1280, 800)) -> AsyncIterator[Firefox]:
    """A browser with a profile of its own in an empty folder, ended with the block."""
    assert FIREFOX is not None
    chosen = _PREFERENCES | {_DARK: 0 if dark else 1}
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in chosen.items())
    (folder / "user.js").write_text("".join(lines))
    command = [FIREFOX, "--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0"]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={"HOME": str(folder), "MOZ_HEADLESS": "1"},
    )
    try:
        url = f"{await _address(process)}/session"
        async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=0) as socket:
            browser = Firefox(socket)
            await browser.open(*size)
            yield browser
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    """Where it listens, which it says on its standard error."""
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE_S):
        async for line in process.stderr:
            if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line.decode(errors="replace")):
                return found[1]
    raise RuntimeError("Firefox ended before it listened")
