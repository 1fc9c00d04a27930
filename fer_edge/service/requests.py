"""What the daemon does when it is asked to, over MQTT or on the live page: in the main loop, between two frames."""

from __future__ import annotations

import queue
from collections.abc import Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from fer_edge import __version__
from fer_edge.errors import UsageError

if TYPE_CHECKING:
    from fer_edge.service.daemon import Daemon


def carry_out(daemon: Daemon, verb: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Do what a checked request asks and return the answer's data. Raises FerEdgeError to refuse."""
    match verb:
        case "ping":
            return {"version": __version__}
        case "pause":
            daemon.pause(float(values["seconds"]))
        case "resume":
            daemon.resume()
        case "recalibrate":
            daemon.recalibrate()
        case "reload":
            daemon.reload()
        case "acknowledge":
            return {"known": daemon.acknowledge(str(values["id"]))}
        case "speed":
            daemon.speed(float(values["km_h"]))
        case "stats":
            return daemon.stats()
        case _:
            raise UsageError(f"{verb}: not done by this version")
    return {}


class Desk:
    """Takes requests from other threads of this process for the main loop to carry out."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[str, Mapping[str, Any], Future[dict[str, Any]]]] = queue.SimpleQueue()

    def ask(self, verb: str, values: Mapping[str, Any]) -> Future[dict[str, Any]]:
        """Hand a checked request in, from any thread; the future fails with FerEdgeError if it is refused."""
        answer: Future[dict[str, Any]] = Future()
        self._waiting.put((verb, values, answer))
        return answer

    def serve(self, daemon: Daemon) -> None:
        """Carry out everything that waits."""
        while not self._waiting.empty():
            verb, values, answer = self._waiting.get()
            if not answer.set_running_or_notify_cancel():
                continue  # whoever asked has given up
            try:
                answer.set_result(carry_out(daemon, verb, values))
            except Exception as fault:
                answer.set_exception(fault)
