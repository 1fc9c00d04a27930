"""Telling systemd how we are: one datagram a message, no library needed (sd_notify(3)).

Everything here does nothing where the daemon was not started by systemd, but for one file: where ``FER_EDGE_ALIVE``
names one (as in a container), it is touched as the watchdog would be fed.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

_SEND_S = 1.0
_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.NOTSET, 7))


ALIVE_S = 3.0
"""How often the file of a container's health check is touched, seconds."""


class Notifier:
    """The notification socket that systemd gave us, or nothing."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environment.get("WATCHDOG_USEC", "")
        self.watchdog_s: float | None = int(microseconds) / 1e6 if ours and microseconds.isdigit() else None
        self._alive_file = environment.get("FER_EDGE_ALIVE", "")
        self._status = ""
        self._fed_at = self._touched_at = 0.0

    def ready(self) -> None:
        """Start-up, or a reload, is finished."""
        self._send("READY=1")

    def reloading(self) -> None:
        """A reload begins; systemd wants to know when, on the monotonic clock."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """A clean stop begins."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Feed the watchdog; call it as often as there is progress, a datagram goes out now and then."""
        now = time.monotonic()
        if self.watchdog_s is not None and now - self._fed_at >= self.watchdog_s / 8:
            self._fed_at = now
            self._send("WATCHDOG=1")
        if self._alive_file and now - self._touched_at >= ALIVE_S:
            self._touched_at = now
            try:
                Path(self._alive_file).touch()
            except OSError as fault:
                logging.getLogger(__name__).debug("%s: cannot be updated: %s", self._alive_file, fault)

    def status(self, text: str) -> None:
        """One line for ``systemctl status``; sent only when it changes."""
        if text != self._status:
            self._status = text
            self._send(f"STATUS={text}")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.settimeout(_SEND_S)  # watching goes before telling
                channel.connect(self._address)
                channel.send(message.encode())
        except OSError as fault:
            # A lost notification must not stop the daemon; systemd's own time-outs decide.
            logging.getLogger(__name__).debug("cannot notify systemd: %s", fault)


class _JournalFormatter(logging.Formatter):
    """Prefixes each line with its syslog priority, as sd-daemon(3) says; journald takes it off again."""

    def format(self, record: logging.LogRecord) -> str:
        priority = next(number for level, number in _PRIORITIES if record.levelno >= level)
        return f"<{priority}>{super().format(record)}"


def log_to_stderr(level: str) -> None:
    """One line a record on stderr: with priorities under systemd, with the time of day elsewhere."""
    handler = logging.StreamHandler(sys.stderr)
    if "JOURNAL_STREAM" in os.environ:
        handler.setFormatter(_JournalFormatter("%(message)s"))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
