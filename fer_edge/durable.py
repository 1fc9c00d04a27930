"""Files that outlive a power cut: the old one or the new one, never half of it."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)


def write(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write ``content`` beside ``path``, have it on the disk, and rename it; ``mode`` is less what the umask forbids.

    Raises OSError, with what was there before left as it was.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise


def is_damage(error: Exception) -> bool:
    """Whether a file of SQLite itself is bad, not the disk, the rights or another process."""
    text = str(error)
    return isinstance(error, sqlite3.DatabaseError) and any(
        sign in text for sign in ("malformed", "not a database", "is damaged", "no such column", "has no column")
    )


def set_aside(path: Path, what: str) -> None:
    """Keep a damaged file of SQLite beside the new one for whoever wants to look; one is enough. Never raises."""
    try:
        aside = path.with_suffix(".damaged")
        path.replace(aside)
        for tail in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + tail).unlink(missing_ok=True)
        log.error("%s %s is damaged: set aside as %s, starting a new one", what, path, aside)
    except OSError as error:
        log.error("%s %s is damaged and cannot be set aside: %s", what, path, error)


class Place:
    """Whether an open file is still the one that its path names: SQLite does not notice when it is removed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[Path, tuple[int, int]] = {}
        self.kept()

    def kept(self) -> bool:
        """False once file or journal were removed or exchanged."""
        for path in (self._path, self._path.with_name(self._path.name + "-wal")):
            try:
                seen = path.stat()
            except OSError:
                if path in self._known:
                    return False
                continue
            if self._known.setdefault(path, (seen.st_dev, seen.st_ino)) != (seen.st_dev, seen.st_ino):
                return False
        return True
