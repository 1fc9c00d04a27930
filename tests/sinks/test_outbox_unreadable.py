"""A disk that cannot even be read for a while: what waits on it is sent when it can be."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from fer_edge.sinks.mqtt import outbox as module
from tests.sinks import outboxes
from tests.sinks.test_outbox import WALL, add, seqs


class BrokenDisk:
    """A connection that fails at everything, as a card does that has dropped off its bus."""

    def __init__(self, real: sqlite3.Connection) -> None:
        self._real = real

    def __enter__(self) -> BrokenDisk:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, *_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    executemany = execute

    def close(self) -> None:
        self._real.close()


def test_events_on_a_disk_that_comes_back_are_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = outboxes.outbox(tmp_path / "outbox.db", WALL)
    add(box, 3)
    box._db = BrokenDisk(box._db)  # type: ignore[assignment]
    with monkeypatch.context() as gone:
        gone.setattr(module, "connect", lambda _path: (_ for _ in ()).throw(OSError("no such device")))
        add(box, 2)
        assert (box.storage, seqs(box)) == ("memory", [4, 5])
        assert not box.recover()
    assert box.recover()
    assert (box.storage, seqs(box), box.next_seq) == ("disk", [1, 2, 3, 4, 5], 6)
