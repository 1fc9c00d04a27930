"""From the broker's queues to the database: written in batches, acknowledged after the commit.

A worker that loses either side gives both up and begins again: what it had not acknowledged, the broker delivers
again, and the database knows what it has.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import psycopg
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError
from pika.spec import Basic, BasicProperties
from prometheus_client import start_http_server

from fer_edge.errors import UnavailableError
from fleet import metrics, queues
from fleet.messages import Dead, Message, read, topic_of
from fleet.settings import FleetSettings
from fleet.store import Store, connect

_log = logging.getLogger(__name__)

_AGAIN_S = (0.5, 15.0)
_TIDY_S = 3600.0


class Worker:
    """One reader of the queues; :meth:`run` returns once ``stop`` is set and what was taken is written."""

    def __init__(self, settings: FleetSettings, stop: threading.Event) -> None:
        self._settings = settings
        self._stop = stop
        self._batch: list[Message | Dead] = []
        self._last_tag = 0
        self._first_at = 0.0
        self._tidied_at = float("-inf")

    def run(self) -> None:
        """Read and write until stopped; faults of broker and database are waited out."""
        wait_s = _AGAIN_S[0]
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._work()
            except (UnavailableError, AMQPError, psycopg.Error, OSError) as error:
                side = "database" if isinstance(error, psycopg.Error) or "database" in str(error) else "broker"
                metrics.FAULTS.labels(side).inc()
                _log.warning("%s: %s; beginning again", side, " ".join(str(error).split()) or type(error).__name__)
                wait_s = _AGAIN_S[0] if time.monotonic() - began > 60 else min(2 * wait_s, _AGAIN_S[1])
                self._stop.wait(wait_s)

    def _work(self) -> None:
        self._batch, self._last_tag = [], 0
        with connect(self._settings.database) as db:
            store = Store(db)
            store.migrate()
            connection = queues.connect(self._settings)
            try:
                channel = connection.channel()
                queues.declare(channel, self._settings.prefix)
                channel.basic_qos(prefetch_count=2 * self._settings.ingest.batch)
                for queue in queues.QUEUES:
                    channel.basic_consume(queue, self._take)
                _log.info("reading %s", ", ".join(queues.QUEUES))
                while not self._stop.is_set():
                    connection.process_data_events(self._patience_s())
                    self._write_when_due(store, channel)
                    self._tidy(store)
                self._write(store, channel)
            finally:
                if connection.is_open:
                    connection.close()

    def _take(self, _channel: BlockingChannel, how: Basic.Deliver, _more: BasicProperties, body: bytes) -> None:
        if not self._batch:
            self._first_at = time.monotonic()
        self._batch.append(read(topic_of(how.routing_key or ""), body, datetime.now(UTC)))
        self._last_tag = how.delivery_tag or 0

    def _patience_s(self) -> float:
        wait_s = self._settings.ingest.wait_s
        if self._batch:
            wait_s -= time.monotonic() - self._first_at
        return max(wait_s, 0.0)

    def _write_when_due(self, store: Store, channel: BlockingChannel) -> None:
        late = time.monotonic() - self._first_at >= self._settings.ingest.wait_s
        if self._batch and (late or len(self._batch) >= self._settings.ingest.batch):
            self._write(store, channel)

    def _write(self, store: Store, channel: BlockingChannel) -> None:
        if not self._batch:
            return
        with metrics.WRITE_S.time():
            done = store.write(self._batch)
        channel.basic_ack(self._last_tag, multiple=True)
        metrics.count(done)
        self._batch = []

    def _tidy(self, store: Store) -> None:
        if time.monotonic() - self._tidied_at < _TIDY_S:
            return
        self._tidied_at = time.monotonic()
        dropped = store.tidy(self._settings.keep, datetime.now(UTC))
        if dropped:
            _log.info("past their keeping, dropped: %s", ", ".join(dropped))


def serve(settings: FleetSettings, number: int) -> None:
    """One worker in this process until SIGTERM or SIGINT; metrics on its own port."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, end)
    port = settings.ingest.metrics_port + number
    try:
        server, _ = start_http_server(port, "127.0.0.1")
    except OSError as error:
        raise UnavailableError(f"ingest.metrics_port {port}: {error.strerror}; set another") from error
    Worker(settings, stop).run()
    server.shutdown()


def supervise(settings: FleetSettings, config: Path) -> int:
    """As many workers as the settings say, each a process; one that dies is started again."""
    stop = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda _number, _frame: stop.set())
    command = [sys.executable, "-m", "fleet", "ingest", "--config", str(config), "--worker"]
    running: dict[int, subprocess.Popen[bytes]] = {}
    while not stop.is_set():
        for number in range(settings.ingest.workers):
            if number not in running or running[number].poll() is not None:
                if number in running:
                    _log.warning("worker %d ended with %s; starting it again", number, running[number].returncode)
                running[number] = subprocess.Popen([*command, str(number)])
        stop.wait(1.0)
    for worker in running.values():
        worker.terminate()
    return max((worker.wait(30) for worker in running.values()), default=0)
