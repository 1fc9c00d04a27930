"""A flicker of pauses is no silent off-switch."""

from __future__ import annotations

from unittest.mock import MagicMock

import pytest

from fer_edge.errors import UsageError
from fer_edge.service.daemon import LEAST_WATCH_S, Daemon
from fer_edge.settings import Settings


def test_between_two_pauses_it_is_watched_long_enough_for_a_sleep_to_be_told() -> None:
    now = [100.0]
    daemon = Daemon(Settings, clock=lambda: now[0])
    daemon._parts = MagicMock()
    daemon.pause(1.0)
    daemon.pause(2.0)  # longer, while it lasts
    daemon.resume()
    with pytest.raises(UsageError, match="not yet"):
        daemon.pause(1.0)
    assert Settings().monitoring.closure.sleep_s < LEAST_WATCH_S
    now[0] += LEAST_WATCH_S
    daemon.pause(1.0)
