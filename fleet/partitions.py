"""Which partition a time falls into, and which are past their keeping. Pure; months for events, days for states."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fleet.settings import Keep

MONTHLY, DAILY = ("events", "dead_letters"), ("states", "health")


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """One partition of ``table``: from ``start`` until just before ``end``, UTC."""

    table: str
    start: datetime
    end: datetime

    @property
    def name(self) -> str:
        """``events_202611`` or ``states_20261128``."""
        return f"{self.table}_{self.start:{'%Y%m' if self.table in MONTHLY else '%Y%m%d'}}"


def partition(table: str, at: datetime) -> Partition:
    """The partition of a table that holds ``at``."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if table not in MONTHLY:
        return Partition(table, day, day + timedelta(days=1))
    first = day.replace(day=1)
    return Partition(table, first, (first + timedelta(days=32)).replace(day=1))


def needed(now: datetime) -> list[Partition]:
    """What must be there before it is written to: this period and the next of every table."""
    current = [partition(table, now) for table in (*MONTHLY, *DAILY)]
    return current + [partition(one.table, one.end) for one in current]


def expired(names: Iterable[str], now: datetime, keep: Keep) -> list[str]:
    """The names of partitions that lie wholly before what is kept; other names are left alone."""
    months = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1 - keep.events_months
    first_month = datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)
    first_day = partition("states", now - timedelta(days=keep.states_days)).start
    old = []
    for name in names:
        table, _, stamp = name.rpartition("_")
        form, first = ("%Y%m", first_month) if table in MONTHLY else ("%Y%m%d", first_day)
        if table in (*MONTHLY, *DAILY) and stamp.isdigit() and len(stamp) == (6 if table in MONTHLY else 8):
            start = datetime.strptime(stamp, form).replace(tzinfo=UTC)
            if start < first:
                old.append(name)
    return old
