"""Engines for the tests that need them: RabbitMQ, PostgreSQL and Prometheus from Debian, in a folder of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fleet import identity, queues
from fleet.engines import Bed
from fleet.management import Management
from fleet.store import connect
from tests.conftest import ROOT

Db = psycopg.Connection[Any]
Ingesting = Callable[[], AbstractContextManager["subprocess.Popen[bytes]"]]


@pytest.fixture(scope="session")
def bed() -> Iterator[Bed]:
    """Three brokers and a database, up; in the folder that FER_EDGE_TEST_FLEET names they are left running."""
    wanted = os.environ.get("FER_EDGE_TEST_FLEET")
    if not wanted:
        pytest.skip("needs RabbitMQ and PostgreSQL and some minutes: make test-fleet")
    if wanted != "1":
        bed = Bed.at(Path(wanted))
        bed.up(with_ingest=False)
        yield bed
        return
    home = Path(tempfile.mkdtemp(prefix="fleet-"))
    home.chmod(0o755)  # the engines run under an account of their own
    bed = Bed.at(home)
    try:
        bed.up(with_ingest=False)
        yield bed
    finally:
        bed.down()
        shutil.rmtree(home)


@pytest.fixture
def db(bed: Bed) -> Iterator[Db]:
    """A connection to the fleet's database."""
    with connect(bed.settings.database) as connection:
        yield connection


@pytest.fixture
def passwords(bed: Bed, db: Db) -> Iterator[dict[str, str]]:
    """Two nodes, enrolled."""
    broker = Management(bed.settings)
    with queues.connect(bed.settings) as connection:
        queues.declare(connection.channel(), bed.settings.prefix)
    yield identity.enrol(broker, db, ["cab-1", "cab-2"], bed.settings.prefix)
    db.execute("DELETE FROM enrolled WHERE node LIKE 'cab-%'")


@pytest.fixture
def ingesting(bed: Bed) -> Ingesting:
    """Runs the ingest while the block lasts."""

    @contextmanager
    def run() -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "-m", "fleet", "ingest", "--config", str(bed.config)]
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)

    return run


def eventually(check: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What ``check`` gives once it is true."""
    until = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.1)
    return found
