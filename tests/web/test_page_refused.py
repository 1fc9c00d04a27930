"""A page that the node does not let in says why, or leads to the door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fer_edge.web import server
from fer_edge.web.access import VARIABLE
from tests.web.conftest import needs_chromium, says
from tests.web.nodes import Drive

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs_chromium


def test_one_browser_too_many_is_told_so_and_let_in_when_there_is_room(
    drive: Drive, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(server, "MOST_VISITORS", 0)
        page.goto(drive.page.url)
        says(page, "#detail", "browsers are already connected; close one")
    says(page, "#headline", "Awake")


def test_a_page_whose_token_is_no_longer_the_right_one_is_at_the_door_again(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "the first token of two")
    before = Drive().start()
    page.goto(before.page.url)
    page.fill("input", "the first token of two")
    page.keyboard.press("Enter")
    says(page, "#headline", "Awake")
    before.close()
    monkeypatch.setenv(VARIABLE, "the second token of two")
    after = Drive(port=before.page.port).start()
    page.wait_for_selector("input[name=token]")
    after.close()
