"""Months for events, days for states: every moment falls into one partition, and old ones go whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.partitions import DAILY, MONTHLY, expired, needed, partition
from fleet.settings import Keep

moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
tables = st.sampled_from([*MONTHLY, *DAILY])


@settings(max_examples=50, deadline=None)
@given(tables, moments)
def test_a_moment_lies_in_its_partition_and_the_next_one_follows_at_once(table: str, at: datetime) -> None:
    one = partition(table, at)
    assert one.start <= at < one.end
    following = partition(table, one.end)
    assert following.start == one.end
    assert following.name > one.name


def test_names_say_what_is_in_them_in_utc() -> None:
    at = datetime(2026, 12, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert partition("events", at).name == "events_202611"
    assert partition("states", at).name == "states_20261130"


def test_now_and_next_are_there_before_they_are_needed() -> None:
    names = {one.name for one in needed(datetime(2026, 12, 31, 23, 59, tzinfo=UTC))}
    assert {"events_202612", "events_202701", "states_20261231", "states_20270101", "dead_letters_202701"} <= names


@settings(max_examples=50, deadline=None)
@given(tables, moments, moments)
def test_only_what_is_past_its_keeping_goes(table: str, at: datetime, now: datetime) -> None:
    keep = Keep(states_days=14, events_months=12)
    one = partition(table, at)
    gone = bool(expired([one.name], now, keep))
    if table in DAILY:
        assert gone == (one.end <= partition(table, now).start - timedelta(days=14))
    elif gone:
        assert one.end <= now - timedelta(days=364)
    else:
        assert one.end > now - timedelta(days=397)


def test_tables_of_others_are_left_alone() -> None:
    others = ["events", "events_backup", "states_1", "invoices_202001", "events_20200101", "runs"]
    assert expired(others, datetime(2026, 1, 1, tzinfo=UTC), Keep()) == []
