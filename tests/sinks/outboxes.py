"""Outboxes of tests that end as a kill does: what they leave open is closed after them."""

from __future__ import annotations

from pathlib import Path

from fer_edge.sinks.mqtt.outbox import Outbox

MADE: list[Outbox] = []


def outbox(
    path: Path | None, wall: float, *, count: int = 1000, age_s: float = 1e9, spare: Path | None = None
) -> Outbox:
    """An outbox of at most ``count`` messages that are at most ``age_s`` old."""
    MADE.append(Outbox(path, max_messages=count, max_age_s=age_s, wall=wall, spare=spare))
    return MADE[-1]
