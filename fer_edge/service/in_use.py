"""The parts in use, and how a reload takes new ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fer_edge.errors import FerEdgeError

if TYPE_CHECKING:
    from fer_edge.service.parts import Builder, Parts
    from fer_edge.settings import Settings


class InUse:
    """Used in the main loop only, except for ``configuration``.

    ``load`` reads the settings for a reload, ``origins`` then says where those come from that are no defaults.
    Raises what :meth:`Builder.build` raises.
    """

    def __init__(
        self,
        builder: Builder,
        settings: Settings,
        load: Callable[[], Settings],
        origins: Callable[[], Mapping[str, str]],
    ) -> None:
        self.parts: Parts = builder.build(settings)
        self._builder = builder
        self._load = load
        self._read_origins = origins
        self._origins = origins()
        self._started: Parts | None = None

    @property
    def configuration(self) -> tuple[Settings, Mapping[str, str]]:
        """The settings in use and where those that are no defaults come from; safe from any thread."""
        return self.parts.settings, self._origins

    def renew(self) -> Parts:
        """Build parts from configuration and models as they are now, and return those used until now.

        Raises FerEdgeError with the old ones kept. Nothing is started yet: whoever asked for the reload is answered
        by the connection that may end with it.
        """
        try:
            parts, origins = self._builder.build(self._load(), self.parts), self._read_origins()
        except FerEdgeError:
            raise
        except Exception as fault:
            # What cannot be built must not end what runs, even where nobody expected it.
            raise FerEdgeError(repr(fault)) from None
        old, self.parts, self._origins = self.parts, parts, origins
        return old

    def start(self) -> None:
        """Start what is new since the last time, and close what it replaces."""
        if self._started is not self.parts:
            before, self._started = self._started, self.parts
            self.parts.start(before)
