"""Several workers on the same queues: what each must not do alone, and what only one may do."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from pika.exceptions import ChannelClosedByBroker

from fleet import queues
from fleet.engines import Bed
from fleet.store import Store, connect
from tests.fleet.conftest import Db, Ingesting, eventually

pytestmark = pytest.mark.timeout(200)
NODES = 500
WORDS = "SELECT count(*) FROM retained WHERE node LIKE 'word-%%' AND body = %s"


def say(bed: Bed, *words: bytes) -> None:
    """Every node says these words, one right after the other."""
    with queues.connect(bed.settings) as connection:
        channel = connection.channel()
        channel.confirm_delivery()  # as a node's are: what is not confirmed the broker may lose
        queues.declare(channel, bed.settings.prefix)
        for number in range(NODES):
            for word in words:
                channel.basic_publish(queues.EXCHANGE, f"{bed.settings.prefix}.word-{number}.camera", word)


def readers(bed: Bed) -> int:
    with queues.connect(bed.settings) as connection:
        try:
            found = connection.channel().queue_declare(queues.STATES, passive=True)
        except ChannelClosedByBroker:
            return 0  # not there before its first reader
    return int(found.method.consumer_count)


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_the_last_word_counts_with_two_workers_and_when_the_one_that_reads_words_is_killed(
    bed: Bed, db: Db, ingesting: Ingesting
) -> None:
    db.execute("DELETE FROM retained WHERE node LIKE 'word-%'")
    with ingesting() as ingest:
        eventually(lambda: readers(bed) == 2)
        say(bed, b"offline", b"online")
        eventually(lambda: db.execute(WORDS, ('"online"',)).fetchone() == (NODES,))
        say(bed, b"disabled", b"offline")
        for worker in children(ingest.pid):  # one of them reads the words
            os.kill(worker, signal.SIGKILL)
        eventually(lambda: db.execute(WORDS, ('"offline"',)).fetchone() == (NODES,))
    db.execute("DELETE FROM retained WHERE node LIKE 'word-%'")


def test_a_connection_is_the_one_until_it_ends(bed: Bed) -> None:
    first, second = (Store(connect(bed.settings.database)) for _ in range(2))
    assert first.alone()
    assert not second.alone()
    first.db.close()
    assert eventually(second.alone)
    second.db.close()
