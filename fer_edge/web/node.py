"""What the page needs of the daemon that it shows, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from fer_edge.core import Frame
    from fer_edge.pipeline import Step
    from fer_edge.settings import Settings


class Window(Protocol):
    """Where the newest picture can be looked at, from any thread."""

    def looking(self) -> AbstractContextManager[None]:
        """Pictures are kept while this block runs."""

    def newer(self, than: int, timeout_s: float) -> tuple[int, Frame, Step] | None:
        """The newest frame after count ``than`` with its count, or None when none came in time."""


class Node(Protocol):
    """A running daemon; all members are safe to use from any thread."""

    @property
    def viewer(self) -> Window:
        """Its pictures."""

    def ask(self, verb: str, values: Mapping[str, Any]) -> Future[dict[str, Any]]:
        """Have a request carried out between two frames; the future fails with FerEdgeError if refused."""

    def configuration(self) -> tuple[Settings, Mapping[str, str]]:
        """The settings in use, and ``FILE:LINE`` or ``command line`` for those that are no defaults, by name."""
