"""What the daemon does when it is asked to over MQTT. Runs in the main loop, between two frames."""

from __future__ import annotations

from collections.abc import Mapping
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
