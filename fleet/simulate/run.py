"""A simulation from beginning to verdict."""

from __future__ import annotations

import heapq
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from fer_edge.errors import UnavailableError, UsageError
from fleet import identity, queues
from fleet.engines.process import allow_files
from fleet.management import Management
from fleet.settings import FleetSettings
from fleet.simulate.clocks import Course, NodeClock
from fleet.simulate.drives import library, thinned
from fleet.simulate.node import Node, Trouble, garbage
from fleet.simulate.truth import Truth, Verdict, judge, latencies, stored_events
from fleet.simulate.wires import DIALS_PER_S, Wires
from fleet.store import connect

_log = logging.getLogger(__name__)

SPARE_FILES = 500
"""That a process opens beside its connections."""
_TURN = 100
"""Steps of nodes between two looks at the connections."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated. ``hours`` simulated hours pass ``speed`` times as fast as ours."""

    nodes: int = 50
    hours: float = 1 / 60
    speed: float = 1.0
    state_s: float = 1.0
    state_qos: int = 0
    request_qos: int = 0
    requests: bool = True
    drives: int = 24
    drive_s: float = 300.0
    act_every_s: float = 60.0
    seed: int = 1
    cut_every_h: float = 0.0
    cut_longest_s: float = 3600.0
    restart_every_h: float = 0.0
    doubled: float = 0.01
    garbage: float = 0.0
    drain_s: float = 300.0

    @property
    def connecting_s(self) -> float:
        """How long all logins take at least, seconds of ours."""
        return self.nodes / DIALS_PER_S

    def __post_init__(self) -> None:
        """Raises UsageError for what cannot be simulated."""
        for name in ("nodes", "drives"):
            if getattr(self, name) < 1:
                raise UsageError(f"--{name} {getattr(self, name)}: at least 1")
        for name in ("hours", "speed", "state_s", "drive_s", "act_every_s", "cut_longest_s"):
            if not 0 < getattr(self, name) < float("inf"):
                raise UsageError(f"--{name.replace('_', '-')} {getattr(self, name):g}: more than 0")
        for name in ("state_qos", "request_qos"):
            if getattr(self, name) not in (0, 1):
                raise UsageError(f"--{name.replace('_', '-')} {getattr(self, name)}: 0 or 1")


@dataclass
class Report:
    """What happened: the verdict, and how fast."""

    verdict: Verdict
    seconds: float
    drained_s: float
    connections: int
    dropped: int
    broken: int
    latency_s: dict[str, float]

    def text(self) -> str:
        """For a person and a program: one JSON object."""
        values: dict[str, Any] = {"verdict": self.verdict.json(), "seconds": round(self.seconds, 1)}
        values |= {"drained_s": round(self.drained_s, 1), "connections": self.connections, "dropped": self.dropped}
        values |= {"broken_payloads": self.broken}
        values |= {"event_to_row_s": self.latency_s}
        return json.dumps(values)


class Simulation:
    """Nodes on one thread; ``tell`` hears of the progress a line at a time."""

    def __init__(self, settings: FleetSettings, plan: Plan, cache: Path) -> None:
        self._settings, self._plan = settings, plan
        allow_files(plan.nodes + SPARE_FILES)
        self.truth = Truth()
        self._wires = Wires()
        self._random = Random(plan.seed)
        names = [f"sim-{number:05d}" for number in range(1, plan.nodes + 1)]
        with connect(settings.database) as db:
            passwords = identity.enrol(Management(settings), db, names, settings.prefix)
        with queues.connect(settings) as broker:
            queues.declare(broker.channel(), settings.prefix)
        drives = library(cache / "drives.pickle", plan.drives, plan.drive_s, plan.act_every_s)
        drives = [thinned(one, plan.state_s / 2) for one in drives]
        self.began = time.time()
        self.course = Course(self.began - plan.hours * 3600 * (1 - 1 / plan.speed), time.monotonic(), plan.speed)
        trouble = Trouble(
            cut_every_s=plan.cut_every_h * 3600,
            cut_s=(min(5.0, plan.cut_longest_s), plan.cut_longest_s),
            restart_every_s=plan.restart_every_h * 3600,
            doubled=plan.doubled,
        )
        members = [(one.host, one.mqtt) for one in settings.broker.members]
        self.nodes = [
            Node(
                name,
                passwords[name],
                settings.prefix,
                members,
                self._wires,
                NodeClock(self.course, self._skew(), trusted=number % 25 != 24),
                drives,
                self.truth,
                trouble,
                plan.state_s,
                plan.state_qos,
                plan.request_qos if plan.requests else None,
            )
            for number, name in enumerate(names)
        ]
        self.broken = 0

    def _skew(self) -> float:
        """Most clocks are right to a second or two, some minutes off."""
        return self._random.gauss(0, 1) if self._random.random() < 0.9 else self._random.uniform(-600, 600)

    def run(self, meanwhile: Callable[[float], None] = lambda _: None) -> Report:
        """Produce, drain, stop, and judge. ``meanwhile`` is called about ten times a second with seconds gone."""
        plan, began = self._plan, time.monotonic()
        until = began + plan.hours * 3600 / plan.speed
        spread = max(plan.state_s, plan.connecting_s * plan.speed)
        start = self.course.now()
        heap = [(start + spread * number / plan.nodes, number) for number in range(plan.nodes)]
        self._turn(heap, until, meanwhile, began)
        for node in self.nodes:
            node.end_events()
        drained = self._drain(meanwhile, began)
        for node in self.nodes:
            node.end()
        self._wires.serve(0.2)
        self._await_ingest(meanwhile, began)
        with connect(self._settings.database) as db:
            names = [node.name for node in self.nodes]
            states = db.execute(
                "SELECT count(*) FROM states WHERE node = ANY (%s) AND received_at >= to_timestamp(%s) AND time_ok",
                (names, self.began),
            ).fetchone()
            verdict = judge(self.truth, stored_events(db, names), states[0] if states else 0)
            latency = latencies(self.truth, db)
        for node in self.nodes:
            node.outbox.close()
        dropped = sum(len(node.faults) for node in self.nodes)
        connections = sum(node.switched_on for node in self.nodes)
        return Report(verdict, time.monotonic() - began, drained, connections, dropped, self.broken, latency)

    def _turn(
        self, heap: list[tuple[float, int]], until: float, meanwhile: Callable[[float], None], began: float
    ) -> None:
        told = 0.0
        while (now := time.monotonic()) < until:
            for _ in range(_TURN):  # however late we are, the wires are served and the progress told
                if heap[0][0] > self.course.now():
                    break
                _, number = heapq.heappop(heap)
                heapq.heappush(heap, (self.nodes[number].step(), number))
            self._wires.serve(min(max(self.course.real(heap[0][0]) - time.monotonic(), 0.0), 0.1))
            if now - told > 0.1:
                told = now
                self._break_something()
                meanwhile(now - began)

    def _break_something(self) -> None:
        if self._random.random() < self._plan.garbage:
            node = self._random.choice(self.nodes)
            if node.wire.up and node.wire.publish(garbage(self._random, node.topics)) is not None:
                self.broken += 1

    def _drain(self, meanwhile: Callable[[float], None], began: float) -> float:
        """Every link comes back and says what it has kept."""
        start = time.monotonic()
        nodes = [node for node in self.nodes if node.switched_on]
        for node in nodes:
            node.hurry()
        while not all(node.settled for node in nodes):
            if time.monotonic() - start > self._plan.drain_s:
                left = sum(not node.settled for node in nodes)
                raise UnavailableError(
                    f"{left} nodes could not deliver everything within {self._plan.drain_s:g} s; is the broker down?"
                )
            for node in nodes:
                node.step(producing=False)
            self._wires.serve(0.05)
            meanwhile(time.monotonic() - began)
        return time.monotonic() - start

    def _await_ingest(self, meanwhile: Callable[[float], None], began: float) -> None:
        """Until as much is stored as was said, or nothing comes any more."""
        wanted, last, changed = self.truth.count, (-1, -1), time.monotonic()
        with connect(self._settings.database) as db, queues.connect(self._settings) as broker:
            channel = broker.channel()
            while time.monotonic() - changed < 20.0:
                row = db.execute(
                    "SELECT sum(r) FROM (SELECT (SELECT sum(upper(x) - lower(x)) FROM unnest(received) x) AS r"
                    " FROM runs WHERE run = ANY (%s)) t",
                    (list({one.run for said in self.truth.events.values() for one in said}),),
                ).fetchone()
                waiting = sum(queues.depths(channel).values())
                stored = int(row[0] or 0) if row else 0
                if stored >= wanted and not waiting:
                    time.sleep(2.0)  # what a worker still holds is written within its wait
                    return
                if (stored, waiting) != last:
                    last, changed = (stored, waiting), time.monotonic()
                meanwhile(time.monotonic() - began)
                time.sleep(0.3)
