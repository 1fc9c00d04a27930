"""The page in a real browser: Debian's Chromium, headless."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from fer_edge.core import Lens, Level, OpenEvent, PersonState, Phase
from fer_edge.sources.picture import unpacked
from tests.conftest import Run
from tests.fakes import wait_until
from tests.sources.test_packed import without_tables
from tests.web.conftest import needs_chromium, says
from tests.web.nodes import Drive

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TOKEN = "a-long-enough-token"

pytestmark = needs_chromium


def shown(page: Page) -> int:
    return int(page.get_attribute("#picture", "data-shown") or 0)


def more_pictures(page: Page, count: int) -> None:
    """Wait until so many were shown."""
    page.wait_for_function("(count) => Number(picture.dataset.shown) >= count", arg=count)


def pixel(page: Page) -> list[int]:
    return list(
        page.evaluate("[...document.getElementById('picture').getContext('2d').getImageData(5, 200, 1, 1).data]")
    )


def test_the_picture_moves_at_no_more_than_ten_a_second(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    page.wait_for_selector("#picture[data-shown]")
    assert page.evaluate("picture.width / picture.height") == pytest.approx(320 / 240, rel=0.01)
    first, began, before = shown(page), time.monotonic(), pixel(page)
    more_pictures(page, first + 10)
    assert time.monotonic() - began > 0.85
    assert pixel(page) != before
    assert page.is_hidden("#cover")


def test_what_is_seen_is_drawn_over_the_cameras_own_picture(drive: Drive, page: Page) -> None:
    """A camera leaves the Huffman tables out of its pictures; the face's box is at 100, 60 of 320 x 240."""
    whole = bytes(cv2.imencode(".jpg", np.full((240, 320, 3), (160, 80, 40), np.uint8))[1])
    bare = unpacked(np.frombuffer(without_tables(whole), np.uint8))
    assert bare is not None
    drive.picture = lambda number: bare
    page.goto(drive.page.url)
    more_pictures(page, 2)

    def at(x: float, y: float) -> tuple[int, int, int]:
        """The mean colour of four camera pixels."""
        told = page.evaluate(
            "([x, y]) => { const s = picture.width / 320, d = picture.getContext('2d')"
            ".getImageData((x - 1) * s, (y - 1) * s, 2 * s, 2 * s).data;"
            "return [0, 1, 2].map((c) => d.filter((_, n) => n % 4 === c).reduce((a, b) => a + b) / (d.length / 4)); }",
            [x, y],
        )
        return tuple(map(round, told))  # type: ignore[return-value]

    assert at(20, 20) == pytest.approx((40, 80, 160), abs=6), "the camera's colours"
    assert at(103, 60) == pytest.approx((160, 160, 160), abs=40), "a corner, grey: no level is known"
    drive.state |= {"level": Level.CRITICAL}
    more_pictures(page, shown(page) + 4)  # some may be on their way
    red, green, _ = at(103, 60)
    assert red > 150 and green < 110, "and red in an alarm"


def test_the_state_is_said_in_words_and_so_is_what_is_not_known(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    assert page.inner_text("#level-word") == "no alarm"
    says(page, "#eyes", "open, 90 %")
    says(page, "#perclos", "3.0 %")
    drive.state |= {"eyes_closed": None, "openness": None, "perclos": None}
    says(page, "#headline", "Eyes not visible")
    says(page, "#eyes", "unknown")
    says(page, "#perclos", "not yet known")
    says(page, "#health", "30.0 frames/s")


def test_an_event_appears_at_once_and_is_read_aloud(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    began = time.monotonic()
    drive.happen("sleep")
    drive.state |= {"level": Level.CRITICAL, "open_events": (OpenEvent(1, "sleep", Level.CRITICAL, drive.at - 3),)}
    says(page, "#events", "Asleep")
    says(page, "#headline", "Asleep")
    assert time.monotonic() - began < 5.0
    assert page.inner_text("#urgent") == "Asleep, alarm" and page.get_attribute("#urgent", "role") == "alert"
    assert page.get_attribute("#driver", "data-level") == "critical"
    assert page.inner_text("#level-word") == "alarm", "never by colour alone"
    drive.happen("sleep", Phase.END)
    drive.state |= {"level": None, "open_events": ()}
    says(page, "#headline", "Awake")
    assert "3.0 s" in page.inner_text("#events") and page.locator("#events li").count() == 1


def test_pause_and_resume_by_keyboard_alone(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "minutes":
            break
    else:
        raise AssertionError("the controls are not reached by keyboard")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    says(page, "#headline", "Paused")
    assert drive.node.asked == [("pause", {"seconds": 60.0})]
    assert page.inner_text("#cover") == "Paused: not monitoring"
    says(page, "#pause", "Resume")
    page.keyboard.press("Enter")
    says(page, "#headline", "Awake")
    assert drive.node.asked[-1] == ("resume", {})


def test_recalibrating_asks_first(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    page.click("#recalibrate")
    page.keyboard.press("Escape")
    page.click("#recalibrate")
    page.click("dialog button[value=no]")
    assert drive.node.asked == []
    page.click("#recalibrate")
    page.click("dialog button[value=yes]")
    says(page, "#answer", "Recalibrating.")
    assert drive.node.asked == [("recalibrate", {})]
    drive.node.refuse = True
    page.click("#recalibrate")
    page.click("dialog button[value=yes]")
    says(page, "#answer", "Not done: not while the engine is off")


def test_a_hidden_picture_costs_nothing(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    page.wait_for_selector("#picture[data-shown]")
    page.click("#hide")
    assert page.inner_text("#cover") == "Picture hidden"
    assert wait_until(lambda: drive.node.viewer._latest is None)
    page.click("#hide")
    more_pictures(page, shown(page) + 1)


def test_several_browsers_see_the_same(drive: Drive, page: Page, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    second = context.new_page()
    for each in (page, second):
        each.goto(drive.page.url)
        each.wait_for_selector("#picture[data-shown]")
    drive.happen("yawn", level=Level.INFO)
    for each in (page, second):
        says(each, "#events", "Yawning")
        says(each, "#polite", "Yawning, info")
    context.close()


def test_it_fits_the_screen(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    page.wait_for_selector("#picture[data-shown]")
    for size in ((320, 640), (390, 844), (844, 390), (1280, 800), (1920, 1080)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        fits(page, size)


def fits(page: Page, size: tuple[int, int]) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0], "never scrolls sideways"
    headline = page.locator("#headline").bounding_box()
    assert headline is not None and headline["y"] + headline["height"] < size[1], "the state is seen without scrolling"
    if size[0] >= 1280:
        assert page.evaluate("document.documentElement.scrollHeight") <= size[1], "one screen"
    for name in ("pause", "recalibrate", "hide"):
        box = page.locator(f"#{name}").bounding_box()
        assert box is not None and box["height"] >= 44, "large enough for a thumb"


def test_it_comes_back_by_itself_when_the_node_was_away(page: Page) -> None:
    drive = Drive().start()
    port = drive.page.port
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    drive.close()
    says(page, "#headline", "No connection")
    assert page.inner_text("#cover") == "No connection to the node" and page.locator("#pause").is_disabled()
    again = Drive(port=port).start()
    says(page, "#headline", "Awake")
    again.close()


def test_a_wrong_token_is_refused_and_the_right_one_remembered(monkeypatch: pytest.MonkeyPatch, page: Page) -> None:
    monkeypatch.setenv("FER_EDGE_WEB_TOKEN", TOKEN)
    drive = Drive().start()
    page.goto(drive.page.url)
    page.fill("input", "not the token at all")
    page.keyboard.press("Enter")
    says(page, ".wrong", "Wrong token.")
    page.fill("input", TOKEN)
    page.click("button")
    says(page, "#headline", "Awake")
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    page.goto(f"{drive.page.url}enter")
    says(page, "#headline", "Awake")
    drive.close()


def test_a_strangers_page_cannot_listen_in(drive: Drive, browser: Browser) -> None:
    """Another page in the same browser, not held back by any policy of its own."""
    other = Drive(name="stranger").start()
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(f"{other.page.url}icon.svg")
    tried = """(url) => new Promise((done) => {
        const socket = new WebSocket(url);
        socket.onopen = () => done("open");
        socket.onerror = () => done("refused");
    })"""
    assert page.evaluate(tried, f"ws://127.0.0.1:{drive.page.port}/live") == "refused"
    assert page.evaluate(tried, f"ws://127.0.0.1:{other.page.port}/live") == "open", "only its own"
    context.close()
    other.close()


def test_a_page_that_others_could_reach_without_a_token_does_not_start(fer_edge: Run) -> None:
    result = fer_edge("run", "--source=sim:alert", "--set=web.enabled=true", "--set=web.host=0.0.0.0")
    assert result.returncode == 78
    assert result.stderr.count("\n") == 1 and "web.token_file" in result.stderr


def test_a_kiosk_shows_its_people_and_nothing_of_a_driver(drive: Drive, page: Page) -> None:
    people = [PersonState(n, 4.0 + n, "happy", {"happy": 0.7, "sad": 0.3}) for n in (1, 2)]
    drive.state = {"profile": "kiosk", "people": tuple(people)}
    page.goto(drive.page.url)
    says(page, "#headline", "2 in view")
    assert page.is_hidden("#readings")
    assert page.locator("#expressions li").all_text_contents() == ["1 happy70 %", "2 happy70 %"]
    drive.state = {"profile": "kiosk", "people": tuple(people[:1])}
    says(page, "#headline", "1 in view")
    assert page.locator("#expressions li").count() == 2, "of one person every expression"


def test_a_camera_that_is_away_is_said_at_once_and_no_old_picture_shown(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    drive.blind = True
    drive.state = {}
    says(page, "#headline", "No picture")
    says(page, "#health", "camera online")  # the state said it, before the next word on health
    assert page.inner_text("#cover") == "No picture"
    drive.node.health = {"camera": "offline", "camera_fault": "/dev/video0: unplugged", "fps": 12.0, "uptime_s": 3.0}
    says(page, "#detail", "/dev/video0: unplugged")
    assert page.locator("#health .bad").inner_text() == "camera offline"
    assert "frames/s" not in page.inner_text("#health"), "the last minute's rate is not the camera's now"


def test_what_the_view_hides_is_named_and_ends_when_it_ends(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    seen, since = drive.state, drive.at - 12
    drive.happen("view_degraded", level=Level.INFO, reason="covered")
    hidden = {"lens": Lens.COVERED, "open_events": (OpenEvent(1, "view_degraded", Level.INFO, since),)}
    drive.state = hidden
    says(page, "#headline", "Lens covered")
    says(page, "#detail", "the driver cannot be monitored, for 1")
    assert page.inner_text("#polite") == "View degraded, lens covered, info"
    assert "info, lens covered" in page.inner_text("#events")
    drive.state = hidden | {"lens": Lens.DARK}
    says(page, "#headline", "Too dark")
    drive.state = seen | {"open_events": hidden["open_events"]}
    says(page, "#headline", "Awake")
    drive.state = {"present": False, "open_events": (OpenEvent(2, "absent", Level.INFO, since),)}
    says(page, "#headline", "No driver")
    assert page.inner_text("#level-word") == "info"
    assert page.inner_text("#detail").startswith("for 1")
    drive.state |= {"lens": Lens.COVERED}
    says(page, "#headline", "Lens covered")
