"""What every test may use."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def fer_edge(tmp_path: Path) -> Run:
    """Runs the command line in a process of its own, away from any configuration or state of this machine."""

    def run(*args: str | Path, timeout: float = 60.0, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "fer_edge", *map(str, args)],
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=tmp_path,
            env=clean_environment(tmp_path) | environment,
            check=False,
        )

    return run


def clean_environment(home: Path) -> dict[str, str]:
    """The environment without what would change how fer-edge behaves."""
    dropped = ("FER_EDGE_", "NOTIFY_", "WATCHDOG_", "STATE_DIRECTORY", "CREDENTIALS_", "JOURNAL_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | {"XDG_STATE_HOME": str(home / "state"), "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real clips and pictures; the test is skipped where it is missing."""
    folder = Path(os.environ.get("FER_EDGE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real clips here ({folder}); name their folder in FER_EDGE_DATA")
    return folder
