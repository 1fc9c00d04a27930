"""The timeline of a phone, on which a minute is an inch: what it writes can be read."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from tests.web.conftest import needs_chromium, says
from tests.web.nodes import Drive

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs_chromium

DRAWN = """async () => {
  const { drawTimeline } = await import("./timeline.js");
  const canvas = document.getElementById("timeline"), written = [];
  const write = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    if (text.startsWith("closed")) written.push([text, x - this.measureText(text).width, x, y]);
    write.call(this, text, x, y);
  };
  const samples = Array.from({ length: 480 }, (_, n) => [n / 4, n % 30 < 10, 0, 0, 0.1, 1]);
  drawTimeline(canvas, {
    samples, spans: [], now: 120, seconds: 120, perclos: { advisory: 0.08, warning: 0.12 },
    word: String, length: (lasted) => `closed ${lasted}`,
  });
  CanvasRenderingContext2D.prototype.fillText = write;
  return written;
}"""


def test_lengths_of_closures_do_not_cover_each_other(drive: Drive, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    written = sorted(page.evaluate(DRAWN), key=lambda each: each[1])
    assert len(written) >= 3
    assert all(one[2] < other[1] for one, other in pairwise(written))
