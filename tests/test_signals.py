"""Signals that come while another one is handled: a terminal, a supervisor and a script may all send theirs at once."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT

STORM = """
import signal, sys
from fer_edge.errors import ConfigError
from fer_edge.service.daemon import Daemon

left = 100

def again(frame, event, _):
    # Every step of handling a signal is interrupted by one more.
    global left
    if event == "line" and left:
        left -= 1
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGTERM)
    return again

def load():
    sys.settrace(again)
    signal.raise_signal(signal.SIGHUP)
    signal.raise_signal(signal.SIGTERM)
    sys.settrace(None)
    raise ConfigError(["survived"])

Daemon(load).run()
"""


def test_a_signal_within_a_signal_does_not_hang_the_node() -> None:
    command = (sys.executable, "-c", STORM)
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=ROOT, check=False)
    assert done.stderr.endswith("ConfigError: survived\n")
