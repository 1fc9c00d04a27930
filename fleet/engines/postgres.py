"""PostgreSQL from Debian."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import psycopg

from fer_edge.errors import UnavailableError
from fleet.engines.process import Engine, folder, own, run

_CONF = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 60
shared_buffers = 256MB
max_wal_size = 2GB
wal_compression = on
checkpoint_timeout = 10min
log_min_messages = warning
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
"""


def binaries() -> Path:
    """The folder of the newest PostgreSQL, 14 or later. Raises UnavailableError."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found and int(found[-1].parts[-3]) >= 14:
        return found[-1].parent
    if on_path := shutil.which("postgres"):
        return Path(on_path).resolve().parent
    raise UnavailableError("PostgreSQL 14 or later is not installed: sudo apt install postgresql")


def engine(home: Path, port: int, password: str) -> Engine:
    """The server, its data prepared the first time."""
    data, programs = home / "postgres", binaries()
    if not (data / "PG_VERSION").exists():
        folder(home)
        secret = home / "postgres.password"
        secret.write_text(password)
        secret.chmod(0o600)
        own(secret)
        who = ("-U", "fleet", "-A", "scram-sha-256", f"--pwfile={secret}")
        run([programs / "initdb", "-D", data, *who, "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"])
        with (data / "postgresql.conf").open("a") as file:
            file.write(_CONF.format(port=port))
    dsn = f"postgresql://fleet:{password}@127.0.0.1:{port}/postgres"
    # SIGINT: a fast shutdown, without waiting for those connected.
    return Engine("postgresql", home, [programs / "postgres", "-D", data], lambda: _ready(dsn), end=signal.SIGINT)


def create_database(port: int, password: str) -> None:
    """The database ``fleet``, unless it is there."""
    with psycopg.connect(f"postgresql://fleet:{password}@127.0.0.1:{port}/postgres", autocommit=True) as db:
        if not db.execute("SELECT 1 FROM pg_database WHERE datname = 'fleet'").fetchone():
            db.execute("CREATE DATABASE fleet")


def _ready(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
