"""What the large field of the page says of a driver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from fer_edge.core import Level, OpenEvent
from tests.web.conftest import needs_chromium, says
from tests.web.nodes import Drive

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs_chromium


@pytest.fixture
def drive() -> Iterator[Drive]:
    drive = Drive().start()
    yield drive
    drive.close()


def test_whoever_has_woken_up_has_slept_no_longer_than_the_eyes_were_shut(drive: Drive, page: Page) -> None:
    """A sleep of 3.9 s: its event waits 2 s with open eyes before it ends."""
    page.goto(drive.page.url)
    since = drive.at - 6.0
    drive.state |= {"open_events": (OpenEvent(1, "sleep", Level.CRITICAL, since, until=since + 3.9),)}
    says(page, "#headline", "Asleep")
    assert page.inner_text("#detail") == "for 3.9 s"
