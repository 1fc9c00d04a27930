"""The other side: listens to a node's topics, over the same kind of connection as the daemon's."""

from __future__ import annotations

import logging
import queue
import uuid
from collections.abc import Callable, Iterator

from fer_edge.settings import MqttSettings
from fer_edge.sinks.mqtt import Identity, Incoming, Link, Listener, Subscription, password, tls_context

_log = logging.getLogger(__name__)

_MAX_PACKET = 1024 * 1024


class Subscriber:
    """Hears what is retained and what comes. ``found`` is whether the broker has ever accepted us.

    ``say`` takes each new reason why the broker is not there. Raises ConfigError for unreadable secrets.
    """

    def __init__(
        self, settings: MqttSettings, topics: tuple[str, ...], say: Callable[[str], None] = _log.warning
    ) -> None:
        self.found = False
        self._messages: queue.SimpleQueue[Incoming | None] = queue.SimpleQueue()
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        identity = Identity(
            f"fer-edge-watch-{uuid.uuid4().hex[:8]}", settings.username, password(settings), tls_context(settings)
        )
        self._link = Link(
            settings,
            identity,
            Subscription(topics, retained=True, max_packet=_MAX_PACKET),
            Listener(
                up=self._up,
                down=lambda: None,
                confirmed=lambda _mid, _refused: None,
                message=self._take,
            ),
            self._post,
            say=say,
        )

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us."""
        return self._link.up

    @property
    def fault(self) -> str | None:
        """Why the broker is not there, in a line; None while it is, or before that is known."""
        return self._link.fault

    def messages(self, every_s: float) -> Iterator[Incoming | None]:
        """Each message as it comes, and None at least so often; connects again for ever."""
        while True:
            self._link.step()
            try:
                message = self._messages.get(timeout=every_s)
            except queue.Empty:
                message = None
            while not self._calls.empty():
                self._calls.get()()
            yield message

    def close(self) -> None:
        """Leave the broker."""
        self._link.close()

    def _up(self, _maximum: int) -> None:
        self.found = True

    def _take(self, message: Incoming) -> None:
        self._messages.put(message)

    def _post(self, call: Callable[[], None]) -> None:
        # A call ends the wait for messages, so that connecting does not take one turn a step.
        self._calls.put(call)
        self._messages.put(None)
