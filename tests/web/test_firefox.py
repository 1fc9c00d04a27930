"""The page in Firefox, the other engine: every view, by day and by night, and with axe."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path

import pytest

from fer_edge.core import Level, OpenEvent
from tests.web.firefox import FIREFOX, Firefox, firefox
from tests.web.nodes import Drive

pytestmark = pytest.mark.skipif(FIREFOX is None, reason="no Firefox here; install it: sudo apt install firefox-esr")

Story = Callable[[Firefox], Coroutine[None, None, None]]
Run = Callable[[Story], None]


@pytest.fixture(scope="module", params=[False, True], ids=["light", "dark"])
def in_firefox(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs a story in a browser that all of them share; it fails if the console was told of an error."""
    with asyncio.Runner() as runner:
        opened = firefox(tmp_path_factory.mktemp("firefox"), dark=request.param)
        browser = runner.run(opened.__aenter__())

        def run(story: Story) -> None:
            browser.faults.clear()
            runner.run(story(browser))
            assert browser.faults == []
            runner.run(browser.goto("about:blank"))  # so that no page sees its node end

        yield run
        runner.run(opened.__aexit__(None, None, None))


ONCE = pytest.mark.parametrize("in_firefox", [False], indirect=True, ids=["light"])


@ONCE
def test_it_shows_the_driver_asleep_and_the_picture_moves(drive: Drive, in_firefox: Run) -> None:
    async def story(browser: Firefox) -> None:
        await browser.goto(drive.page.url)
        await browser.says("#headline", "Awake")
        opened = (OpenEvent(1, "sleep", Level.CRITICAL, drive.at - 4),)
        drive.state |= {"eyes_closed": True, "closure_s": 4.0, "level": Level.CRITICAL, "open_events": opened}
        await browser.says("#headline", "Asleep")
        await browser.says("#level-word", "alarm")
        await browser.until("Number(document.getElementById('picture').dataset.shown) >= 3")
        assert (await browser.picture()).startswith(b"\x89PNG")

    in_firefox(story)


@ONCE
def test_every_view_fits_a_phone_and_a_desk(looked_away: Drive, in_firefox: Run) -> None:
    async def story(browser: Firefox) -> None:
        for size in ((390, 844), (844, 390), (1280, 800)):
            await browser.size(*size)
            for view, said in (("drives", "one long look away"), ("settings", "web.port"), ("live", "Awake")):
                await browser.goto(f"{looked_away.page.url}#{view}")
                await browser.says(f"#{view}", said)
                assert await browser.evaluate("document.documentElement.scrollWidth") <= size[0], (view, size)

    in_firefox(story)


def test_axe_finds_nothing(drive: Drive, in_firefox: Run, request: pytest.FixtureRequest) -> None:
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("no axe here: pip install 'fer-edge[test]'")
    axe = next(Path(found.origin).parent.rglob("axe.min.js")).read_text()

    dark = "dark" in request.node.name

    async def story(browser: Firefox) -> None:
        await browser.goto(drive.page.url)
        await browser.says("#headline", "Awake")
        assert await browser.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is dark
        # Laid into the page by the browser itself, so the page's own policy stays as strict as it is.
        await browser.evaluate(f"(() => {{ {axe}; }})()")
        wrong = await browser.evaluate("axe.run().then((told) => told.violations.map((each) => each.id))")
        assert wrong == []

    in_firefox(story)
