"""The page in Firefox, the other engine: every view, by day and by night, and with axe."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from fer_edge.core import Level, OpenEvent
from tests.web.firefox import FIREFOX, Firefox, firefox
from tests.web.nodes import Drive

pytestmark = pytest.mark.skipif(FIREFOX is None, reason="no Firefox here; install it: sudo apt install firefox-esr")

Story = Callable[[Firefox], Awaitable[None]]


def in_firefox(folder: Path, story: Story, *, dark: bool = False) -> None:
    """Run a story; it fails if the console was told of an error."""

    async def told() -> None:
        async with firefox(folder, dark=dark) as browser:
            await story(browser)
            assert browser.faults == []

    asyncio.run(told())


def test_it_shows_the_driver_asleep_and_the_picture_moves(drive: Drive, tmp_path: Path) -> None:
    async def story(browser: Firefox) -> None:
        await browser.goto(drive.page.url)
        await browser.says("#headline", "Awake")
        opened = (OpenEvent(1, "sleep", Level.CRITICAL, drive.at - 4),)
        drive.state |= {"eyes_closed": True, "closure_s": 4.0, "level": Level.CRITICAL, "open_events": opened}
        await browser.says("#headline", "Asleep")
        await browser.says("#level-word", "alarm")
        await browser.until("Number(document.getElementById('picture').dataset.shown) >= 3")
        assert (await browser.picture()).startswith(b"\x89PNG")

    in_firefox(tmp_path, story)


def test_every_view_fits_a_phone_and_a_desk(drive: Drive, tmp_path: Path) -> None:
    async def story(browser: Firefox) -> None:
        for size in ((390, 844), (844, 390), (1280, 800)):
            await browser.size(*size)
            for view, said in (("drives", "one long look away"), ("settings", "web.port"), ("live", "Awake")):
                await browser.goto(f"{drive.page.url}#{view}")
                await browser.says(f"#{view}", said)
                assert await browser.evaluate("document.documentElement.scrollWidth") <= size[0], (view, size)

    in_firefox(tmp_path, story)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(drive: Drive, tmp_path: Path, dark: bool) -> None:
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("no axe here: pip install 'fer-edge[test]'")
    axe = next(Path(found.origin).parent.rglob("axe.min.js")).read_text()

    async def story(browser: Firefox) -> None:
        await browser.goto(drive.page.url)
        await browser.says("#headline", "Awake")
        assert await browser.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is dark
        # Laid into the page by the browser itself, so the page's own policy stays as strict as it is.
        await browser.evaluate(f"(() => {{ {axe}; }})()")
        wrong = await browser.evaluate("axe.run().then((told) => told.violations.map((each) => each.id))")
        assert wrong == []

    in_firefox(tmp_path, story, dark=dark)
