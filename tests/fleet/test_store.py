"""What the database makes of messages: each once, in order, by whoever brings them; and what it tells of them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from fer_edge.core import DriverState, Event, Lens, Level, OpenEvent, Phase
from fer_edge.errors import UsageError
from fer_edge.sinks.clock import iso
from fer_edge.sinks.mqtt.vss import signals
from fer_edge.sinks.payloads import event_payload, state_payload, stats_payload
from fer_edge.sinks.wire import encode
from fleet.engines import Bed
from fleet.messages import Dead, Message, read
from fleet.partitions import partition
from fleet.privacy import Span, erase, export, retry
from fleet.settings import Keep
from fleet.store import Store, connect
from tests.fleet.conftest import Db

NOW = datetime.now(UTC).replace(microsecond=0)
LONG_AGO = datetime(2021, 3, 4, tzinfo=UTC)
VSS = "Vehicle.Driver."


@pytest.fixture
def store(db: Db) -> Iterator[Store]:
    """An empty database."""
    store = Store(db)
    store.migrate()
    db.execute("TRUNCATE runs, events, states, retained, health, dead_letters, enrolled")
    yield store
    db.execute("TRUNCATE runs, events, states, retained, health, dead_letters, enrolled")


def told(seq: int, run: str = "0000000a", node: str = "cab", at: datetime = NOW, **changes: Any) -> Message | Dead:
    event = Event(1, "fatigue", "yawn", Phase.START, Level.INFO, 3.0, 0.0, 3.0)
    payload = event_payload(event, id=f"{run}-{seq}", seq=seq, time=iso(at.timestamp()), time_ok=True)
    return read(f"fer-edge/{node}/event/fatigue", encode({**payload, "run": run, **changes}), at)


def state(at: datetime = NOW, node: str = "cab", **values: Any) -> Message | Dead:
    payload = state_payload(DriverState(0.0, **values), time=iso(at.timestamp()), time_ok=True)
    return read(f"fer-edge/{node}/state", encode(payload), at)


def word(topic: str, payload: bytes, at: datetime = NOW, node: str = "cab") -> Message | Dead:
    return read(f"fer-edge/{node}/{topic}", payload, at)


def stats(values: dict[str, Any], at: datetime = NOW) -> Message | Dead:
    return word("stats", encode(stats_payload(values, time=iso(at.timestamp()), time_ok=True)))


def order(db: Db, node: str = "cab") -> list[tuple[str, int]]:
    return db.execute("SELECT run, seq FROM event_history WHERE node = %s", (node,)).fetchall()


def test_late_doubled_and_reordered_messages_end_up_once_and_in_order(store: Store, db: Db) -> None:
    second = NOW + timedelta(minutes=1)
    truth = [("0000000b", n) for n in range(1, 40)] + [("0000000a", n) for n in range(40, 80)]
    messages = [told(seq, run, at=NOW if run == "0000000b" else second) for run, seq in truth]
    arriving = messages * 3
    Random(4).shuffle(arriving)
    written = [store.write(arriving[start : start + 17]) for start in range(0, len(arriving), 17)]
    assert sum(one.events for one in written) == len(truth)
    assert sum(one.doubled for one in written) == 2 * len(truth)
    assert order(db) == truth


def test_workers_that_bring_the_same_at_the_same_time_do_not_double(bed: Bed, store: Store, db: Db) -> None:
    messages = [told(seq, node=f"cab-{seq % 7}") for seq in range(1, 400)]

    def work(seed: int) -> None:
        mine = Random(seed).sample(messages, len(messages))
        with connect(bed.settings.database) as own:
            for start in range(0, len(mine), 40):
                Store(own).write(mine[start : start + 40])

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.execute("SELECT count(*), count(DISTINCT (node, seq)) FROM events").fetchone() == (399, 399)
    assert db.execute("SELECT sum(upper(r) - lower(r)) FROM runs, unnest(received) r").fetchone() == (399,)


def test_a_message_whose_time_was_mended_meanwhile_is_still_the_same(store: Store, db: Db) -> None:
    store.write([told(1, at=NOW, time_ok=False)])
    store.write([told(1, at=NOW - timedelta(days=3))])
    assert order(db) == [("0000000a", 1)]


def test_what_is_missing_within_a_run_is_told(store: Store, db: Db) -> None:
    store.write([told(seq) for seq in (3, 4, 7, 9)])
    gaps = db.execute("SELECT first_missing, last_missing FROM gaps ORDER BY 1").fetchall()
    assert gaps == [(5, 6), (8, 8)]
    store.write([told(seq) for seq in (8, 5, 6)])
    assert db.execute("SELECT count(*) FROM gaps").fetchone() == (0,)


def test_what_the_database_refuses_is_dead_and_its_neighbours_live(store: Store, db: Db) -> None:
    bad = [told(2, reason="a\x00b"), told(10**30), told(5, held_s=1e300)]
    assert all(isinstance(one, Message) for one in bad)
    done = store.write([told(1), *bad, word("status", b"asleep"), told(3)])
    assert (done.events, done.dead) == (2, 4)
    assert order(db) == [("0000000a", 1), ("0000000a", 3)]
    reasons = [reason for (reason,) in db.execute("SELECT reason FROM dead_letters WHERE node = 'cab'")]
    assert len(reasons) == 4
    assert sum("database:" in reason for reason in reasons) == 3


def test_dead_letters_are_read_anew_after_an_update(store: Store, db: Db) -> None:
    fresh = encode(json.loads(told(1).body))  # type: ignore[union-attr]
    early = Dead("fer-edge/cab/event/fatigue", NOW, fresh, "version 9 is not known")
    store.write([early, word("camera", b"?")])
    assert retry(store) == (1, 1)
    assert order(db) == [("0000000a", 1)]


@pytest.mark.timeout(60)
def test_a_dead_letter_that_the_database_refuses_again_is_tried_once(store: Store, db: Db) -> None:
    store.write([told(2, reason="a\x00b")])
    assert retry(store) == (0, 1)
    assert retry(store) == (0, 1)


def test_a_node_with_a_clock_of_long_ago_is_kept_by_its_arrival(store: Store, db: Db) -> None:
    payload = json.loads(told(1).body)  # type: ignore[union-attr]
    message = read("fer-edge/cab/event/fatigue", encode({**payload, "time": iso(0.0)}), NOW)
    store.write([message])
    assert db.execute("SELECT at, body ->> 'time' FROM events").fetchone() == (NOW, iso(0.0))


def test_retention_drops_whole_partitions_and_nothing_else(store: Store, db: Db) -> None:
    store.write([told(1, at=LONG_AGO), state(at=LONG_AGO), told(2), state()])
    old = {partition("events", LONG_AGO).name, partition("states", LONG_AGO).name}
    assert old <= set(store.tidy(Keep(), NOW))
    assert order(db) == [("0000000a", 2)]
    assert db.execute("SELECT count(*) FROM states").fetchone() == (1,)
    # A late copy does not come back, and a new message of that time finds a partition again.
    store.write([told(1, at=LONG_AGO), told(3, at=LONG_AGO)])
    assert [seq for _, seq in order(db)] == [2, 3]
    store.tidy(Keep(), NOW)


def test_a_backup_that_takes_hours_does_not_hold_up_what_is_written(bed: Bed, store: Store, db: Db) -> None:
    store.write([state(at=LONG_AGO), state(at=LONG_AGO + timedelta(days=1))])
    db.execute("DROP TABLE IF EXISTS states_20200102")
    with connect(bed.settings.database) as backup, backup.transaction():
        backup.execute("SELECT FROM states LIMIT 1")
        began = time.monotonic()
        assert store.tidy(Keep(), NOW) == []
        assert store.write([state(at=datetime(2020, 1, 2, tzinfo=UTC)), state()]).states == 2
        assert time.monotonic() - began < 8
    assert {"states_20210304", "states_20210305", "states_20200102"} <= set(store.tidy(Keep(), NOW))


def test_export_gives_all_of_a_node_and_erase_leaves_none_of_it(store: Store, db: Db) -> None:
    later = NOW + timedelta(hours=1)
    mine = [told(1), told(2, at=later), state(), state(at=later), word("status", b"online"), word("camera", b"?")]
    store.write([*mine, told(1, node="other"), state(node="other")])
    assert [json.loads(line)["table"] for line in export(db, "cab", Span(later))] == ["events", "states"]
    assert len(list(export(db, "cab", Span()))) == 6
    assert erase(db, "cab", Span(until=later)) == {"events": 1, "states": 1, "health": 0, "dead_letters": 1}
    assert order(db) == [("0000000a", 2)]
    erase(db, "cab", Span())
    assert list(export(db, "cab", Span())) == []
    store.write([told(1), told(2, at=later)])
    assert order(db) == []
    assert len(list(export(db, "other", Span()))) == 2
    with pytest.raises(UsageError, match=r"--from 'yesterday': give a time like"):
        Span.of("yesterday", None)


def vss(db: Db) -> dict[str, Any]:
    row = db.execute("SELECT to_jsonb(v) FROM vss v WHERE node = 'cab'").fetchone()
    assert row is not None
    return {name.removeprefix(VSS).removeprefix("Vehicle.ADAS."): value for name, value in row[0].items()}


AWAKE = {"present": True, "level": Level.NONE, "eyes_closed": False, "eyes_down": False, "looking": "ahead"}


def opened(kind: str, level: Level) -> tuple[OpenEvent, ...]:
    return (OpenEvent(1, kind, level, 0.0),)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({**AWAKE, "perclos": 0.04}, {"FatigueLevel": 25, "DistractionLevel": 0, "AttentiveProbability": 75}),
        ({**AWAKE, "perclos": 0.08}, {"FatigueLevel": 50}),
        ({**AWAKE, "perclos": 0.5}, {"FatigueLevel": 100, "AttentiveProbability": 0}),
        (AWAKE, {"FatigueLevel": None, "AttentiveProbability": None, "IsEyesOnRoad": True, "DMS.IsWarning": False}),
        ({**AWAKE, "looking": None}, {"DistractionLevel": None, "IsEyesOnRoad": None}),
        ({**AWAKE, "eyes_closed": None}, {"IsEyesOnRoad": None}),
        ({**AWAKE, "eyes_closed": True, "looking": None}, {"IsEyesOnRoad": False}),
        ({**AWAKE, "looking": "left"}, {"IsEyesOnRoad": False}),
        ({**AWAKE, "eyes_down": True}, {"IsEyesOnRoad": False}),
        ({"present": None}, {"FatigueLevel": None, "IsEyesOnRoad": None, "DMS.IsWarning": None, "DMS.IsError": False}),
        ({"paused_s": 60.0}, {"DMS.IsEnabled": False, "FatigueLevel": None, "IsEyesOnRoad": None}),
        ({"lens": Lens.COVERED}, {"DMS.IsError": True, "DMS.IsEnabled": True, "IsEyesOnRoad": None}),
        (
            {**AWAKE, "level": Level.CRITICAL, "open_events": opened("sleep", Level.CRITICAL), "eyes_closed": True},
            {"FatigueLevel": 100, "AttentiveProbability": 0, "IsEyesOnRoad": False, "DMS.IsWarning": True},
        ),
        (
            {**AWAKE, "level": Level.WARNING, "open_events": opened("distracted", Level.WARNING), "perclos": 0.0},
            {"DistractionLevel": 75, "FatigueLevel": 0, "AttentiveProbability": 25, "DMS.IsWarning": True},
        ),
    ],
)
def test_vehicle_signals_are_derived_and_unknown_is_null(
    store: Store, db: Db, values: dict[str, Any], expected: dict[str, Any]
) -> None:
    at = datetime.now(UTC)
    store.write([state(at=at, **values), word("status", b"online", at), word("camera", b"online", at)])
    told = vss(db)
    assert {name: told[name] for name in expected} == expected
    on_the_node = signals(state_payload(DriverState(0.0, **values)), "online")
    in_the_database = {name.removeprefix(VSS).removeprefix("Vehicle.ADAS."): one for name, one in on_the_node.items()}
    del told["node"], told["timestamp"]
    assert told == in_the_database


@pytest.mark.parametrize(
    ("status", "age", "condition"),
    [(b"online", 5, "watching"), (b"offline", 0, "offline"), (b"online", 200, "silent")],
)
def test_a_node_that_is_not_there_knows_nothing(store: Store, db: Db, status: bytes, age: int, condition: str) -> None:
    at = datetime.now(UTC) - timedelta(seconds=age)
    store.write([state(at=at, perclos=0.1, **AWAKE), word("status", status, at), word("camera", b"online", at)])
    assert db.execute("SELECT condition FROM node_now").fetchone() == (condition,)
    told = vss(db)
    assert (told["FatigueLevel"] is None) == (condition != "watching")
    assert (told["DMS.IsEnabled"] is None) == (condition != "watching")


def test_a_node_that_said_goodbye_is_offline_though_a_state_was_read_after_it(store: Store, db: Db) -> None:
    """They wait in queues of their own: after an hour without ingest a parked vehicle was silent for good."""
    at = datetime.now(UTC) - timedelta(minutes=5)
    store.write([word("status", b"offline", at), state(at=at + timedelta(seconds=10), **AWAKE)])
    assert db.execute("SELECT condition FROM node_now").fetchone() == ("offline",)


def test_a_revoked_node_is_no_longer_among_those_of_now(store: Store, db: Db) -> None:
    store.write([word("status", b"online"), word("status", b"online", node="by-a-bridge")])
    db.execute("INSERT INTO enrolled (node, revoked_at) VALUES ('cab', now()), ('new', NULL)")
    assert db.execute("SELECT node FROM node_now ORDER BY 1").fetchall() == [("by-a-bridge",), ("new",)]


def test_the_newest_word_on_a_topic_stays_whatever_comes_late(store: Store, db: Db) -> None:
    at = datetime.now(UTC)
    hot = stats({"temperature_c": 85.0, "throttled": True, "requests_dropped": 0, "outbox": OUTBOX}, at)
    store.write([state(at=at, **AWAKE), word("status", b"online", at), hot])
    store.write([word("status", b"offline", at - timedelta(hours=1))])
    assert db.execute("SELECT condition, temperature_c FROM node_now").fetchone() == ("hot", 85.0)
    assert db.execute("SELECT temperature_c, throttled FROM health").fetchone() == (85.0, True)


OUTBOX = {"storage": "disk", "waiting": 0, "dropped": 0}
