"""Small things kept over a restart: what was learned of the driver, and how the last run ended."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer_edge import durable

log = logging.getLogger(__name__)

_MOST_BYTES = 1_000_000
_KEPT_S = 8 * 86_400.0
"""As long as anything is kept: a file that nobody has written to for so long holds nothing younger."""


def state_dir(configured: str | None) -> Path:
    """Where state lives: the configured folder, systemd's, or the user's."""
    if configured:
        return Path(configured).expanduser()
    if os.environ.get("STATE_DIRECTORY"):
        return Path(os.environ["STATE_DIRECTORY"].split(":")[0])
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "fer-edge"


class Memory:
    """JSON files in the state folder, written whole or not at all.

    A folder that cannot be written costs what would be remembered, never the run; it is said once.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writable = True
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            self._cannot(folder, fault)
        for damaged in folder.glob("*.damaged"):
            self.let_go(damaged.name)

    def load(self, name: str) -> dict[str, Any] | None:
        """What was saved under this name; None where there is nothing that can be read."""
        path = self.folder / f"{name}.json"
        try:
            with path.open("rb") as file:
                data = json.loads(file.read(_MOST_BYTES).decode("utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as fault:
            log.warning("%s: cannot be read (%s); starting without it", path, fault)
            return None
        except (ValueError, RecursionError) as fault:
            aside = path.with_suffix(".json.damaged")
            log.warning("%s: damaged (%s); kept as %s, starting without it", path, fault, aside.name)
            with contextlib.suppress(OSError):
                path.replace(aside)
            return None
        return data if isinstance(data, dict) else None

    def save(self, name: str, data: Mapping[str, Any]) -> None:
        """Keep these values under this name; a power cut leaves the old ones or the new ones."""
        path = self.folder / f"{name}.json"
        try:
            durable.write(path, json.dumps(data).encode())
        except OSError as fault:
            self._cannot(path, fault)

    def let_go(self, names: str) -> None:
        """Delete the files of these names that nobody tidies up any more, when the last of them is old enough."""
        with contextlib.suppress(OSError):
            files = list(self.folder.glob(names))
            if files and time.time() - max(file.stat().st_mtime for file in files) > _KEPT_S:
                for file in files:
                    file.unlink()

    def _cannot(self, path: Path, fault: OSError) -> None:
        if self.writable:
            log.warning("%s: cannot be written (%s); continuing without saving", path, fault.strerror)
        self.writable = False
