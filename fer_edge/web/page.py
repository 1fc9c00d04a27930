"""The live page as a sink of the daemon: its server runs in a thread of its own and never holds up a frame."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from fer_edge.errors import MissingExtra
from fer_edge.sinks.clock import SystemClock
from fer_edge.web.access import Access, is_loopback
from fer_edge.web.history import History
from fer_edge.web.logbook import Logbook

if TYPE_CHECKING:
    from pathlib import Path

    from fer_edge.core import DriverState, Event, Signals
    from fer_edge.settings.reads import PageReads
    from fer_edge.web.doorkeeper import Doorkeeper
    from fer_edge.web.hub import Hub
    from fer_edge.web.node import Node

log = logging.getLogger(__name__)

STOP_S = 1.0
RETRY_S = 10.0
"""How often a port that is in use is tried again."""


class LivePage:
    """Shows one node and keeps its last week in ``folder`` (None: in memory), going on from the page ``before``.

    Raises MissingExtra without aiohttp and ConfigError for a token that is missing or bad.
    """

    def __init__(
        self, settings: PageReads, node: Node, folder: Path | None = None, before: LivePage | None = None
    ) -> None:
        try:
            import aiohttp  # noqa: F401
        except ImportError as error:
            raise MissingExtra("web.enabled: the live page needs aiohttp", "aiohttp") from error
        self._settings = settings
        self._node = node
        self._access = Access.of(settings.web)
        clock = SystemClock(settings.mqtt.trust_clock)
        self._history = History(settings.web.history_s, clock)
        self._book: Logbook = Logbook(folder, clock, None if before is None else before._book)
        self._hub: Hub | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)
        self.listening = threading.Event()
        self.port: int | None = None

    def start(self) -> None:
        """Begin to serve, in a thread."""
        self._book.start()
        self._loop = asyncio.new_event_loop()
        self._thread.start()

    def state(self, state: DriverState, signals: Signals) -> None:
        """Keep what the timeline shows."""
        self._history.add(state, signals)
        self._book.state(state, signals)

    def event(self, event: Event) -> None:
        """Keep an event and tell whoever looks, at once."""
        message = self._history.event(event)
        self._book.event(event)
        hub, loop = self._hub, self._loop
        if loop is not None and hub is not None and hub.visitors:
            with suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(hub.event, message)

    def close(self) -> None:
        """Stop serving; takes a few seconds at most."""
        if self._loop is None:
            return
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(STOP_S)
        self._book.close()

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        host = self._settings.web.host
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.port or self._settings.web.port}/"

    def _from_elsewhere(self) -> str:
        """What the log adds where other machines reach the page: the address above is of no use to them."""
        if is_loopback(self._settings.web.host):
            return ""
        return f" (from another machine: http://{socket.gethostname()}:{self.port}/ or by its address)"

    def _run(self) -> None:
        assert self._loop is not None
        try:
            asyncio.set_event_loop(self._loop)
            self._loop.run_until_complete(self._serve())
        except Exception as fault:
            log.error("the live page ended (%r); the node continues without it", fault)
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        from aiohttp import web

        from fer_edge.web.archive import Archive
        from fer_edge.web.configuration import Configuration
        from fer_edge.web.doorkeeper import Doorkeeper
        from fer_edge.web.hub import Hub
        from fer_edge.web.server import OneLine, Server

        self._hub = Hub(self._settings, self._node, self._history)
        routes = {**Archive(self._settings, self._book).routes, **Configuration(self._node).routes}
        server = Server(self._access, self._hub, routes)
        runner = web.AppRunner(
            server.app, access_log=None, logger=OneLine(log), handle_signals=False, shutdown_timeout=0.2
        )
        await runner.setup()
        assert runner.server is not None
        server.doorkeeper = Doorkeeper(runner.server)
        sweeping = asyncio.create_task(server.doorkeeper.sweep())
        listener: asyncio.Server | None = None
        try:
            async with self._hub.running():
                listener = await self._listen(server.doorkeeper)
                await self._stop.wait()
        finally:
            sweeping.cancel()
            if listener is not None:
                listener.close()
            await runner.cleanup()

    async def _listen(self, doorkeeper: Doorkeeper) -> asyncio.Server | None:
        """Take the port; while another program has it, say so once and try again. None when stopped meanwhile."""
        loop = asyncio.get_running_loop()
        host, port, told = self._settings.web.host, self._settings.web.port, False
        while not self._stop.is_set():
            try:
                listener = await loop.create_server(doorkeeper, host, port)
            except OSError as fault:
                if not told:
                    log.warning("live page: %s:%d %s", host, port, _why(fault))
                told = True
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), RETRY_S)
                continue
            self.port = int(listener.sockets[0].getsockname()[1])
            log.info("live page: %s%s", self.url, self._from_elsewhere())
            self.listening.set()
            return listener
        return None


def _why(fault: OSError) -> str:
    """Why a port cannot be had and what to do; asyncio's own sentence repeats the address."""
    if fault.errno == errno.EADDRINUSE:
        return "is in use by another program; stop that program or change web.port (retrying)"
    if fault.errno == errno.EADDRNOTAVAIL:
        return "is not an address of this machine; correct web.host (retrying)"
    if isinstance(fault, socket.gaierror):
        return "is a name that cannot be resolved; correct web.host (retrying)"
    reason = os.strerror(fault.errno).lower() if fault.errno else str(fault)
    return f"cannot be used ({reason}); change web.host or web.port (retrying)"
