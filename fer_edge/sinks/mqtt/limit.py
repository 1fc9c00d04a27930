"""How large a packet the broker takes: what it says, or what its hanging up shows where it says nothing.

MQTT 3.1.1 has no word for it: such a broker closes the connection on whatever is larger, each time again, and what
waits behind that message would never get through.
"""

from __future__ import annotations

from dataclasses import dataclass

ANY_SIZE = 268_435_455
"""Bytes of the largest packet that MQTT knows: what a broker takes that names no bound."""
PROOF = 3
"""So many times in a row the broker must hang up on a message before its size is blamed."""


@dataclass(frozen=True, slots=True)
class _Sent:
    topic: str
    size: int
    qos: int


class Limit:
    """Learns from what is sent, confirmed and hung up on. ``named`` is the broker's own word.

    A message is blamed only if the broker has confirmed others over the same connection, all of them smaller.
    """

    def __init__(self) -> None:
        self.named = ANY_SIZE
        self._shown = ANY_SIZE
        self._unread: dict[int, _Sent] = {}
        self._taken = 0
        self._suspect = ""
        self._times = 0

    def fault(self, size: int) -> str | None:
        """Why a packet is not to be sent, and what to do; None if it may be."""
        if size <= min(self.named, self._shown):
            return None
        told = size > self.named
        why, then = (str(self.named), "") if told else (f"it hung up on {self._shown + 1}", " and restart fer-edge")
        return f"{size} bytes are more than it takes ({why}); raise its limit (mosquitto: max_packet_size){then}"

    def begin(self) -> None:
        """A new connection stands."""
        self._unread.clear()
        self._taken = 0

    def sent(self, mid: int, topic: str, size: int, qos: int) -> None:
        """A message is on its way."""
        self._unread[mid] = _Sent(topic, size, qos)

    def confirmed(self, mid: int) -> None:
        """The broker has read this message, and so all that were sent before; of QoS 0 nobody tells."""
        if mid not in self._unread or self._unread[mid].qos == 0:
            return
        for each in list(self._unread):
            sent = self._unread.pop(each)
            self._taken = max(self._taken, sent.size)
            if sent.topic == self._suspect:
                self._times = 0
            if each == mid:
                return

    def hung_up(self) -> str | None:
        """The broker, or the network, has closed the connection; says what it is now known to have been."""
        if not self._taken:
            return None
        largest = max(self._unread.values(), key=lambda sent: sent.size, default=None)
        if largest is None or largest.size <= self._taken:
            self._times = 0
            return None
        self._times = self._times + 1 if largest.topic == self._suspect else 1
        self._suspect = largest.topic
        if self._times < PROOF:
            return None
        self._times, self._shown = 0, largest.size - 1
        return f"it hung up {PROOF} times in a row on {largest.topic}: {largest.size} bytes are too large for it"
