"""The folder of traces: readable by the service only, bounded by space and age, written whole or not at all."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from fer_edge import durable
from fer_edge.settings.traces import TraceSettings
from fer_edge.sinks.traces.trace import Trace, TraceError, dump, load

SUFFIX = ".trace.json.gz"
_MARKED = ".false-alarm"
FOLDER = "traces"


class TraceStore:
    """Traces below ``state_dir``; the name of a file says whether it is marked, so nothing is opened to tidy up."""

    def __init__(self, state_dir: Path, settings: TraceSettings) -> None:
        self.folder = state_dir / FOLDER
        self._most_bytes = settings.max_mb * 1e6
        self._most_age_s = settings.max_age_days * 86400

    def find(self, event_id: str) -> Path | None:
        """The file of an event, if it is kept."""
        for mark in ("", _MARKED):
            path = self.folder / f"{event_id}{mark}{SUFFIX}"
            if path.is_file():
                return path
        return None

    def all(self) -> list[Path]:
        """Every trace, newest first."""
        return sorted(self.folder.glob(f"*{SUFFIX}"), key=_changed, reverse=True)

    def write(self, trace: Trace) -> Path:
        """Keep a trace and let go what is beyond the bounds. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # another's folder, as on a shared disk
            self.folder.chmod(0o700)
        path = self.folder / f"{trace.id}{_MARKED if trace.false_alarm else ''}{SUFFIX}"
        durable.write(path, dump(trace), mode=0o600)
        self.tidy()
        return path

    def mark(self, event_id: str) -> bool:
        """Mark a kept event as a false alarm; False where it is not kept. Raises OSError or TraceError."""
        path = self.find(event_id)
        if path is None:
            return False
        trace = load(path)
        if not trace.false_alarm:
            self.write(trace.model_copy(update={"false_alarm": True}))
            path.unlink(missing_ok=True)
        return True

    def tidy(self) -> None:
        """Delete what is too old, then the oldest until the rest fits; marked ones last."""
        now = time.time()
        kept = self.all()
        for path in kept:
            if _MARKED not in path.name and now - _changed(path) > self._most_age_s:
                path.unlink(missing_ok=True)
        kept = sorted((path for path in kept if path.exists()), key=lambda path: (_MARKED in path.name, _changed(path)))
        size = sum(path.stat().st_size for path in kept)
        for path in kept[:-1]:
            if size <= self._most_bytes:
                break
            size -= path.stat().st_size
            path.unlink(missing_ok=True)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


__all__ = ["FOLDER", "SUFFIX", "TraceError", "TraceStore"]
