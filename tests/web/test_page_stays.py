"""A page that stays open for days: its node is started anew, is upgraded, and is listened to by a screen reader."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from fer_edge.core import Event, Level, OpenEvent, Phase
from tests.web.conftest import needs_chromium, says
from tests.web.nodes import Drive

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs_chromium

WRITTEN = """
window.written = [];
new MutationObserver((all) => window.written.push(...all.map(({ target }) => target.id)))
  .observe(document.body, { childList: true, characterData: true, subtree: true });
"""


@contextmanager
def started_anew(drive: Drive, page: Page) -> Iterator[Drive]:
    """The node in its place, without a frame from its camera so far."""
    drive.close()
    page.wait_for_function("() => headline.textContent === 'No connection'", polling="raf")
    assert page.inner_text("#connection").startswith("connection lost"), "at once, too"
    after = Drive(port=drive.page.port)
    after.page.start()
    yield after
    after.close()


def test_what_was_so_before_the_node_started_anew_is_not_told_as_what_is(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    drive.state |= {"level": Level.CRITICAL, "open_events": (OpenEvent(1, "sleep", Level.CRITICAL, drive.at - 4),)}
    says(page, "#headline", "Asleep")
    with started_anew(drive, page) as after:
        says(page, "#headline", "Waiting for the camera")
        assert page.inner_text("#cover") == "No picture yet"
        assert "stale" in (page.get_attribute("body", "class") or ""), "the readings are greyed"
        after._thread.start()
        says(page, "#headline", "Awake")
        assert "stale" not in (page.get_attribute("body", "class") or "")


def test_a_page_left_open_is_of_the_version_that_its_node_runs(
    drive: Drive, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    page.evaluate("window.former = true")
    monkeypatch.setattr("fer_edge.web.hub.__version__", "99.0.0")
    with started_anew(drive, page):
        page.wait_for_function("() => !window.former")
        says(page, "#connection", "live, version 99.0.0")
        assert "reload" not in page.inner_text("#connection")


def test_an_upgrade_disarms_no_alarm(drive: Drive, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    page.evaluate("window.former = true")
    page.click("#arm")
    says(page, "#arm", "Alarm armed")
    monkeypatch.setattr("fer_edge.web.hub.__version__", "99.0.0")
    with started_anew(drive, page):
        says(page, "#connection", "live, version 99.0.0, reload this page")
        assert page.evaluate("window.former") and page.inner_text("#arm") == "Alarm armed"
        page.click("#arm")
        page.wait_for_function("() => !window.former")


def test_a_screen_reader_is_not_told_every_second_that_the_connection_stands(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    says(page, "#connection", "live")
    page.evaluate(WRITTEN)
    page.wait_for_timeout(2500)
    written = page.evaluate("window.written")
    assert "headline" in written and "connection" not in written


def test_what_a_button_did_is_said_where_a_screen_reader_already_listens(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    assert page.inner_text("#answer") == ""
    assert page.evaluate("getComputedStyle(answer).display") != "none"


def test_expressions_do_not_push_an_alarm_out_of_the_list(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    drive.happen("sleep", Phase.END)
    for n in range(350):
        drive.page.event(Event(9 + n, "emotion", "emotion", Phase.END, Level.INFO, drive.at, drive.at, 2.0, {}))
    says(page, "#events", "Asleep")
    drive.page.event(Event(2, "fatigue", "nod", Phase.END, Level.ADVISORY, drive.at, drive.at - 2, 2.0, {}))
    says(page, "#events", "Nod")
    assert page.locator("#events li", has_text="Asleep").count() == 1, "nor while the page is open"
    page.reload()
    says(page, "#events", "Asleep")
