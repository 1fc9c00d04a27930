"""Everybody who looks, and what they are told: states five times a second, events at once, health now and then.

States and samples are numbered, so that a browser knows what never came.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Never

from pydantic import ValidationError

from fer_edge import __version__
from fer_edge.errors import FerEdgeError
from fer_edge.sinks.mqtt import VERBS, wrong
from fer_edge.sinks.payloads import rounded
from fer_edge.web.pictures import Pictures
from fer_edge.web.visitor import Visitor, text

if TYPE_CHECKING:
    from fer_edge.settings.reads import PageReads
    from fer_edge.web.history import History
    from fer_edge.web.node import Node

log = logging.getLogger(__name__)

STATE_S = 0.2
HEALTH_S = 1.0
ANSWER_S = 5.0
ALLOWED = ("pause", "resume", "recalibrate")
"""What may be asked of the node on the page."""


class Hub:
    """Lives in the page's event loop."""

    def __init__(self, settings: PageReads, node: Node, history: History) -> None:
        self._settings = settings
        self._node = node
        self._history = history
        self._told = history.count
        self._states = 0
        self._someone = asyncio.Event()
        self.visitors: set[Visitor] = set()
        self.pictures = Pictures(node.viewer, settings.web, lambda: self.visitors, history.picture)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work while this block runs."""
        works = (self._tell_states, self._tell_health, self.pictures.run)
        tasks = [asyncio.create_task(_kept_going(work)) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @contextmanager
    def visiting(self, visitor: Visitor) -> Iterator[None]:
        """A browser looks while this block runs; it is first told of the past."""
        if not self.visitors:
            self._told = self._history.count
        self.visitors.add(visitor)
        count, samples, events = self._history.past()
        drowsy, web = self._settings.monitoring.drowsy, self._settings.web
        # Those that the others have not been told yet come with the next state.
        known = samples[: len(samples) - (count - self._told)]
        hello = {
            "kind": "hello",
            "node": self._settings.node,
            "version": __version__,
            "history_s": web.history_s,
            "perclos": {"advisory": drowsy.advisory, "warning": drowsy.warning},
            "first": self._told - len(known),
            "samples": known,
            "events": events,
        }
        visitor.tell(text(hello))
        self._someone.set()
        try:
            yield
        finally:
            self.visitors.discard(visitor)
            if not self.visitors:
                self._someone.clear()
            self.pictures.look_again()

    def event(self, message: dict[str, Any]) -> None:
        """Tell everybody of an event, now."""
        for visitor in self.visitors:
            visitor.tell(text(message))

    async def carry_out(self, verb: object, values: Mapping[str, Any]) -> dict[str, Any]:
        """Have the node do what a visitor asks; the answer for that visitor."""
        answer = {"kind": "answer", "verb": str(verb)[:32], "error": None}
        if verb not in ALLOWED:
            return answer | {"error": f"not possible here; possible: {', '.join(ALLOWED)}"}
        try:
            checked = VERBS[str(verb)].model_validate(dict(values)).model_dump(exclude={"transaction"})
            await asyncio.wait_for(asyncio.wrap_future(self._node.ask(str(verb), checked)), ANSWER_S)
        except ValidationError as fault:
            return answer | {"error": wrong(VERBS[str(verb)], fault)}
        except FerEdgeError as refused:
            return answer | {"error": str(refused)}
        except TimeoutError:
            return answer | {"error": f"no answer within {ANSWER_S:g} s; see the node's log"}
        return answer

    async def _tell_states(self) -> None:
        last: dict[str, Any] | None = None
        while True:
            await self._someone.wait()
            self._tell_samples()
            state = self._history.now()
            if state is not None:
                self._states += state != last
                told = text(state | {"update": self._states})
                for visitor in self.visitors:
                    if state != last or not visitor.greeted:
                        visitor.newest("state", told)
                        visitor.greeted = True
                last = state
            await asyncio.sleep(STATE_S)

    def _tell_samples(self) -> None:
        self._told, samples = self._history.since(self._told)
        if samples:
            told = text({"kind": "samples", "first": self._told - len(samples), "samples": samples})
            for visitor in self.visitors:
                visitor.tell(told)

    async def _tell_health(self) -> None:
        while True:
            await self._someone.wait()
            try:
                stats = await asyncio.wait_for(asyncio.wrap_future(self._node.ask("stats", {})), ANSWER_S)
            except (FerEdgeError, TimeoutError):
                # Nothing is said; the page shows that nothing comes.
                continue
            told = text({"kind": "health", **rounded(stats)})
            for visitor in self.visitors:
                visitor.newest("health", told)
            await asyncio.sleep(HEALTH_S)


async def _kept_going(work: Callable[[], Awaitable[None]]) -> Never:
    """A fault in one kind of news is told and must not end the others, nor that kind for good."""
    while True:
        try:
            await work()
        except Exception as fault:
            log.error("live page: %r; continuing", fault)
        await asyncio.sleep(1.0)
