"""One daemon for one state folder: two would publish as one node and write over what the other keeps."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fer_edge.errors import UnavailableError

_NAME = "running"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder for as long as this block runs. Raises UnavailableError where another process has it.

    The kernel holds it for the process, so however that ends, the folder is free again. A folder that cannot be
    written is nobody's: nothing is kept there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError:
        yield
        return
    with os.fdopen(lock, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = file.read(20).strip()
            raise UnavailableError(
                f"{folder} is in use by another fer-edge{pid and f' (pid {pid})'}; stop it "
                "(sudo systemctl stop fer-edge), or give this one its own state_dir and node"
            ) from None
        except OSError:
            pass  # a file system without locks
        with suppress(OSError):  # a full disk: only the number is missing
            os.ftruncate(lock, 0)
            os.pwrite(lock, b"%d\n" % os.getpid(), 0)
        yield
