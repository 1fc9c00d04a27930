"""A real browser for the tests of the page: Debian's Chromium, headless."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from fer_edge.core import Event, Level, Phase
from tests.web.nodes import Drive

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
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


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(fault.stack or str(fault)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
    yield page
    context.close()
    assert faults == []


@pytest.fixture
def drive() -> Iterator[Drive]:
    """A node whose driver looked away for long; a file of tests may have another."""
    drive = Drive().start()
    details = {"reason": "long", "looking": "left"}
    drive.page.event(
        Event(7, "attention", "distracted", Phase.END, Level.WARNING, drive.at, drive.at - 4, 4.0, details)
    )
    drive.page._book.flush()
    yield drive
    drive.close()


def says(page: Page, selector: str, text: str) -> None:
    """Wait until an element says it."""
    page.wait_for_function(
        "([selector, text]) => document.querySelector(selector)?.textContent.includes(text)", arg=[selector, text]
    )
