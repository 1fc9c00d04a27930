"""What the logbook says of its disk and its clock, and what a reload of the page leaves of one without a disk."""

from __future__ import annotations

from pathlib import Path

from fer_edge.core import Level, Phase
from tests.web.test_logbook import Clock, event, kept


def test_a_disk_that_was_full_for_a_moment_stores_again_and_it_is_said(tmp_path: Path) -> None:
    clock = Clock()
    with kept(tmp_path, clock) as book:
        ((before,),) = book.ask("PRAGMA max_page_count")
        book.ask("PRAGMA max_page_count = 1")
        for key in range(300):
            book.event(event(clock, key, "yawn", Phase.END, 2.0, Level.INFO))
        book.flush()
        assert not book.stored
        book.ask(f"PRAGMA max_page_count = {before}")
        book.event(event(clock, 1000, "yawn", Phase.END, 2.0, Level.INFO))
        book.flush()
        assert book.stored
