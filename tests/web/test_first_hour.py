"""The page of a whole node in a real browser while a person tries what may go wrong."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.brokers import Mosquitto, Subscriber, mosquitto, needs_mosquitto, subscriber  # noqa: F401 fixtures
from tests.daemons import LIGHT, NodeProcess, Nodes, nodes  # noqa: F401 a fixture
from tests.fakes import wait_until
from tests.web.conftest import needs_chromium, says

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs_chromium


def start(nodes: Nodes, script: Path, story: str, *more: str, port: int | None = None) -> NodeProcess:  # noqa: F811
    """A node whose simulated driver acts out a story, with its page."""
    script.write_text(story)
    arguments = (f"--source=sim:{script}", "--set=web.enabled=true", "--set=web.port=0", *LIGHT)
    return nodes.start(*arguments, *more, port=port).ready()


def look(page: Page, node: NodeProcess) -> None:
    """Open the node's page."""
    assert wait_until(lambda: "live page: http" in node.log())
    found = re.search(r"live page: (http\S+)", node.log())
    assert found is not None
    page.goto(found[1])


def test_the_driver_asleep_and_a_pause(page: Page, nodes: Nodes, tmp_path: Path) -> None:  # noqa: F811
    node = start(nodes, tmp_path / "tired.txt", "0 awake\n2 eyes-closed\n8 awake\n10 repeat\n")
    look(page, node)
    page.wait_for_selector("#picture[data-shown]")
    says(page, "#events", "Asleep")
    says(page, "#health", "camera online")
    page.click("#pause")
    says(page, "#headline", "Paused")
    says(page, "#health", "camera paused")
    page.click("#pause")
    page.wait_for_function("() => document.querySelector('#headline').textContent !== 'Paused'")
    node.terminate()
    says(page, "#headline", "No connection")


def test_a_hand_over_the_lens(page: Page, nodes: Nodes, tmp_path: Path) -> None:  # noqa: F811
    """It is said at once, is an event after some seconds, and over when the hand is gone."""
    story, soon = "0 awake\n4 covered\n13 awake\n60 end\n", "--set=monitoring.view.degraded_s=4"
    node = start(nodes, tmp_path / "hand.txt", story, soon)
    look(page, node)
    says(page, "#headline", "Awake")
    says(page, "#headline", "Lens covered")
    says(page, "#detail", "the driver cannot be monitored")
    says(page, "#eyes", "unknown")
    says(page, "#events", "View degraded")
    says(page, "#detail", ", for 6")
    assert page.inner_text("#headline") == "Lens covered", "what it is, not what its event is called"
    says(page, "#headline", "Awake")
    page.wait_for_function("() => !document.querySelector('#events').textContent.includes('now')")
    assert "info, lens covered" in page.inner_text("#events")
    assert page.locator("#events li").count() == 1
    node.terminate()


def test_a_camera_pulled_out_and_put_back(page: Page, nodes: Nodes, tmp_path: Path) -> None:  # noqa: F811
    node = start(
        nodes, tmp_path / "pulled.txt", "0 awake\n3 unplugged\n7 awake\n60 end\n", "--set=camera.reopen_s=[0.1, 0.2]"
    )
    look(page, node)
    says(page, "#headline", "No picture")
    says(page, "#detail", "unplugged")
    says(page, "#health", "camera offline")
    says(page, "#headline", "Awake")
    says(page, "#health", "camera online")
    assert page.is_hidden("#cover")
    node.terminate()


@needs_mosquitto
def test_the_broker_stops_and_comes_back(
    page: Page,
    nodes: Nodes,  # noqa: F811
    mosquitto: Mosquitto,  # noqa: F811
    subscriber: Subscriber,  # noqa: F811
    tmp_path: Path,
) -> None:
    node = start(nodes, tmp_path / "tired.txt", "0 awake\n2 eyes-closed\n4 awake\n6 repeat\n", port=mosquitto.port)
    look(page, node)
    says(page, "#health", "broker online")
    assert wait_until(lambda: bool(subscriber.events()))
    mosquitto.kill()
    subscriber.forget_connection()
    says(page, "#health", "connection refused (is the broker running, and on this port?)")
    says(page, "#health", "events waiting on disk")
    wrong = " ".join(page.locator("#health .bad").all_inner_texts())
    assert "connection refused" in wrong and "waiting" in wrong
    assert page.inner_text("#connection").startswith("live"), "the page is the node's, not the broker's"
    # The subscriber has no session that outlives the broker: it must be there before the events come.
    node.process.send_signal(signal.SIGSTOP)
    mosquitto.start()
    subscriber.ready()
    node.process.send_signal(signal.SIGCONT)
    says(page, "#health", "broker online")
    page.wait_for_function("() => !document.querySelector('#health').textContent.includes('waiting')")
    node.terminate()
    assert wait_until(lambda: subscriber.of("/status")[-1].text == "offline")
    numbers = sorted({event["seq"] for event in subscriber.events()})
    assert numbers == list(range(1, numbers[-1] + 1)), "none is lost"
    assert any(event["historical"] for event in subscriber.events())


def test_a_bad_configuration_is_refused_while_it_runs(page: Page, nodes: Nodes, tmp_path: Path) -> None:  # noqa: F811
    file = tmp_path / "node.yaml"
    file.write_text("node: cab-7\n")
    node = start(nodes, tmp_path / "calm.txt", "0 awake\n60 end\n", f"--config={file}")
    look(page, node)
    says(page, "#headline", "Awake")
    file.write_text("node: cab-7\ncamera:\n  fsp: 15\n")
    node.hang_up()
    says(page, "#health", "reload refused: ")
    says(page, "#health", "node.yaml:3 camera.fsp: no such setting; did you mean fps?")
    says(page, "#headline", "Awake")
    file.write_text("node: cab-7\n")
    began = time.monotonic()
    node.hang_up()
    page.wait_for_function("() => !document.querySelector('#health').textContent.includes('refused')")
    assert time.monotonic() - began < 30
    node.terminate()
