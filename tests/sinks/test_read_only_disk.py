"""A real file system that turns read-only in mid-run, as a worn SD card does: nothing is lost, and it is said."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_edge.service.memory import Memory
from tests.sinks.test_outbox import add, outbox, seqs

TOOLS = ("mkfs.ext4", "mount", "umount", "e2fsck")


def do(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class Card:
    """A file system in a file."""

    def __init__(self, folder: Path) -> None:
        self._image, self.root = folder / "card", folder / "mounted"
        self.root.mkdir()
        with self._image.open("wb") as image:
            image.truncate(16_000_000)

    def ready(self) -> bool:
        made = do("mkfs.ext4", "-q", "-F", str(self._image))
        return made and do("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self.root))

    def wear_out(self) -> None:
        """What the kernel does at an error: read-only from here on, for files that are open, too."""
        assert do("mount", "-o", "remount,abort", str(self.root))

    def mend(self) -> None:
        do("umount", "--lazy", str(self.root))
        do("e2fsck", "-fy", str(self._image))
        assert do("mount", "-o", "loop", str(self._image), str(self.root))


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Card]:
    if os.geteuid() != 0 or not all(map(shutil.which, TOOLS)):
        pytest.skip("needs root and e2fsprogs to make a file system")
    one = Card(tmp_path)
    if not one.ready():
        pytest.skip("no file system may be mounted here")
    yield one
    do("umount", "--lazy", str(one.root))


def test_events_go_on_in_memory_and_move_back_when_the_disk_can_be_written(card: Card) -> None:
    box = outbox(card.root / "outbox.db")
    add(box, 3)
    card.wear_out()
    for _ in range(5):
        box.check(0.0)
        add(box)
    assert (box.storage, seqs(box)) == ("memory", list(range(1, 9)))
    assert "readonly" in str(box.reason) or "read-only" in str(box.reason) or "I/O" in str(box.reason)
    assert not box.recover()
    card.mend()
    box.recover()
    assert box.storage == "disk"
    box.close()
    again = outbox(card.root / "outbox.db")
    assert (seqs(again), again.next_seq) == (list(range(1, 9)), 9)
    again.close()


def test_what_was_learned_of_the_driver_stays_as_it_was_and_it_is_said_once(
    card: Card, caplog: pytest.LogCaptureFixture
) -> None:
    memory = Memory(card.root)
    memory.save("calibration", {"openness": 0.9})
    card.wear_out()
    for n in range(5):
        memory.save("calibration", {"openness": n})
    assert memory.load("calibration") == {"openness": 0.9}
    assert len([record for record in caplog.records if "cannot be written" in record.message]) == 1
