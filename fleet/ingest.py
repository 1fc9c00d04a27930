"""From the broker's queues to the database: written in batches, acknowledged after the commit.

A worker that loses either side ends, and another process takes its place: what it had not acknowledged, the broker
delivers again, and the database knows what it has.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError
from pika.frame import Method
from pika.spec import Basic, BasicProperties
from prometheus_client import start_http_server

from fer_edge.errors import UnavailableError
from fleet import metrics, queues
from fleet.messages import Dead, Message, read, topic_of
from fleet.settings import FleetSettings
from fleet.store import Store, connect, understood

_log = logging.getLogger(__name__)

_AGAIN_S, _STEADY_S = (0.5, 10.0), 30.0
_GOODBYE_S = 15.0
_TIDY_S = 3600.0
_ALONE_S = 5.0
"""Between two looks at whether the words have a reader."""


class Worker:
    """One reader of the queues; :meth:`run` returns once ``stop`` is set and what was taken is written."""

    def __init__(self, settings: FleetSettings, stop: threading.Event) -> None:
        self._settings = settings
        self._stop = stop
        self._batch: list[Message | Dead] = []
        self._last_tag = 0
        self._first_at = 0.0
        self._received = datetime.min.replace(tzinfo=UTC)
        self._tidied_at = self._words_at = float("-inf")

    def run(self) -> None:
        """Read and write until stopped.

        Raises UnavailableError, AMQPError, psycopg.Error or OSError where a side is lost. The connections are then
        not closed politely, which waits for a side that may hang: the process has to end.
        """
        store = Store(connect(self._settings.database))
        store.ready()
        connection = queues.connect(self._settings)
        channel = connection.channel()
        channel.add_on_cancel_callback(self._cancelled)
        queues.declare(channel, self._settings.prefix)
        channel.basic_qos(prefetch_count=2 * self._settings.ingest.batch)
        for queue in queues.SHARED:
            channel.basic_consume(queue, self._take)
        _log.info("reading %s", ", ".join(queues.SHARED))
        while not self._stop.is_set():
            self._read_words(store, channel)
            connection.process_data_events(self._patience_s())
            self._write_when_due(store, channel)
            self._tidy(store)
        self._write(store, channel)
        connection.close()
        store.db.close()

    def _read_words(self, store: Store, channel: BlockingChannel) -> None:
        """One worker of all reads the words, the next where that ends: two would store an offline over its online."""
        now = time.monotonic()
        if now < self._words_at:
            return
        self._words_at = now + _ALONE_S
        if store.alone():
            self._words_at = float("inf")
            channel.basic_consume(queues.WORDS, self._take)
            _log.info("reading %s", queues.WORDS)

    @staticmethod
    def _cancelled(frame: Method[Basic.Cancel]) -> None:
        raise AMQPError(f"queue of reader {frame.method.consumer_tag} is gone; its member died")

    def _take(self, _channel: BlockingChannel, how: Basic.Deliver, _more: BasicProperties, body: bytes) -> None:
        if not self._batch:
            self._first_at = time.monotonic()
        # What comes later is later, whatever the clock does: two words of a node may be microseconds apart.
        self._received = max(datetime.now(UTC), self._received + timedelta(microseconds=1))
        self._batch.append(read(topic_of(how.routing_key or ""), body, self._received))
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
            _log.info("expired and dropped: %s", ", ".join(dropped))


def serve(settings: FleetSettings, number: int) -> int:
    """One worker in this process until SIGTERM or SIGINT; metrics on its own port. Returns 1 where a side is lost."""
    stop = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda _number, _frame: stop.set())
    port = settings.ingest.metrics_port + number
    try:
        server, _ = start_http_server(port, settings.ingest.metrics_host)
    except OSError as error:
        raise UnavailableError(f"ingest.metrics_port {port}: {error.strerror}; set another") from error
    try:
        Worker(settings, stop).run()
    except (AMQPError, psycopg.Error, OSError) as error:
        side = "database" if isinstance(error, psycopg.Error) else "broker"
        _log.warning("worker %d: %s: %s", number, side, " ".join(str(error).split()) or type(error).__name__)
        return 1
    server.shutdown()
    return 0


def supervise(settings: FleetSettings, config: Path) -> int:
    """As many workers as the settings say, each a process; one that ends is started again, at first soon.

    Raises ConfigError for what no new start mends.
    """
    settings.broker.password()
    understood(settings.database)
    stop = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda _number, _frame: stop.set())
    command = [sys.executable, "-m", "fleet", "ingest", "--config", str(config), "--worker"]
    running: dict[int, subprocess.Popen[bytes]] = {}
    due = dict.fromkeys(range(settings.ingest.workers), 0.0)
    wait_s = dict.fromkeys(due, _AGAIN_S[0])
    while not stop.is_set():
        now = time.monotonic()
        for number, at in due.items():
            if number in running and running[number].poll() is not None:
                del running[number]
                wait_s[number] = _AGAIN_S[0] if now - at > _STEADY_S else min(2 * wait_s[number], _AGAIN_S[1])
                due[number] = now + wait_s[number]
            elif number not in running and now >= at:
                running[number] = subprocess.Popen([*command, str(number)])
        stop.wait(0.2)
    for worker in running.values():
        worker.terminate()
    for worker in running.values():
        try:
            worker.wait(_GOODBYE_S)
        except subprocess.TimeoutExpired:
            worker.kill()  # it hangs in a goodbye; what it had not acknowledged is delivered again
            worker.wait()
    return 0
