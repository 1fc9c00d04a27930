"""Pictures for browsers, once for all of them and only while somebody looks.

What is seen goes beside the picture as values, and the browser draws it: the camera's own JPEG is passed on as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from fer_edge import drawing
from fer_edge.overlay import overlay
from fer_edge.web.visitor import text

if TYPE_CHECKING:
    from fer_edge.core import Frame
    from fer_edge.overlay import Overlay
    from fer_edge.settings import WebSettings
    from fer_edge.web.node import Window
    from fer_edge.web.visitor import Visitor

_WAIT_S = 0.2
"""Longest wait for a frame: what a stop has to wait for at most."""


class Pictures:
    """Takes the newest frame from the window and shows it to every visitor that is ready.

    ``sized`` is told width and height of each picture, pixels; ``made`` counts the pictures.
    """

    def __init__(
        self,
        window: Window,
        settings: WebSettings,
        visitors: Callable[[], Iterable[Visitor]],
        sized: Callable[[int, int], None],
    ) -> None:
        self._window = window
        self._sized = sized
        self._settings = settings
        self._visitors = visitors
        self._someone = asyncio.Event()
        self.made = 0

    def look_again(self) -> None:
        """Somebody began or ceased to look."""
        if any(visitor.looking for visitor in self._visitors()):
            self._someone.set()
        else:
            self._someone.clear()

    async def run(self) -> None:
        """Work until cancelled; sleep while nobody looks."""
        loop = asyncio.get_running_loop()
        # A thread of its own: waiting for a frame must not take one from the default pool.
        executor = ThreadPoolExecutor(1, thread_name_prefix="page-pictures")
        try:
            while True:
                await self._someone.wait()
                with self._window.looking():
                    await self._film(loop, executor)
        finally:
            executor.shutdown(wait=False)

    async def _film(self, loop: asyncio.AbstractEventLoop, executor: ThreadPoolExecutor) -> None:
        count, pause_s = 0, 1 / self._settings.fps
        while self._someone.is_set():
            began = loop.time()
            if any(visitor.ready for visitor in self._visitors()):
                made = await loop.run_in_executor(executor, self._make, count)
                if made is not None:
                    count, drawn, jpeg = made
                    self._hand_out(drawn, jpeg)
            await asyncio.sleep(max(0.01, began + pause_s - loop.time()))

    def _hand_out(self, drawn: str, jpeg: bytes) -> None:
        for visitor in self._visitors():
            if visitor.ready:
                visitor.show(drawn, jpeg)

    def _make(self, count: int) -> tuple[int, str, bytes] | None:
        newer = self._window.newer(count, _WAIT_S)
        if newer is None:
            return None
        number, frame, step = newer
        height, width = frame.image.shape[:2]
        self._sized(width, height)
        self.made += 1
        drawn = _payload(overlay(step.signals, step.state), width, height)
        return number, text(drawn), self._jpeg(frame)

    def _jpeg(self, frame: Frame) -> bytes:
        """The camera's own where it is no wider than asked for, else one made here."""
        width, most = frame.image.shape[1], self._settings.width
        if width <= most and frame.jpeg and (own := frame.jpeg()):
            return own
        return drawing.jpeg(frame.in_colour(width // most), most, self._settings.quality)


def _payload(shown: Overlay, width: int, height: int) -> dict[str, Any]:
    """What overlay.js draws over the picture that follows; places are in a picture of ``width`` x ``height`` pixels."""
    boxes = [(face.box, face) for face in shown.faces]
    return {
        "kind": "overlay",
        "size": [width, height],
        "faces": [
            [*(round(side, 1) for side in (box.x, box.y, box.width, box.height)), face.tone, face.label]
            for box, face in boxes
        ],
        "lines": [[line.tone, line.closed, line.faint, line.points] for line in shown.lines],
        "arrows": [[arrow.tone, *(round(place, 1) for place in (*arrow.start, *arrow.tip))] for arrow in shown.arrows],
        "note": shown.note,
    }
