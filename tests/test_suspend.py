"""What a suspend of the machine leaves of what was known: frames are dated by a clock that goes on in it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ASLEEP_S = 100_000
AHEAD = ("unshare", "--time", f"--boottime={ASLEEP_S}", "--fork")
"""Runs a command as on a machine that has been suspended for so long: nobody can suspend the one under test."""

NODE = """
import sys, threading, time
from fer_edge.service.daemon import Daemon
from fer_edge.settings import Settings

settings = Settings.model_validate(
    {"camera": {"source": "sim:alert"}, "mqtt": {"enabled": False}, "state_dir": sys.argv[1]}
)
daemon = Daemon(lambda: settings)

def look():
    with daemon.viewer.looking():
        seen = daemon.viewer.newer(0, 30.0)
        print(seen[2].state.at - time.clock_gettime(time.CLOCK_MONOTONIC))
    daemon.stop()

threading.Thread(target=look).start()
daemon.run()
"""


def can_shift_the_boot_clock() -> bool:
    return (
        bool(shutil.which("unshare"))
        and subprocess.run([*AHEAD, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    )


@pytest.mark.skipif(
    not can_shift_the_boot_clock(),
    reason="gives a process its own boot clock: root, and a kernel with time namespaces",
)
def test_the_time_asleep_lies_between_two_frames(tmp_path: Path) -> None:
    """Otherwise a closure, or the driver who was learned, would go on after it as if nothing had been."""
    done = subprocess.run(
        [*AHEAD, sys.executable, "-c", NODE, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert float(done.stdout.split()[0]) == pytest.approx(ASLEEP_S, abs=30)
