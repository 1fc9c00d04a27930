"""The proof under load: simulated nodes while a broker member, the ingest, the database and its disk fail in turn."""

from __future__ import annotations

import itertools
import json
import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psycopg
from pika.exceptions import AMQPError
from psycopg import sql

from fer_edge.errors import FerEdgeError, UnavailableError
from fleet import queues
from fleet.engines import Bed
from fleet.engines.process import allow_files, folder
from fleet.settings import FleetSettings
from fleet.simulate.run import SPARE_FILES, Plan, Simulation
from fleet.simulate.truth import latencies
from fleet.store import connect

_log = logging.getLogger(__name__)

_ROOM = 128 * 1024
"""Bytes that are left on the disk that runs full."""
_EVERY = 5
"""Seconds between two looks at the processes."""
_RATE_S = 10.0
_CALM = 500
"""So many messages waiting are no backlog."""


@dataclass
class Outcome:
    """One fault: how long it lasted, the most that waited, and how long after its end until little did."""

    name: str
    at_s: float
    lasted_s: float = 0.0
    most_waiting: int = 0
    drained_s: float | None = None


@dataclass
class Watch:
    """Samples processor, memory and queues while a block runs; faults are told to it."""

    bed: Bed
    settings: FleetSettings
    began: float = field(default_factory=time.monotonic)
    waiting: int = 0
    most_waiting: int = 0
    cpu_s: dict[str, float] = field(default_factory=dict)
    memory_mb: dict[str, float] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def progress(self, simulation: Simulation) -> Callable[[float], None]:
        """To be called often with seconds gone: what the broker confirms, every ten seconds."""
        last = [0.0, 0]

        def look(gone: float) -> None:
            if gone - last[0] < _RATE_S:
                return
            told = simulation.truth.taken
            rate = (told - last[1]) / (gone - last[0])
            last[:] = gone, told
            self.rates.append(round(rate, 1))
            up = sum(node.wire.up for node in simulation.nodes)
            _log.info("%5.0f s: %d nodes connected, %.0f messages/s, %d waiting", gone, up, rate, self.waiting)

        return look

    @contextmanager
    def running(self) -> Iterator[None]:
        """Sample until the block ends."""
        thread = threading.Thread(target=self._sample)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _sample(self) -> None:
        """Queues every second over one connection, made again where its member dies; processes every five."""
        first: dict[int, float] = {}
        last: dict[int, tuple[str, float]] = {}
        turns = itertools.count()
        while not self._stop.is_set():
            with suppress(FerEdgeError, AMQPError, OSError), queues.connect(self.settings) as broker:
                channel = broker.channel()
                while not self._stop.wait(1.0):
                    if next(turns) % _EVERY == 0:
                        self._look(first, last)
                    self.waiting = sum(queues.depths(channel).values())
                    self.most_waiting = max(self.most_waiting, self.waiting)
            self._stop.wait(1.0)
        self._look(first, last)
        for pid, (part, cpu_s) in last.items():
            self.cpu_s[part] = self.cpu_s.get(part, 0.0) + cpu_s - first[pid]

    def _look(self, first: dict[int, float], last: dict[int, tuple[str, float]]) -> None:
        memory: dict[str, float] = {}
        for pid, part, cpu_s, rss_mb in self._processes():
            first.setdefault(pid, cpu_s)
            last[pid] = (part, cpu_s)
            memory[part] = memory.get(part, 0.0) + rss_mb
        for part, mb in memory.items():
            self.memory_mb[part] = max(self.memory_mb.get(part, 0.0), mb)

    def _processes(self) -> Iterator[tuple[int, str, float, float]]:
        """Number, part, processor seconds and resident MB of every process of the engines and of this one."""
        parts = {engine.pid: name for name, engine in self.bed.engines.items() if engine.pid}
        parts[os.getpid()] = "simulator"
        parents: dict[int, int] = {}
        used: dict[int, tuple[float, float]] = {}
        tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, IndexError, ValueError):
                words = (entry / "stat").read_text().rpartition(")")[2].split()
                shared = int((entry / "statm").read_text().split()[2])
                parents[int(entry.name)] = int(words[1])
                used[int(entry.name)] = (
                    (int(words[11]) + int(words[12])) / tick,
                    (int(words[21]) - shared) * page / 2**20,
                )
        for pid, (cpu_s, rss_mb) in used.items():
            above: int | None = pid
            while above is not None and above not in parts:
                above = parents.get(above)
            if above is not None:
                yield pid, parts[above], cpu_s, rss_mb


def _member_killed(bed: Bed) -> Callable[[], None]:
    bed.engines["rabbit2"].kill()
    return bed.engines["rabbit2"].start


def _ingest_killed(bed: Bed) -> Callable[[], None]:
    bed.engines["ingest"].kill()
    return bed.engines["ingest"].start


def _database_restarted(bed: Bed) -> Callable[[], None]:
    bed.engines["postgresql"].stop()
    return bed.engines["postgresql"].start


def _disk_full(bed: Bed) -> Callable[[], None]:
    """Today's states move to a disk of their own with hardly any room, and back. Raises UnavailableError."""
    place = folder(bed.home / "small")
    with connect(bed.settings.database) as db:
        query = (
            # Indexes stay where they are.
            "SELECT c.relname, pg_table_size(c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        )
        query += " WHERE i.inhparent = 'states'::regclass ORDER BY 2 DESC LIMIT 1"
        name, size = db.execute(query).fetchone() or ("", 0)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size + _ROOM}", "tmpfs", place], capture_output=True, check=False
        )
        if mounted.returncode:
            raise UnavailableError("disk full: this account cannot mount a small disk; run as root")
        folder(place)
        db.execute(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(sql.Literal(str(place))))
        db.execute(sql.SQL("ALTER TABLE {} SET TABLESPACE small").format(sql.Identifier(name)))

    def end() -> None:
        with connect(bed.settings.database) as db:
            db.execute(sql.SQL("ALTER TABLE {} SET TABLESPACE pg_default").format(sql.Identifier(name)))
            db.execute("DROP TABLESPACE small")
        subprocess.run(["umount", place], check=True)

    return end


FAULTS = {
    "a broker member is killed": _member_killed,
    "the ingest is killed": _ingest_killed,
    "the database is restarted": _database_restarted,
    "the database's disk is full": _disk_full,
}


def run_faults(watch: Watch, first_s: float, share: float, end: threading.Event) -> Iterator[Outcome]:
    """From ``first_s`` on each fault in turn, a fifth of its share of seconds down, the rest to recover."""
    for number, (name, begin) in enumerate(FAULTS.items()):
        if end.wait(max(watch.began + first_s + number * share - time.monotonic(), 0.0)):
            return
        outcome = Outcome(name, round(time.monotonic() - watch.began, 1))
        watch.most_waiting = 0
        began = time.monotonic()
        try:
            mend = begin(watch.bed)
            end.wait(min(share / 5, 60.0))
            mend()
        except (FerEdgeError, psycopg.Error, OSError) as error:
            outcome.name += f": not tried ({' '.join(str(error).split())})"
            yield outcome
            continue
        mended = time.monotonic()
        outcome.lasted_s = round(mended - began, 1)
        watch.waiting = max(watch.waiting, _CALM)
        while watch.waiting >= _CALM and not end.wait(0.5) and time.monotonic() - mended < share:
            pass
        outcome.most_waiting = watch.most_waiting
        outcome.drained_s = round(time.monotonic() - mended, 1) if watch.waiting < _CALM else None
        yield outcome


def prove(home: Path, plan: Plan, *, calm: bool = False) -> int:
    """Bring the bed up, simulate, fail in turn, judge; prints one JSON object."""
    allow_files(plan.nodes + SPARE_FILES)  # the members take over what this process may
    bed = Bed.at(home)
    bed.up()
    simulation = Simulation(bed.settings, plan, home)
    watch, outcomes, end = Watch(bed, bed.settings), list[Outcome](), threading.Event()
    seconds = plan.hours * 3600 / plan.speed
    share = max(seconds - plan.connecting_s, 0.0) / (len(FAULTS) + 1)  # the first is calm, once all have connected
    first_s = seconds - len(FAULTS) * share
    faults = threading.Thread(target=lambda: outcomes.extend(run_faults(watch, first_s, share, end)))
    with watch.running():
        if not calm:
            faults.start()
        report = simulation.run(watch.progress(simulation))
        end.set()
        if not calm:
            faults.join()
    lasted = time.monotonic() - watch.began
    first_fault = time.time() - lasted + (outcomes[0].at_s if outcomes else lasted)
    with connect(bed.settings.database) as db:
        before = latencies(simulation.truth, db, first_fault)
    print(
        json.dumps(
            json.loads(report.text())
            | {
                "plan": asdict(plan),
                "event_to_row_s_before_the_first_fault": before,
                "messages_per_s": round(simulation.truth.taken / seconds, 1),
                "messages_per_s_each_ten_seconds": watch.rates,
                "faults": [asdict(one) for one in outcomes],
                "cpu_percent": {part: round(100 * used / lasted, 1) for part, used in sorted(watch.cpu_s.items())},
                "cpu_ms_per_message": {
                    part: round(1000 * used / max(simulation.truth.taken, 1), 2)
                    for part, used in sorted(watch.cpu_s.items())
                },
                "memory_mb": {part: round(mb) for part, mb in sorted(watch.memory_mb.items())},
                "load": os.getloadavg()[1],
            },
            indent=1,
        )
    )
    return 0 if report.verdict.good else 1
