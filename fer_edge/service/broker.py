"""A small MQTT broker inside this process, for the demo and for machines without one.

It is amqtt (extra ``demo``), which speaks MQTT 3.1.1. It keeps nothing on disk and listens on the
loopback only; for anything that matters, run a real broker.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from typing import TYPE_CHECKING, Any, Self

from fer_edge.errors import MissingExtra, UnavailableError

if TYPE_CHECKING:
    from amqtt.broker import Broker

HOST = "127.0.0.1"
_START_S = 20.0
_STOP_S = 3.0


class EmbeddedBroker:
    """A broker in a thread of its own: ``with EmbeddedBroker() as broker: broker.port``.

    ``port`` 0 takes a free one. Entering raises MissingExtra without amqtt, and UnavailableError if
    the port cannot be had.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._up = threading.Event()
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="fer-edge-broker", daemon=True)

    def __enter__(self) -> Self:
        try:
            import amqtt.broker  # noqa: F401
        except ImportError as error:
            raise MissingExtra("the embedded broker needs amqtt", "amqtt") from error
        self.port = self.port or _free_port()
        _be_quiet()
        self._thread.start()
        if not self._up.wait(_START_S) or self._fault is not None:
            raise UnavailableError(
                f"the embedded broker cannot listen on {HOST}:{self.port}: {self._fault or 'no answer'}"
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop it and wait for its end."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            self._fault = error
            self._up.set()

    async def _serve(self) -> None:
        from amqtt.broker import Broker

        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        broker: Broker = Broker(_configuration(self.port))
        await broker.start()
        self._up.set()
        await self._stop.wait()
        await broker.shutdown()


def _configuration(port: int) -> dict[str, Any]:
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _be_quiet() -> None:
    """Its libraries tell of every packet; a person watching the demo wants none of it."""
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
