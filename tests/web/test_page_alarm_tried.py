"""Trying the alarm on the page, in a hurry: what the button says of it stays true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_edge.core import Level
from tests.web.conftest import needs_chromium, says
from tests.web.nodes import Drive
from tests.web.test_page_alarm import closure, heard, tab

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["heard", "tab"]

pytestmark = needs_chromium


def test_an_alarm_armed_right_after_its_test_stays_armed(drive: Drive, heard: Page) -> None:
    heard.click("#test")
    heard.wait_for_function("() => window.tones > 0")
    heard.click("#awake")
    heard.click("#arm")
    says(heard, "#arm", "Alarm armed")
    heard.wait_for_timeout(3200)  # the test would be over by now
    closure(drive, "sleep", Level.CRITICAL)
    says(heard, "#wake-title", "Asleep")
    heard.wait_for_selector("#wake", state="visible")
    heard.click("#awake")
    heard.click("#test")
    says(heard, "#wake-title", "Alarm test")
    heard.click("#awake")
    heard.wait_for_timeout(500)
    assert heard.is_hidden("#wake"), "a test that is ended silences what was silenced before"
    drive.state |= {"level": None, "open_events": ()}
