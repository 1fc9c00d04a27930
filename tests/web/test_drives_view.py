"""The view of drives in a real browser: a timeline to zoom, filters, exports, a report to print."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from fer_edge.core import Event, Level, Phase
from tests.web.conftest import needs_chromium, says
from tests.web.nodes import Drive

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_chromium


@pytest.fixture
def drive(drive: Drive) -> Drive:
    for key, (kind, level) in enumerate(
        (("yawn", Level.INFO), ("distracted", Level.WARNING), ("sleep", Level.CRITICAL))
    ):
        details = {"reason": "long"} if kind == "distracted" else {}
        drive.page.event(Event(key, "fatigue", kind, Phase.END, level, drive.at, drive.at - 3, 3.0, details))
    drive.page._book.flush()
    return drive


def test_events_are_listed_in_words_and_filtered(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    page.click("nav a[href='#drives']")
    says(page, "[data-is=rows]", "one long look away")
    assert page.locator("[data-is=rows] tr").count() == 3
    page.select_option("[data-is=level]", "warning")
    assert page.locator("[data-is=rows] tr").count() == 2
    page.select_option("[data-is=type]", "sleep")
    assert page.locator("[data-is=rows] tr").count() == 1 and "Asleep" in page.inner_text("[data-is=rows]")
    assert "type=sleep&level=warning" in (page.get_attribute("[data-is=csv]", "href") or "")


def test_an_event_began_when_the_live_view_says(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    asleep = page.locator("#events li", has_text="Asleep").locator("time")
    live = datetime.fromisoformat(asleep.get_attribute("datetime") or "").timestamp()
    around = f"from={live - 60}&to={live + 60}&type=sleep"
    (kept,) = page.evaluate(f"fetch('events.json?{around}').then((answer) => answer.json())")["events"]
    assert abs(live - datetime.fromisoformat(kept["began"]).timestamp()) < 1


def test_another_view_that_is_chosen_while_it_loads_has_its_own_place(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    page.evaluate("location.hash = '#drives'; setTimeout(() => { location.hash = '#settings'; })")
    page.wait_for_selector("#settings:visible tbody tr")
    page.wait_for_selector("#drives [data-is=long]", state="attached")
    assert page.locator("#settings [data-is=long]").count() == 0


def test_it_zooms_from_five_minutes_to_a_week_by_button_wheel_and_key(drive: Drive, page: Page) -> None:
    page.goto(f"{drive.page.url}#drives")
    says(page, "[data-is=rows]", "Asleep")
    asked: list[float] = []

    def note(url: str) -> None:
        if "history.json" in url:
            words = dict(part.split("=") for part in url.split("?")[1].split("&"))
            asked.append(float(words["to"]) - float(words["from"]))

    page.on("request", lambda request: note(request.url))

    def after(act: str) -> float:
        with page.expect_response(lambda answer: "history.json" in answer.url):
            if act.startswith("button"):
                page.click(f"[data-is=zooms] {act}")
            else:
                page.press("[data-is=long]", act)
        return asked[-1]

    assert after("button[data-length='300']") == pytest.approx(300, abs=2)
    assert after("-") == pytest.approx(600, abs=2)
    assert after("+") == pytest.approx(300, abs=2)
    assert after("+") == pytest.approx(300, abs=2), "no nearer"
    assert after("button[data-length='604800']") == pytest.approx(604800, abs=2)
    assert after("-") == pytest.approx(604800, abs=2), "no farther"


def test_a_report_opens_and_prints(drive: Drive, page: Page) -> None:
    page.goto(f"{drive.page.url}#drives")
    says(page, "[data-is=rows]", "Asleep")
    page.goto(drive.page.url + (page.get_attribute("[data-is=report]", "href") or ""))
    assert page.locator("tbody tr").count() == 3 and "Drive of cab-7" in page.title()
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('table')).borderCollapse") == "collapse", (
        "its style is let in"
    )
    assert page.pdf().startswith(b"%PDF")


def test_a_node_that_is_away_is_said_and_what_was_shown_stays(drive: Drive, page: Page) -> None:
    page.goto(f"{drive.page.url}#drives")
    says(page, "[data-is=rows]", "Asleep")
    drive.close()
    page.click("button[data-length='300']")
    says(page, "[data-is=said]", "the node cannot be reached")
    assert page.locator("[data-is=rows] tr").count() == 3


def test_how_long_an_event_lasted_is_seen_on_a_small_phone(drive: Drive, page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    drive.page.event(Event(9, "view", "view_degraded", Phase.END, Level.INFO, drive.at, drive.at - 13.9, 13.9, {}))
    drive.page._book.flush()
    page.goto(f"{drive.page.url}#drives")
    says(page, "[data-is=rows]", "13.9 s")
    ends = page.evaluate(
        "[...document.querySelectorAll('[data-is=rows] td')].map((cell) => {"
        "const text = new Range(); text.selectNodeContents(cell); return text.getBoundingClientRect().right; })"
    )
    room = page.evaluate("document.querySelector('[data-is=rows]').parentElement.parentElement.getBoundingClientRect()")
    assert max(ends) <= room["right"] <= 320


@pytest.mark.parametrize("days", [-9, 9])
def test_a_browser_with_another_clock_sees_what_its_node_has(drive: Drive, browser: Browser, days: int) -> None:
    """A node without a clock of its own goes on from where it was switched off; a phone knows the day."""
    context = browser.new_context(service_workers="block")
    context.add_init_script(f"const now = Date.now; Date.now = () => now() + {days} * 86400000;")
    page = context.new_page()
    page.goto(f"{drive.page.url}#drives")
    says(page, "[data-is=rows]", "Asleep")
    with page.expect_response(lambda answer: "history.json" in answer.url):
        page.click("button[data-length='300']")
    says(page, "[data-is=rows]", "Asleep")
    context.close()


def test_a_tab_in_the_background_asks_for_nothing_and_is_fresh_when_it_is_seen(drive: Drive, browser: Browser) -> None:
    context = browser.new_context(service_workers="block")
    context.add_init_script("const every = setInterval; window.setInterval = (act, ms) => every(act, ms / 20);")
    page = context.new_page()
    page.goto(f"{drive.page.url}#drives")
    says(page, "[data-is=rows]", "Asleep")
    behind = "(yes) => { Object.defineProperty(document, 'hidden', { value: yes, configurable: true });"
    page.evaluate(f"{behind} }}", True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(1600)
    assert not [url for url in asked if "history.json" in url]
    page.evaluate("() => { for (let timer = 1; timer < 1000; timer++) clearInterval(timer); }")
    with page.expect_response(lambda answer: "history.json" in answer.url):
        page.evaluate(f"{behind} document.dispatchEvent(new Event('visibilitychange')); }}", False)
    context.close()
