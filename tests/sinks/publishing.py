"""A daemon's publishing half as a process of its own, so that it can be killed.

``publishing.py CONFIG STATE_DIR FIRST LAST STEP_S`` hands over event messages FIRST to LAST - 1, each
marked ``n``, and prints each number once it is stored. STEP_S is the simulated time between them.
Afterwards it stays, as a daemon does, until its standard input ends.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from fer_edge.core import Event, Level, Phase
from fer_edge.settings import Settings
from fer_edge.sinks.clock import SystemClock
from fer_edge.sinks.mqtt import MqttSink
from fer_edge.sinks.payloads import info_payload


@dataclass
class SteppedClock:
    """The system's clocks, moved on by hand."""

    moved_s: float = 0.0

    def wall(self) -> float:
        return time.time() + self.moved_s

    def ticks(self) -> float:
        return SystemClock().ticks() + self.moved_s

    def wall_ok(self) -> bool:
        return True

    def boot(self) -> str:
        return SystemClock().boot()


def message(n: int) -> Event:
    """Pairs of start and end: message 2k starts what 2k + 1 ends."""
    phase = Phase.START if n % 2 == 0 else Phase.END
    return Event(n // 2, "fatigue", "microsleep", phase, Level.WARNING, n / 10, n / 10, 1.5, {"n": n})


def stored(sink: MqttSink, timeout_s: float) -> bool:
    """Wait until every event handed over is stored."""
    with sink._stored_more:
        return sink._stored_more.wait_for(lambda: sink._stored >= sink._handed_over, timeout_s)


def main(config: str, state_dir: str, first: str, last: str, step_s: str) -> None:
    logging.basicConfig(level="INFO", stream=sys.stderr)
    settings = Settings.model_validate(json.loads(config))
    clock = SteppedClock(int(first) * float(step_s))
    sink = MqttSink(
        settings, state_dir=Path(state_dir), info=lambda outbox: info_payload(settings, [], outbox), clock=clock
    )
    sink.start()
    for n in range(int(first), int(last)):
        clock.moved_s += float(step_s)
        sink.event(message(n))
        if not stored(sink, 30):
            raise SystemExit("not stored in 30 s")
        print(n, flush=True)
    sys.stdin.read()
    sink.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
