"""Pictures for browsers: drawn and encoded once for all, only while somebody looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from fer_edge import drawing

if TYPE_CHECKING:
    from fer_edge.settings import WebSettings
    from fer_edge.web.node import Window
    from fer_edge.web.visitor import Visitor

_WAIT_S = 0.2
"""Longest wait for a frame: what a stop has to wait for at most."""


class Pictures:
    """Takes the newest frame from the window and shows it to every visitor that is ready.

    ``sized`` is told width and height of each picture, pixels; ``encoded`` counts the pictures made.
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
        self.encoded = 0

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
                    count, jpeg = made
                    self._hand_out(jpeg)
            await asyncio.sleep(max(0.01, began + pause_s - loop.time()))

    def _hand_out(self, jpeg: bytes) -> None:
        for visitor in self._visitors():
            if visitor.ready:
                visitor.show(jpeg)

    def _make(self, count: int) -> tuple[int, bytes] | None:
        newer = self._window.newer(count, _WAIT_S)
        if newer is None:
            return None
        number, frame, step = newer
        self._sized(frame.image.shape[1], frame.image.shape[0])
        picture = drawing.draw(frame.in_colour(), step.signals, step.state, panels=False)
        self.encoded += 1
        return number, drawing.jpeg(picture, self._settings.width, self._settings.quality)
