"""How many connections the page holds, how long an idle one stays, and how many tokens may be tried.

The page shares its process with the driver's events: files and processor time are theirs first.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp.web import RequestHandler, Server

log = logging.getLogger(__name__)

MOST_SOCKETS = 64
"""Sixteen browsers open some six each for a moment; a process of systemd's has 1,024 files."""
IDLE_S = 15.0
"""A connection that asks nothing, or does not come to the end of its question, is closed after so long."""
SWEEP_S = 1.0
TELL_S = 60.0
"""How often it is said that the page is full."""
_ARRIVING_S = 1.0
"""So long asyncio may take from our answer to the connection's first call."""


class Doorkeeper:
    """asyncio's protocol factory for the page: aiohttp's own, as long as there is room.

    Whoever comes when it is full takes the place of the connection that is idle for longest; where
    none is idle, it is hung up on.
    """

    def __init__(self, server: Server, now: Callable[[], float] = time.monotonic) -> None:
        self._server = server
        self._now = now
        self._since: dict[RequestHandler, float] = {}
        self._busy: set[RequestHandler] = set()
        self._told = float("-inf")

    def __call__(self) -> asyncio.Protocol:
        """The protocol of one more connection."""
        self._let_go()
        if len(self._since) >= MOST_SOCKETS and not self._made_room():
            return _Closed()
        handler: RequestHandler = self._server()
        self._since[handler] = self._now()
        return handler

    @contextmanager
    def serving(self, handler: RequestHandler) -> Iterator[None]:
        """While a request is answered its connection is not idle."""
        self._busy.add(handler)
        try:
            yield
        finally:
            self._busy.discard(handler)
            if handler in self._since:
                self._since[handler] = self._now()

    async def sweep(self) -> None:
        """Close what is idle for too long, for ever."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self.close_idle()

    def close_idle(self) -> None:
        """Close every connection that has been idle for IDLE_S."""
        self._let_go()
        for handler, since in list(self._since.items()):
            if handler not in self._busy and self._now() - since >= IDLE_S:
                self._close(handler)

    def _made_room(self) -> bool:
        if self._now() - self._told >= TELL_S:
            self._told = self._now()
            log.warning("live page: %d connections are open; idle ones are closed to admit new ones", MOST_SOCKETS)
        idle = [handler for handler in self._since if handler not in self._busy and handler.transport is not None]
        if not idle:
            return False
        self._close(min(idle, key=self._since.__getitem__))
        return True

    def _close(self, handler: RequestHandler) -> None:
        self._since.pop(handler)
        if handler.transport is not None:
            handler.transport.abort()

    def _let_go(self) -> None:
        """Forget connections that have ended."""
        now = self._now()
        self._since = {
            handler: since
            for handler, since in self._since.items()
            if handler.transport is not None or now - since < _ARRIVING_S
        }


class _Closed(asyncio.Protocol):
    """A connection for which there is no room."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hang up; no answer, since that would have to be waited for."""
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


class Tries:
    """How many wrong tokens are looked at, from everybody together: some at once, then a few a second."""

    def __init__(self, most: int = 8, per_second: float = 1.0, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._per_second, self._now = most, per_second, now
        self._left, self._at = float(most), now()

    @property
    def allowed(self) -> bool:
        """Whether one more token is looked at now."""
        now = self._now()
        self._left = min(self._most, self._left + (now - self._at) * self._per_second)
        self._at = now
        return self._left >= 1

    def wrong(self) -> None:
        """One of them was wrong."""
        self._left -= 1
