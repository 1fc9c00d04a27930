"""The alarm on the page: for the ears of whoever looks, armed by a tap, and never the driver's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fer_edge.core import Level, OpenEvent
from tests.web.conftest import Tab, needs_chromium, says
from tests.web.nodes import Drive

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_chromium

LISTEN = """
window.tones = 0; window.shakes = 0; window.contexts = 0;
const Real = AudioContext;
window.AudioContext = class extends Real {
  constructor() { super(); window.contexts++; }
  createOscillator() { window.tones++; return super.createOscillator(); }
};
navigator.vibrate = (pattern) => { if (pattern) window.shakes++; return true; };
"""


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Tab:
    """A tab with an ear on its pages."""
    return Tab(browser, LISTEN)


@pytest.fixture
def heard(drive: Drive, page: Page) -> Page:
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    return page


def closure(drive: Drive, event_type: str, level: Level) -> None:
    drive.state |= {"level": level, "open_events": (OpenEvent(1, event_type, level, drive.at - 2),)}


def tones(page: Page) -> int:
    return int(page.evaluate("window.tones"))


def test_it_is_silent_until_armed_by_a_tap(drive: Drive, heard: Page) -> None:
    closure(drive, "sleep", Level.CRITICAL)
    says(heard, "#headline", "Asleep")
    assert tones(heard) == 0 and heard.evaluate("window.contexts") == 0 and heard.is_hidden("#wake")


def test_it_sounds_shakes_and_asks_until_the_driver_is_awake(drive: Drive, heard: Page) -> None:
    heard.click("#arm")
    says(heard, "#arm", "Alarm armed")
    assert heard.get_attribute("#arm", "aria-pressed") == "true"
    closure(drive, "sleep", Level.CRITICAL)
    says(heard, "#wake-title", "Asleep: are you awake?")
    heard.wait_for_function("() => window.tones > 3 && window.shakes > 1")
    drive.state |= {"level": None, "open_events": ()}
    heard.wait_for_selector("#wake", state="hidden")
    over = tones(heard)
    heard.wait_for_timeout(700)
    assert tones(heard) == over


def test_silencing_it_asks_nothing_of_the_node_and_a_rise_sounds_again(drive: Drive, heard: Page) -> None:
    heard.click("#arm")
    closure(drive, "microsleep", Level.WARNING)
    says(heard, "#wake-title", "Microsleep")
    heard.click("#awake")
    heard.wait_for_selector("#wake", state="hidden")
    over = tones(heard)
    heard.wait_for_timeout(700)
    assert tones(heard) == over and heard.inner_text("#headline") == "Microsleep", "the event goes on"
    assert drive.node.asked == [], "it is no answer of the driver, nor any request"
    closure(drive, "sleep", Level.CRITICAL)
    says(heard, "#wake-title", "Asleep")
    heard.wait_for_function(f"() => window.tones > {over}")
    heard.keyboard.press("Escape")
    heard.wait_for_selector("#wake", state="hidden")
    assert drive.node.asked == []


def test_the_next_event_sounds_after_one_was_silenced(drive: Drive, heard: Page) -> None:
    heard.click("#arm")
    for _ in range(2):
        closure(drive, "sleep", Level.CRITICAL)
        says(heard, "#wake-title", "Asleep")
        heard.wait_for_selector("#wake", state="visible")
        heard.click("#awake")
        heard.wait_for_selector("#wake", state="hidden")
        drive.state |= {"level": None, "open_events": ()}
        says(heard, "#headline", "Awake")


def test_a_test_of_it_is_short_and_leaves_it_as_it_was(heard: Page) -> None:
    heard.click("#test")
    says(heard, "#wake-title", "Alarm test")
    heard.wait_for_function("() => window.tones > 0")
    heard.wait_for_selector("#wake", state="hidden")
    assert heard.get_attribute("#arm", "aria-pressed") == "false"


def test_a_lost_node_is_heard_too(drive: Drive, heard: Page) -> None:
    heard.click("#arm")
    says(heard, "#arm", "Alarm armed")
    drive.close()
    says(heard, "#headline", "No connection")
    heard.wait_for_function("() => window.tones === 2")
