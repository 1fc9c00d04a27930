"""Who else may read a secret."""

from __future__ import annotations

from pathlib import Path


def readable_by_others(path: Path) -> str | None:
    """A sentence where group or others may read a file that holds a secret; None where they may not."""
    try:
        mode = path.expanduser().stat().st_mode
    except OSError:
        return None
    return f"{path}: other users can read it (mode {mode & 0o777:o}); chmod 600 {path}" if mode & 0o044 else None
