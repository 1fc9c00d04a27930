"""What can be swapped: where frames come from, what finds faces, where states and events go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from fer_edge.core.events import Event
from fer_edge.core.geometry import Face, Frame
from fer_edge.core.signals import Signals
from fer_edge.core.state import DriverState

if TYPE_CHECKING:
    from fer_edge.core.geometry import Image


class Source(Protocol):
    """Where frames come from: a camera, a file, a stream, the simulated driver.

    ``live`` sources run on their own time, so a slow reader loses frames; others wait.
    """

    name: str
    live: bool

    @property
    def fps(self) -> float | None:
        """Frames a second as the open source says, None where it does not."""

    @property
    def frames(self) -> int | None:
        """How many frames the open source will give, None where it does not say or never ends."""

    def open(self) -> None:
        """Take the device or file. Raises SourceUnavailable; may be called again after close."""

    def read(self) -> Frame:
        """The next frame, waiting for it. Raises SourceLost, or EndOfSource after the last."""

    def close(self) -> None:
        """Give the device back. Safe to call at any time, more than once, from any thread."""


class FaceFinder(Protocol):
    """Finds faces in a picture, without memory of earlier ones."""

    def find(self, grey: Image, colour: Image | None) -> Sequence[Face]:
        """Every face, best first, in pixels of the picture.

        ``grey`` is (height, width) uint8; ``colour`` the same picture as (height, width, 3) BGR
        where the source has colour.
        """


class Sink(Protocol):
    """Takes what the rules say. Never gets a picture and never blocks the main loop."""

    def state(self, state: DriverState, signals: Signals) -> None:
        """The state after one frame; called for every frame."""

    def event(self, event: Event) -> None:
        """One phase of an event, in order."""

    def close(self) -> None:
        """Flush and stop."""
