"""The page on every screen, by day and by night, without a network, and for people who see or hear it otherwise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fer_edge.core import Level, OpenEvent
from fer_edge.web.server import STATIC
from tests.web.conftest import needs_chromium, says
from tests.web.nodes import Drive

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_chromium

ASLEEP: dict[str, Any] = {"eyes_closed": True, "closure_s": 4.0, "level": Level.CRITICAL}
SERVED_AT_MOST = 150_000
"""Bytes of the page with all its views."""


def falls_asleep(drive: Drive) -> None:
    drive.state |= ASLEEP | {"open_events": (OpenEvent(1, "sleep", Level.CRITICAL, drive.at - 4),)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", ["live", "drives", "settings", "handbook", "report"])
def test_axe_finds_nothing(looked_away: Drive, page: Page, scheme: Any, view: str) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="no axe here: pip install 'fer-edge[test]'"
    )
    page.emulate_media(color_scheme=scheme)
    if view in ("handbook", "report"):
        page.goto(f"{looked_away.page.url}{view}?from=1&to=600000")
    else:
        page.goto(f"{looked_away.page.url}#{view}")
        falls_asleep(looked_away)
        said = {"live": "#headline", "drives": "[data-is=rows]", "settings": "[data-is=said]"}[view]
        says(page, said, {"live": "Asleep", "drives": "looked", "settings": "settings"}[view])
    found = axe.Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []


@pytest.mark.parametrize(
    "size",
    [(320, 640), (390, 844), (844, 390), (820, 1180), (1280, 800), (1920, 1080)],
    ids=lambda size: "x".join(map(str, size)),
)
def test_every_view_fits(looked_away: Drive, page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for view in ("settings", "drives", "live"):
        page.goto(f"{looked_away.page.url}#{view}")
        page.wait_for_selector(f"#{view}:visible")
        if view != "live":
            page.wait_for_selector(f"#{view} tbody tr")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], f"{view} never scrolls sideways"
    page.wait_for_selector("#picture[data-shown]")
    box = page.locator("#picture").bounding_box()
    fit = page.evaluate("getComputedStyle(picture).objectFit")
    assert box is not None and (fit == "contain" or abs(box["width"] / box["height"] - 4 / 3) < 0.02), "never stretched"
    assert box["y"] + box["height"] <= size[1] + 1, "all of the picture is seen without scrolling"


@pytest.mark.parametrize("size", [(320, 640), (640, 360), (820, 1180)], ids=lambda size: "x".join(map(str, size)))
def test_the_longest_name_fits(page: Page, size: tuple[int, int]) -> None:
    drive = Drive(name=f"{'W' * 40}-{'b_' * 11}").start()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(drive.page.url)
    says(page, "#connection", "live")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    drive.close()


def test_a_wall_screen_is_used(drive: Drive, page: Page) -> None:
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") > 18
    areas = page.evaluate(
        "[...document.querySelectorAll('#live > section')].map((each) => each.offsetWidth * each.offsetHeight)"
    )
    assert sum(areas) > 0.85 * 1920 * 1080 * 0.9


def test_whoever_wants_no_motion_gets_none(drive: Drive, page: Page) -> None:
    moves = "getComputedStyle(document.getElementById('wake')).animationName"
    page.emulate_media(reduced_motion="no-preference")
    page.goto(drive.page.url)
    assert page.evaluate(moves) == "pulse"
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moves) == "none"


def test_nothing_comes_from_elsewhere_and_it_is_small(drive: Drive, page: Page) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    for view in ("live", "drives", "settings"):
        page.goto(f"{drive.page.url}#{view}")
        says(page, "#connection", "live")
    assert hosts == {drive.page.url.split("/")[2]}
    page_files = [file for file in STATIC.iterdir() if file.suffix in (".html", ".js", ".css", ".svg", ".webmanifest")]
    assert sum(file.stat().st_size for file in page_files) < SERVED_AT_MOST


def test_it_opens_without_its_node_once_it_was_open(browser: Browser) -> None:
    drive, context = Drive().start(), browser.new_context()
    page = context.new_page()
    page.goto(drive.page.url)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    drive.close()
    page.reload()
    says(page, "#headline", "No connection")
    assert page.evaluate("getComputedStyle(document.getElementById('driver')).borderRadius") != "0px", "with its style"
    context.close()


def test_it_can_be_installed(drive: Drive, page: Page) -> None:
    manifest = json.loads((STATIC / "manifest.webmanifest").read_text())
    page.goto(drive.page.url)
    assert page.get_attribute("link[rel=manifest]", "href") == "manifest.webmanifest"
    client = page.context.new_cdp_session(page)
    assert client.send("Page.getAppManifest")["errors"] == []
    assert client.send("Page.getInstallabilityErrors")["installabilityErrors"] in (
        [],
        [{"errorId": "in-incognito", "errorArguments": []}],
    )
    sizes = [
        page.evaluate(
            "async (src) => { const i = new Image(); i.src = src; await i.decode(); return `${i.width}x${i.height}`; }",
            icon["src"],
        )
        for icon in manifest["icons"][1:]
    ]
    assert sizes == [icon["sizes"] for icon in manifest["icons"][1:]]


def test_the_worker_keeps_every_file_the_page_needs() -> None:
    worker = (STATIC / "worker.js").read_text()
    scripts = [file.name for file in STATIC.glob("*.js") if file.name != "worker.js"]
    assert [name for name in [*scripts, "page.css", "manifest.webmanifest"] if f'"{name}"' not in worker] == []


def test_a_look_aside_is_said_and_what_is_unknown_is_not_guessed(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    drive.state |= {
        "looking": "down",
        "gaze_yaw": 2.0,
        "gaze_pitch": -31.0,
        "eyes_down": True,
        "eyes_closed": False,
        "lids_down_s": 1.4,
    }
    says(page, "#looks", "down (eyes)")
    says(page, "#eyes", "lowered for 1.4 s")
    says(page, "#detail", "looks down")
    drive.state |= {"looking": None, "eyes_down": None, "eyes_closed": None}
    says(page, "#looks", "unknown")
    says(page, "#eyes", "unknown")


def test_the_aim_is_said_and_laid_over_the_picture_on_demand(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    says(page, "#aim-word", "Well aimed")
    assert page.is_hidden("#aimed")
    page.click("#aim-show")
    says(page, "#aimed", "Well aimed")
    assert page.get_attribute("#aimed", "data-ok") == "true"
    drive.blind = True
    page.wait_for_selector("#aimed", state="hidden")
    says(page, "#aim-word", "not checked yet")
