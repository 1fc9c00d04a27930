"""The printed drive: its title, its times and the marks of its axis say which day is meant."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from fer_edge.reports.drive import Drive, html
from fer_edge.settings.monitoring import DrowsySettings

EVENING = 1_795_802_400.0
"""18:00 UTC on 27 November 2026."""


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An hour ahead of UTC."""
    monkeypatch.setenv("TZ", "CET-1CEST")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def written(since: float, until: float) -> str:
    """A drive with a yawn in its first minute."""
    yawn = {"type": "yawn", "level": "info", "began": since + 30, "ended": since + 33, "held_s": 3.0, "time_ok": True}
    figures: dict[str, Any] = {"driver_s": 3600, "judged": 0.9, "closed": 0.03, "perclos": None}
    told = Drive("cab-7", since, until, figures | {"from": since, "to": until}, [yawn], [])
    return html(told, DrowsySettings())


def marks(text: str) -> list[str]:
    return re.findall(r'y="182" text-anchor="middle">([^<]*)<', text)


def test_an_evenings_drive_names_its_day_once() -> None:
    text = written(EVENING, EVENING + 2 * 3600)
    assert "<h1>Drive of cab-7, 27 November 2026, 19:00 to 21:00</h1>" in text
    assert "<td>19:00:30</td>" in text
    assert marks(text) == ["19:15", "19:30", "19:45", "20:00", "20:15", "20:30", "20:45"]


def test_a_drive_over_midnight_names_both_days() -> None:
    text = written(EVENING, EVENING + 12 * 3600)
    assert "27 November 2026, 19:00 to 28 November 2026, 07:00" in text
    assert "<td>Fri 27 19:00:30</td>" in text
    assert marks(text) == ["20:00", "22:00", "00:00", "02:00", "04:00", "06:00"]


def test_a_week_is_marked_by_its_days() -> None:
    assert marks(written(EVENING, EVENING + 7 * 86_400)) == [
        *("Sat 28", "Sun 29", "Mon 30", "Tue 01", "Wed 02", "Thu 03", "Fri 04")
    ]
