"""The outbox: on disk, in order, bounded, and never an error to its caller."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_edge.sinks.mqtt.outbox import Message, Outbox
from tests.sinks import outboxes

WALL = 1_795_000_000.0


def outbox(path: Path | None, *, count: int = 1000, age_s: float = 1e9) -> Outbox:
    return outboxes.outbox(path, WALL, count=count, age_s=age_s)


def add(box: Outbox, count: int = 1, *, wall: float = WALL, wall_ok: bool = True) -> None:
    first = box.next_seq
    box.add([Message(first + n, f"body {first + n}", wall, wall_ok, 1.0, "boot") for n in range(count)], {}, [])


def seqs(box: Outbox) -> list[int]:
    return [message.seq for message in box.waiting(0, 10_000)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "outbox.db"


def test_what_was_added_is_there_after_a_restart_and_seq_goes_on(path: Path) -> None:
    box = outbox(path)
    add(box, 3)
    box.remove([2])
    box.close()
    again = outbox(path)
    assert (seqs(again), again.next_seq, again.on_disk) == ([1, 3], 4, True)
    assert again.waiting(0, 1) == [Message(1, "body 1", WALL, True, 1.0, "boot")]
    again.remove([1, 3])
    again.close()
    assert outbox(path).next_seq == 4


def test_every_commit_is_synced_to_the_disk(path: Path) -> None:
    box = outbox(path)
    assert box._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert box._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_open_events_are_kept_until_they_close(path: Path) -> None:
    box = outbox(path)
    box.add([], {"a-1": "one", "a-2": "two"}, [])
    box.add([], {"a-2": "two again"}, ["a-1"])
    box.close()
    assert outbox(path).open_events() == {"a-2": "two again"}


def test_beyond_the_count_the_oldest_go_and_are_counted_over_restarts(path: Path) -> None:
    box = outbox(path, count=10)
    add(box, 12)
    add(box)
    assert (seqs(box), box.dropped) == (list(range(4, 14)), 3)
    box.close()
    assert outbox(path, count=10).dropped == 3


def test_what_an_earlier_boot_left_goes_by_age_but_only_by_trustworthy_times(path: Path) -> None:
    box = outbox(path, age_s=100.0)
    add(box, wall=WALL - 101)
    add(box, wall=0.0, wall_ok=False)
    add(box, wall=WALL - 99)
    box.drop_older(5.0, "another boot", None)
    assert box.dropped == 0
    box.drop_older(5.0, "another boot", WALL)
    assert (seqs(box), box.dropped) == ([2, 3], 1)


def test_a_clock_that_is_set_forward_makes_nothing_older(path: Path) -> None:
    box = outbox(path, age_s=100.0)
    add(box, 5)
    box.drop_older(100.0, "boot", WALL + 864_000)
    assert (len(box), box.dropped) == (5, 0)
    box.drop_older(101.5, "boot", None)
    assert (len(box), box.dropped) == (0, 5)


def test_without_a_directory_it_is_memory_and_says_so() -> None:
    box = outbox(None)
    add(box)
    assert (box.on_disk, box.reason, len(box)) == (False, "no state directory", 1)


def test_where_the_disk_cannot_be_written_it_is_memory_and_says_so() -> None:
    box = outbox(Path("/proc/fer-edge/outbox.db"))
    add(box, 2)
    assert not box.on_disk
    assert box.reason
    assert len(box) == 2
    # Nothing can tell which numbers were used before: begin beyond any of them.
    assert min(seqs(box)) > 50_000_000


def test_a_damaged_file_is_set_aside_and_a_new_one_begins(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this was a database once" * 200)
    box = outbox(path)
    add(box)
    box.close()
    assert path.with_suffix(".damaged").read_bytes().startswith(b"this was")
    assert len(outbox(path)) == 1


@pytest.mark.parametrize("where", [20, 4096, 5000, 9000, 15000])
def test_a_file_with_a_hole_never_stops_it(path: Path, where: int) -> None:
    box = outbox(path)
    add(box, 200)
    box.close()
    with path.open("r+b") as file:
        file.seek(where)
        file.write(os.urandom(600))
    again = outbox(path)
    add(again)
    assert again.next_seq > 201
    assert again.on_disk
    assert seqs(again)[-1] == again.next_seq - 1
    if not path.with_suffix(".damaged").exists():
        assert len(again) == 201
    else:  # without the first page of its own, or of the table, nobody knows how many there were
        assert again.lost_wall == WALL and again.dropped == (0 if where <= 4096 else 200)


def test_a_file_damaged_while_it_runs_is_replaced_and_numbers_go_on(path: Path) -> None:
    box = outbox(path)
    add(box, 300)
    box.close()
    box = outbox(path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b"\0" * size)
    for _ in range(5):
        add(box)
    assert box.next_seq == 306
    assert seqs(box)[-5:] == [301, 302, 303, 304, 305]
    if path.with_suffix(".damaged").exists():
        assert (box.lost_wall, box.dropped) == (WALL, 300)
    box.close()
    again = outbox(path)
    assert again.on_disk
    # Whether the damage was met while running or is met now, no number is used twice.
    assert again.next_seq >= 306


@pytest.mark.parametrize(
    "table",
    ["message (seq INTEGER PRIMARY KEY, subject TEXT)", "open_event (name TEXT)", "counter (page TEXT)"],
)
def test_another_programs_database_is_set_aside(path: Path, table: str) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute(f"CREATE TABLE {table}")
    other.close()
    box = outbox(path)
    add(box)
    assert box.on_disk
    assert path.with_suffix(".damaged").exists()


def test_a_second_daemon_keeps_to_memory_and_joins_when_the_first_has_gone(path: Path) -> None:
    first = outbox(path)
    add(first, 2)
    second = outbox(path)
    add(second)
    assert not second.on_disk
    assert "locked" in str(second.reason)
    assert not second.recover()
    first.close()
    # Nothing of either is lost: the file's own messages come first.
    assert second.recover()
    assert second.on_disk
    assert seqs(second)[:2] == [1, 2]
    assert len(second) == 3


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from tests.sinks.test_outbox import add, outbox, seqs
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
box = outbox(path)
add(box, 5)
size = max(file.stat().st_size for file in path.parent.iterdir())
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, resource.RLIM_INFINITY))
for _ in range(300):
    add(box)
assert not box.on_disk, "the limit was not met"
assert seqs(box) == list(range(1, 306))
box.remove(range(1, 101))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert not box.recover()  # nothing new came to light
assert box.on_disk
box.close()
print(box.reason)
"""


def test_a_disk_that_fills_up_costs_nothing_and_is_used_again(path: Path) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)],
        capture_output=True,
        text=True,
        cwd=root,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    again = outbox(path)
    assert seqs(again) == list(range(101, 306))
    assert again.next_seq == 306


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["add", "remove first", "restart", "three"]), max_size=25))
def test_any_history_keeps_order_and_numbers(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    path = tmp_path_factory.mktemp("box") / "outbox.db"
    box, expected, following = outbox(path), [], 1
    for step in steps:
        match step:
            case "add" | "three":
                count = 3 if step == "three" else 1
                add(box, count)
                expected += range(following, following + count)
                following += count
            case "remove first":
                box.remove(expected[:1])
                del expected[:1]
            case "restart":
                box.close()
                box = outbox(path)
    assert (seqs(box), box.next_seq) == (expected, following)
    box.close()
