"""A node with a live page for tests: the real page and a real window, fed by the test as the daemon's loop would."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np

from fer_edge.core import Box, DriverState, Event, Face, Level, Phase, Signals
from fer_edge.errors import UsageError
from fer_edge.pipeline import Step
from fer_edge.service.viewer import Viewer
from fer_edge.settings import Settings
from fer_edge.sources.orient import Orient
from fer_edge.sources.picture import Picture
from fer_edge.web import LivePage

FPS = 15
"""Frames a second of a drive: every one of them is drawn by a browser without a graphics card."""


class ShownNode:
    """Remembers what was asked of it; ``refuse`` makes it say no."""

    def __init__(self) -> None:
        self.viewer = Viewer()
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.refuse = False
        self.health = {"camera": "online", "fps": 29.97, "memory_mb": 101.0, "uptime_s": 61.0, "skipped": 0}
        self.paused_s: float | None = None

    def configuration(self) -> tuple[Settings, Mapping[str, str]]:
        return Settings(node="cab-7", web={"port": 8061}), {"node": "config.yaml:1", "web.port": "command line"}  # type: ignore[arg-type]

    def ask(self, verb: str, values: Mapping[str, Any]) -> Future[dict[str, Any]]:
        answer: Future[dict[str, Any]] = Future()
        if verb == "stats":
            answer.set_result(self.health)
            return answer
        self.asked.append((verb, dict(values)))
        if self.refuse:
            answer.set_exception(UsageError("not while the engine is off"))
        else:
            self.paused_s = values.get("seconds")
            answer.set_result({})
        return answer


class Drive:
    """Feeds a page :data:`FPS` frames a second in a thread, until closed."""

    def __init__(self, *, name: str = "cab-7", **web: Any) -> None:
        self.settings = Settings(node=name, web={"enabled": True, "port": 0, **web})  # type: ignore[arg-type]
        self.node = ShownNode()
        self.page = LivePage(self.settings, self.node)
        self.state: dict[str, Any] = {"present": True, "eyes_closed": False, "openness": 0.9, "perclos": 0.03}
        self.blind = False
        """Whether the camera gives no picture."""
        self.picture: Callable[[int], Picture] = lambda number: Picture(
            np.full((240, 320, 3), (number * 5) % 256, np.uint8)
        )
        """What the camera gives, by the frame's number."""
        self.at = 100.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> Drive:
        self.page.start()
        assert self.page.listening.wait(30)
        self._thread.start()
        return self

    def happen(
        self, event_type: str, phase: Phase = Phase.START, level: Level = Level.CRITICAL, **details: Any
    ) -> None:
        category = "view" if event_type == "absent" else "fatigue"
        self.page.event(
            Event(1, category, event_type, phase, level, self.at, self.at - 3, 3.0, details or {"perclos": 0.2})
        )

    def close(self) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(2)
        self.page.close()

    def _run(self) -> None:
        number = 0
        while not self._over.wait(1 / FPS):
            self.at += 1 / FPS
            face = Face(Box(100, 60, 90, 110), 0.9, track=1)
            signals = Signals(self.at, number, face=face, faces=1, eyes_closed=0.1, mouth_open=0.1, yaw=1.0, pitch=2.0)
            state = DriverState(self.at, faces=1, paused_s=self.node.paused_s, **self.state)
            if self.blind:
                self.page.state(replace(state, faces=0), Signals(self.at, -1))
                continue
            self.page.state(state, signals)
            if self.node.paused_s is None:
                frame = Orient().frame(self.picture(number), self.at, number)
                self.node.viewer.show(frame, Step(signals, state, ()))
            number += 1
