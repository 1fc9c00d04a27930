"""A real browser for the tests of the page: Debian's Chromium, headless."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from fer_edge.core import Event, Level, Phase
from tests.web.nodes import Drive

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
CSP = "Content Security"
PATIENCE_MS = 60_000
"""How long a busy machine may take."""

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here; install it: sudo apt install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright here: pip install 'fer-edge[test]'")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ARGUMENTS, "--disable-background-networking"]
        )
        yield browser
        browser.close()


class Tab:
    """One tab for a file of tests: a new one would cost each of them a second and a half of a processor.

    Every test finds it empty, without cookies, and of the same size; pages of other ports have no storage in common.
    """

    def __init__(self, browser: Browser, script: str | None = None) -> None:
        self._context = browser.new_context(service_workers="block")
        self.page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self._faults: list[str] = []
        self.page.on("pageerror", lambda fault: self._faults.append(fault.stack or str(fault)))
        self.page.on("console", lambda said: self._faults.append(said.text) if CSP in said.text else None)
        if script is not None:
            self.page.add_init_script(script)

    @contextmanager
    def lent(self) -> Iterator[Page]:
        """The tab for one test, in which no page may have a fault."""
        self._faults.clear()
        self.page.set_viewport_size({"width": 1280, "height": 800})
        self.page.emulate_media(media="null", color_scheme="null", reduced_motion="null")
        yield self.page
        self.page.goto("about:blank")
        self._context.clear_cookies()
        assert self._faults == []


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Tab:
    return Tab(browser)


@pytest.fixture
def page(tab: Tab) -> Iterator[Page]:
    with tab.lent() as page:
        yield page


@pytest.fixture
def drive() -> Iterator[Drive]:
    """A node of which nothing is known."""
    drive = Drive().start()
    yield drive
    drive.close()


@pytest.fixture
def looked_away(drive: Drive) -> Drive:
    """The node of a driver who looked away for long."""
    details = {"reason": "long", "looking": "left"}
    drive.page.event(
        Event(7, "attention", "distracted", Phase.END, Level.WARNING, drive.at, drive.at - 4, 4.0, details)
    )
    drive.page._book.flush()
    return drive


def says(page: Page, selector: str, text: str) -> None:
    """Wait until an element says it."""
    page.wait_for_function(
        "([selector, text]) => document.querySelector(selector)?.textContent.includes(text)", arg=[selector, text]
    )
