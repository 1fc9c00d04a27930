"""What the daemon does when it is asked to, over MQTT or on the live page: in the main loop, between two frames."""

from __future__ import annotations

import queue
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, Protocol

from fer_edge import __version__
from fer_edge.errors import UsageError


class Asked(Protocol):
    """What a node can be asked to do; each raises FerEdgeError to refuse. The daemon does it."""

    def pause(self, seconds: float) -> None:
        """Look at nothing for so long, then go on by itself."""

    def resume(self) -> None:
        """End a pause."""

    def recalibrate(self) -> None:
        """Discard the calibration and start a new one."""

    def reload(self) -> None:
        """Take configuration and models anew."""

    def acknowledge(self, event_id: str) -> bool:
        """Silence the local alarm of an event; False where no alarm sounds for it."""

    def false_alarm(self, event_id: str | None) -> bool:
        """Mark what led to an event, the last one by default, as a false alarm; False where it is not kept."""

    def speed(self, km_h: float) -> None:
        """The vehicle's speed."""

    def stats(self) -> dict[str, Any]:
        """Health over the last minute."""


def carry_out(node: Asked, verb: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Do what a checked request asks and return the answer's data. Raises FerEdgeError to refuse."""
    match verb:
        case "ping":
            return {"version": __version__}
        case "pause":
            node.pause(float(values["seconds"]))
        case "resume":
            node.resume()
        case "recalibrate":
            node.recalibrate()
        case "reload":
            node.reload()
        case "acknowledge":
            return {"known": node.acknowledge(str(values["id"]))}
        case "false_alarm":
            return {"known": node.false_alarm(values.get("id"))}
        case "speed":
            node.speed(float(values["km_h"]))
        case "stats":
            return node.stats()
        case _:
            raise UsageError(f"{verb}: not supported by this version")
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

    def serve(self, node: Asked) -> None:
        """Carry out everything that waits."""
        while not self._waiting.empty():
            verb, values, answer = self._waiting.get()
            if not answer.set_running_or_notify_cancel():
                continue  # whoever asked has given up
            try:
                answer.set_result(carry_out(node, verb, values))
            except Exception as fault:
                answer.set_exception(fault)
