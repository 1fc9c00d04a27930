"""One browser that looks at the page, and what it has not yet been sent."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import web

MOST_WAITING = 256
"""Messages a browser may be behind before it is let go; it then connects again and starts afresh."""


class Visitor:
    """Sends each message in order, but only the newest state and the newest picture.

    A picture goes out only when the browser has said that it has drawn the last one, so a slow one
    is skipped and never keeps the others waiting. ``let_go`` ends the connection of one that reads
    nothing: it is called once, when too much waits.
    """

    def __init__(self, socket: web.WebSocketResponse, let_go: Callable[[], None]) -> None:
        self._socket = socket
        self._let_go = let_go
        self._waiting: deque[str] = deque()
        self._newest: dict[str, str] = {}
        self._picture: tuple[str, bytes] | None = None
        self._wake = asyncio.Event()
        self._drawn = True
        self.looking = False
        self.lost = False
        self.greeted = False

    @property
    def ready(self) -> bool:
        """Whether it wants a picture now."""
        return self.looking and self._drawn and self._picture is None

    def drawn(self) -> None:
        """The browser has shown the last picture."""
        self._drawn = True

    def tell(self, message: str) -> None:
        """Send this, after everything told before."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(message)
            self._wake.set()
        elif not self.lost:
            self.lost = True
            self._let_go()

    def newest(self, kind: str, message: str) -> None:
        """Send this in place of what of its kind still waits."""
        self._newest[kind] = message
        self._wake.set()

    def show(self, overlay: str, jpeg: bytes) -> None:
        """Send a picture and what is drawn over it; call it only when ready."""
        self._picture = overlay, jpeg
        self._wake.set()

    async def keep_up(self) -> None:
        """Send what there is until the connection ends."""
        while not self._socket.closed:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._socket.send_str(self._waiting.popleft())
            while self._newest:
                await self._socket.send_str(self._newest.pop(next(iter(self._newest))))
            if self._picture is not None:
                (overlay, jpeg), self._picture, self._drawn = self._picture, None, False
                await self._socket.send_str(overlay)
                await self._socket.send_bytes(jpeg)


def text(message: Mapping[str, Any]) -> str:
    """A message as it is sent: written once, for however many."""
    return json.dumps(message, separators=(",", ":"), allow_nan=False)
