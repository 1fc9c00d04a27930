"""Files that outlive a power cut: the old one or the new one, never half of it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


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
