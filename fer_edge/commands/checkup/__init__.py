"""What ``fer-edge doctor`` looks at: each check answers with findings, and none changes anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fer_edge.commands.checkup.finding import Finding
from fer_edge.commands.checkup.machine import alarm, clock, disk, heat, permissions, service
from fer_edge.commands.checkup.reaching import broker, page
from fer_edge.commands.checkup.seeing import camera, models
from fer_edge.settings import Settings

CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    models,
    camera,
    broker,
    page,
    alarm,
    clock,
    heat,
    permissions,
    disk,
    service,
)

__all__ = ["CHECKS", "Finding"]
