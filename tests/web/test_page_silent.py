"""A node that hangs, or is out of reach, with the connection still standing: what it said last is not what is now."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.conftest import Tab, needs_chromium, says
from tests.web.nodes import Drive
from tests.web.test_page_alarm import LISTEN

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Tab:
    return Tab(browser, LISTEN)


def test_nobody_is_called_awake_by_a_node_that_says_nothing(
    drive: Drive, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    never: Future[dict[str, Any]] = Future()
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    page.click("#arm")
    says(page, "#arm", "Alarm armed")
    with monkeypatch.context() as hung:
        hung.setattr(drive.node, "ask", lambda _verb, _values: never)
        hung.setattr(drive.page, "state", lambda _state, _signals: None)
        hung.setattr(drive.node.viewer, "show", lambda _frame, _step: None)
        says(page, "#headline", "No answer")
        assert page.get_attribute("#driver", "data-level") == "unknown"
        assert page.inner_text("#cover") == "No answer from the node"
        page.wait_for_function("() => window.tones === 2")
    says(page, "#headline", "Awake")
    says(page, "#connection", "live")
    assert page.evaluate("window.tones") == 2, "said once"
