"""A running MQTT sink in this process, with a main loop that serves its requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fer_edge.core import Event
from fer_edge.errors import UsageError
from fer_edge.settings import Settings
from fer_edge.sinks.clock import Clock
from fer_edge.sinks.mqtt import MqttSink
from tests.brokers import wait_until
from tests.sinks.examples import NOTHING_KNOWN, STATE, info
from tests.sinks.publishing import stored


class Node:
    """The sink, and what its requests asked for."""

    def __init__(self, sink: MqttSink) -> None:
        self.sink = sink
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._stop = threading.Event()
        self._loop = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        while not self._stop.wait(0.01):
            self.sink.serve(self._carry_out)

    def _carry_out(self, verb: str, values: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((verb, values))
        if verb == "reload":
            raise UsageError("config.yaml:3 is wrong")
        if verb == "recalibrate":
            raise RuntimeError("a fault in the daemon")
        return {"verb": verb}

    def start(self, *, connected: bool = True) -> Node:
        self.sink.start()
        self._loop.start()
        if connected:
            wait_until(lambda: self.sink.connected, "the sink to connect")
        return self

    def state(self, state: Any = STATE) -> None:
        self.sink.state(state, NOTHING_KNOWN)

    def event(self, event: Event) -> None:
        self.sink.event(event)

    def stored(self) -> None:
        assert stored(self.sink, 30)

    def close(self) -> None:
        self._stop.set()
        if self._loop.is_alive():
            self._loop.join()
        self.sink.close(timeout_s=10)


@contextmanager
def node(
    settings: Settings,
    state_dir: Path | None,
    *,
    connected: bool = True,
    clock: Clock | None = None,
    tell: Callable[[dict[str, Any]], dict[str, Any]] = info,
) -> Iterator[Node]:
    """A started node, closed at the end."""
    one = Node(MqttSink(settings, state_dir=state_dir, info=tell, clock=clock))
    try:
        yield one.start(connected=connected)
    finally:
        one.close()
