"""What the large field of the page says of a driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_edge.core import Lens, Level, OpenEvent, Phase
from tests.web.conftest import needs_chromium, says
from tests.web.nodes import Drive

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs_chromium


def test_whoever_has_woken_up_has_slept_no_longer_than_the_eyes_were_shut(drive: Drive, page: Page) -> None:
    """A sleep of 3.9 s: its event waits 2 s with open eyes before it ends."""
    page.goto(drive.page.url)
    since = drive.at - 6.0
    drive.state |= {"open_events": (OpenEvent(1, "sleep", Level.CRITICAL, since, until=since + 3.9),)}
    says(page, "#headline", "Asleep")
    assert page.inner_text("#detail") == "for 3.9 s"


def test_what_hides_a_drowsy_driver_is_said_as_well(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    drowsy = OpenEvent(1, "drowsy", Level.WARNING, drive.at - 20)
    seen = drive.state | {"open_events": (drowsy,)}
    drive.state = seen | {"lens": Lens.COVERED}
    says(page, "#headline", "Drowsy")
    says(page, "#detail", "s, lens covered")
    drive.state = seen | {"present": False}
    says(page, "#detail", "s, no driver")
    drive.state = seen | {"eyes_closed": None, "open_events": (drowsy, OpenEvent(2, "view_degraded", Level.INFO, 0.0))}
    says(page, "#detail", "s, eyes not visible")
    drive.state = seen
    page.wait_for_function("() => !detail.textContent.includes(',')")
    assert page.inner_text("#headline") == "Drowsy"


def test_in_a_blink_the_eyes_are_not_called_open(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    says(page, "#eyes", "open, 90 % of normal")
    drive.state |= {"openness": 0.02}
    says(page, "#eyes", "nearly closed")
    assert page.inner_text("#headline") == "Awake"


def test_an_event_in_the_list_keeps_its_reason_when_it_is_over(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    drive.happen("nod", level=Level.ADVISORY, reason="drop")
    says(page, "#events", "advisory, head dropped")
    drive.happen("nod", Phase.END, level=Level.ADVISORY)
    says(page, "#events", "3.0 s")
    assert "head dropped" in page.inner_text("#events")
