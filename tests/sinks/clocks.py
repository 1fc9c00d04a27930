"""A clock set by hand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class HandClock:
    """Wall clock and boot clock that only move when told to."""

    wall_s: float = 1_795_000_000.0
    ticks_s: float = 100.0
    ok: bool = True
    boot_id: str = "boot-1"

    def wall(self) -> float:
        return self.wall_s

    def ticks(self) -> float:
        return self.ticks_s

    def wall_ok(self) -> bool:
        return self.ok

    def boot(self) -> str:
        return self.boot_id

    def pass_s(self, seconds: float) -> None:
        self.wall_s += seconds
        self.ticks_s += seconds
