"""An outbox that is taken away, fills up or cannot be written: numbers go on, events stay whole, and it is said."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fer_edge.core import Event, Level, Phase
from fer_edge.sinks.mqtt.journal import Journal, Stamp
from fer_edge.sinks.mqtt.outbox import Outbox
from tests.brokers import wait_until
from tests.sinks import outboxes
from tests.sinks.clocks import HandClock
from tests.sinks.examples import event, settings
from tests.sinks.nodes import node
from tests.sinks.publishing import stored
from tests.sinks.test_outbox import WALL, add, outbox, seqs


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "outbox.db"


@pytest.mark.parametrize("taken", ["folder", "files", "journal"])
def test_a_file_that_is_taken_away_is_written_anew_and_a_kill_repeats_no_number(path: Path, taken: str) -> None:
    box = outbox(path)
    add(box, 12)
    match taken:
        case "folder":
            shutil.rmtree(path.parent)
        case "files":
            for file in path.parent.iterdir():
                file.unlink()
        case "journal":
            path.with_name(path.name + "-wal").unlink()
    box.check(WALL + 5)
    assert (box.storage, box.lost_wall) == ("disk", WALL + 5)
    add(box, 4)
    box._db.close()  # as a kill leaves it
    again = outbox(path)
    assert (seqs(again), again.next_seq) == (list(range(1, 17)), 17)


def test_where_it_cannot_be_made_anew_it_is_lost_and_says_so_until_it_can(path: Path) -> None:
    box = outbox(path)
    add(box, 3)
    shutil.rmtree(path.parent)
    path.parent.write_text("in the way")
    box.check(WALL)
    add(box)
    assert (box.storage, box.reason) == ("lost", "removed while in use")
    assert seqs(box) == [1, 2, 3, 4]
    path.parent.unlink()
    assert not box.recover()  # nothing that was not known
    assert box.storage == "disk" and outbox_numbers(path, box) == [1, 2, 3, 4]


def outbox_numbers(path: Path, open_box: Outbox) -> list[int]:
    open_box.close()
    return seqs(outbox(path))


def test_a_file_that_stays_where_it_is_is_not_taken_for_lost(path: Path) -> None:
    box = outbox(path)
    for _ in range(3):
        add(box, 400)
        box.check(WALL)
        box.remove(range(1, 2000))
    assert box.lost_wall is None


def spared(path: Path, spare: Path, *, count: int = 1000) -> Outbox:
    return outboxes.outbox(path, WALL, count=count, spare=spare)


def test_what_the_disk_refuses_outlives_the_process_and_moves_to_the_disk_when_it_can(tmp_path: Path) -> None:
    path, spare = tmp_path / "state" / "outbox.db", tmp_path / "run" / "spare.db"
    path.parent.write_text("no folder")
    box = spared(path, spare)
    add(box, 3)
    box.add([], {"a-1": "left open"}, [])
    first = seqs(box)
    box._db.close()  # killed
    box = spared(path, spare)
    assert (seqs(box), box.open_events(), box.storage) == (first, {"a-1": "left open"}, "memory")
    add(box)
    box.close()
    path.parent.unlink()
    box = spared(path, spare)
    assert box.storage == "disk" and not spare.exists()
    assert seqs(box) == [*first, first[-1] + 1]
    assert box.next_seq == first[-1] + 2


@pytest.fixture
def theirs() -> Iterator[Path]:
    """A folder that this process may not look into, as another user's in ``XDG_RUNTIME_DIR``."""
    root = os.geteuid() == 0
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o700 if root else 0)
        if root:
            os.seteuid(65534)
        yield Path(folder)
        if root:
            os.seteuid(0)
        Path(folder).chmod(0o700)


def test_a_spare_in_a_folder_of_somebody_else_is_as_good_as_none(
    theirs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with TemporaryDirectory() as mine:
        box = spared(Path(mine) / "outbox.db", theirs / "spare.db")
        add(box, 3)
        assert (box.storage, seqs(box)[-3:]) == ("disk", [1, 2, 3])
        box.close()
    assert caplog.text.count("spare.db cannot be used") == 1


@dataclass
class FaultyClock(HandClock):
    """Cannot be read the first ``faults`` times: what nobody foresaw where the outbox is opened."""

    faults: int = 0

    def wall(self) -> float:
        self.faults -= 1
        if self.faults >= 0:
            raise OSError("no clock")
        return super().wall()


@pytest.mark.parametrize(("faults", "kept"), [(1, True), (2, False)])
def test_a_fault_where_the_outbox_is_opened_costs_the_disk_only_and_is_never_silent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, faults: int, kept: bool
) -> None:
    with node(settings(1), tmp_path, connected=False, clock=FaultyClock(faults=faults)) as one:
        wait_until(lambda: one.sink.outbox.reason == "no clock" if kept else one.sink.fault, "the start")
        one.event(event(1))
        assert stored(one.sink, 20 if kept else 0.1) == kept
        assert ("cannot start" in str(one.sink.fault)) != kept
    assert "continuing in memory: OSError('no clock')" in caplog.text


def test_a_stale_number_in_a_file_that_takes_no_write_is_not_used_again(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = outbox(path)
    add(box, 2)
    box.close()
    used: list[int] = []
    for n in range(3):  # three drives on a full disk, each stopped cleanly
        box = full_disk(path, monkeypatch, WALL + 3600 * n)
        add(box, 8)
        used += [seq for seq in seqs(box) if seq > 2]
        assert box.storage == "memory"
        box.close()
    assert len(set(used)) == len(used) == 24


def full_disk(path: Path, monkeypatch: pytest.MonkeyPatch, wall: float) -> Outbox:
    """An outbox whose file may be read and not written, as on a disk that is full."""
    import sqlite3

    from fer_edge.sinks.mqtt import outbox as module

    def read_only(where: Path) -> sqlite3.Connection:
        db = sqlite3.connect(f"file:{where}?mode=ro", uri=True)
        db.execute("SELECT * FROM counter").fetchall()
        return db

    with monkeypatch.context() as patch:
        patch.setattr(module, "connect", read_only)
        return outboxes.outbox(path, wall)


def phase(key: int, which: Phase) -> Event:
    return Event(key, "fatigue", "microsleep", which, Level.WARNING, float(key), float(key), 1.0)


def told(box: Outbox) -> dict[str, list[str]]:
    """The phases that wait, by event."""
    found: dict[str, list[str]] = {}
    for message in box.waiting(0, 10_000):
        body = json.loads(message.body)
        found.setdefault(body["id"], []).append(body["phase"])
    return found


def test_at_the_limit_the_oldest_event_goes_whole_with_what_follows_of_it(path: Path) -> None:
    clock = HandClock()
    box = outbox(path, count=10)
    journal = Journal(box, clock)

    def happen(key: int, which: Phase) -> None:
        journal.add([(phase(key, which), Stamp.now(clock))])

    happen(1, Phase.START)  # it goes on while ten others come
    for key in range(2, 8):
        happen(key, Phase.START)
        happen(key, Phase.END)
    happen(1, Phase.UPDATE)
    happen(1, Phase.END)
    assert all(phases == ["start", "end"] for phases in told(box).values())
    assert len(box) + box.dropped == 15
    assert not box.gone and not box.open_events()


def test_the_end_of_an_event_that_the_broker_has_is_kept_and_its_updates_go(path: Path) -> None:
    clock = HandClock()
    box = outbox(path, count=10)
    journal = Journal(box, clock)
    journal.add([(phase(1, Phase.START), Stamp.now(clock))])
    box.remove([1])  # confirmed; then the broker goes away
    for _ in range(4):
        journal.add([(phase(1, Phase.UPDATE), Stamp.now(clock))])
    journal.add([(phase(1, Phase.END), Stamp.now(clock))])
    for key in range(2, 20):
        journal.add([(phase(key, Phase.START), Stamp.now(clock)), (phase(key, Phase.END), Stamp.now(clock))])
    assert ["end"] in told(box).values()
    assert len(box) <= 10


def test_an_event_on_its_way_to_the_broker_is_not_dropped_whole(path: Path) -> None:
    clock = HandClock()
    box = outbox(path, count=10)
    journal = Journal(box, clock)
    for key in range(1, 12):
        journal.add([(phase(key, Phase.START), Stamp.now(clock))], under_way=[1])
    journal.add([(phase(1, Phase.END), Stamp.now(clock))], under_way=[1])
    assert any(phases == ["start", "end"] for phases in told(box).values())


steps = st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["next", "confirm", "age"])), max_size=60)


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_whatever_is_dropped_nobody_hears_an_end_without_its_start(steps: list[tuple[int, str]]) -> None:
    clock = HandClock()
    box = outboxes.outbox(None, WALL, count=10, age_s=50.0)
    journal = Journal(box, clock)
    open_keys: dict[int, int] = {}
    heard: dict[str, list[str]] = {}
    fresh = 0
    for slot, step in steps:
        if step == "next":
            if slot in open_keys:
                journal.add([(phase(open_keys.pop(slot), Phase.END), Stamp.now(clock))])
            else:
                fresh += 1
                open_keys[slot] = fresh
                journal.add([(phase(fresh, Phase.START), Stamp.now(clock))])
        elif step == "confirm":
            for message in box.waiting(0, slot):
                body = json.loads(message.body)
                heard.setdefault(body["id"], []).append(body["phase"])
                box.remove([message.seq])
        else:
            clock.pass_s(20.0)
            box.drop_older(clock.ticks(), clock.boot(), None)
    assert all(phases in (["start"], ["start", "end"]) for phases in heard.values())
