"""What the timeline writes can be read, on a phone too, on which a minute is an inch; and what matters lies on top."""

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


SLEPT = """async () => {
  const { drawTimeline } = await import("./timeline.js");
  const written = [], write = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text) { written.push(text); };
  const samples = Array.from({ length: 480 }, (_, n) => [n / 4, n >= 200 && n < 217, 0, 0, 0.1, 1]);
  const slept = { type: "sleep", level: "critical", category: "fatigue", from: 50.1, held: 3.9, to: 56 };
  drawTimeline(document.getElementById("timeline"), {
    samples, spans: [slept].values(), now: 120, seconds: 120, perclos: { advisory: 0.08, warning: 0.12 },
    word: String, length: (lasted) => `closed ${lasted}`,
  });
  CanvasRenderingContext2D.prototype.fillText = write;
  return written.filter((text) => text.startsWith("closed"));
}"""


def test_a_closure_is_as_long_as_its_event_says(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    assert page.evaluate(SLEPT) == ["closed 3.9"]


OVERLAID = """async () => {
  const { drawTimeline } = await import("./timeline.js");
  const canvas = document.getElementById("timeline"), filled = [];
  const fill = CanvasRenderingContext2D.prototype.fillRect;
  CanvasRenderingContext2D.prototype.fillRect = function (...at) {
    if (at[1] === 0 && at[2] > 3) filled.push(this.fillStyle);
    fill.call(this, ...at);
  };
  const span = (type, level, from, to) => ({ type, level, from, to, category: "fatigue" });
  drawTimeline(canvas, {
    samples: [], spans: [span("sleep", "critical", 20, 60), span("nod", "advisory", 21, 59)].values(), now: 120,
    seconds: 120, perclos: { advisory: 0.08, warning: 0.12 }, word: String, length: String,
  });
  CanvasRenderingContext2D.prototype.fillRect = fill;
  return [filled.at(-1), getComputedStyle(document.documentElement).getPropertyValue("--fill-critical").trim()];
}"""


def test_a_nod_in_a_sleep_does_not_hide_the_alarm(drive: Drive, page: Page) -> None:
    page.goto(drive.page.url)
    says(page, "#headline", "Awake")
    on_top, alarm = page.evaluate(OVERLAID)
    assert on_top == alarm
