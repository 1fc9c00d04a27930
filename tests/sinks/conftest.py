"""What the tests of sinks may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sinks import outboxes


@pytest.fixture(autouse=True)
def _left_open() -> Iterator[None]:
    """Closes what a test leaves as a kill does, so that a warning of an open database is the product's own fault."""
    yield
    while outboxes.MADE:
        outboxes.MADE.pop().close()
