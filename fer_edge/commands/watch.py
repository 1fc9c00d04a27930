"""Show what a node publishes over MQTT: a live view in the terminal, one line per message when piped.

A ? after a time means that the node's clock had not been set.

example:
  sudo fer-edge watch      # on the node: with the service's configuration and password
  fer-edge watch --host broker.local --node cab-7
  fer-edge watch --json | jq 'select(.topic | startswith("event/"))'
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from fer_edge.commands import options, reach
from fer_edge.commands.watch_view import NodeView, line, plain
from fer_edge.errors import UnavailableError
from fer_edge.settings import MqttSettings, Settings

if TYPE_CHECKING:
    from fer_edge.sinks.subscriber import Subscriber

_log = logging.getLogger(__name__)

_REDRAW_S = 0.2
_SILENCE_S = 3.0
"""A broker that has a node's messages hands over those that are retained sooner than this."""
_STATUS_S = 1.0
"""A status that is retained comes sooner than this."""
_HIDE, _SHOW, _HOME, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[?25l\x1b[?7l", "\x1b[?25h\x1b[?7h", "\x1b[H", "\x1b[K", "\x1b[J"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object per message: node, topic, payload, retained, valid (false: the node is offline)",
    )
    parser.add_argument("--host", help="the broker (mqtt.host)")
    parser.add_argument("--port", type=int, help="the broker's port (mqtt.port)")
    parser.add_argument("--node", type=_node, help="the node to watch (node); + for all nodes, one line per message")
    parser.add_argument("--seconds", type=options.positive, metavar="N", help="stop after N seconds")
    options.add_config(parser)


def _node(text: str) -> str:
    """A node's name or ``+``, as an argparse type: a topic is made of it."""
    with suppress(ValidationError):
        return text if text == "+" else Settings.model_validate({"node": text}).node
    raise argparse.ArgumentTypeError(
        f"must be a node name (letters, digits, - and _), or + for all nodes (got {text!r})"
    )


def run(args: argparse.Namespace) -> int:
    """Watch until interrupted or until the time is over; 69 if no broker was found in that time."""
    from fer_edge.service.systemd import log_to_stderr
    from fer_edge.sinks.subscriber import Subscriber

    settings = options.settings(args, {"mqtt.host": args.host, "mqtt.port": args.port})
    log_to_stderr("warning")
    reach.take_the_services_password()
    node = args.node or settings.node
    prefix = f"{settings.mqtt.topic_prefix}/"

    def say(why: str) -> None:
        # Where the time is limited, its end tells why no broker was found.
        if args.seconds is None or subscriber.found:
            _log.warning("%s", why)

    subscriber = Subscriber(settings.mqtt, (f"{prefix}{node}/#",), say)
    page = sys.stdout.isatty() and not args.json and node != "+"
    heard = _heard(subscriber, prefix, args.seconds)
    heard = _noticed(heard, subscriber, _nothing(node, settings.mqtt), float("inf") if page else _SILENCE_S)
    try:
        if page:
            _show_page(heard, NodeView(node), subscriber)
        else:
            _print_lines(heard, all_nodes=node == "+", as_json=args.json)
    except KeyboardInterrupt:
        return 0
    finally:
        subscriber.close()
    if not subscriber.found:
        raise UnavailableError(reach.away(settings.mqtt, subscriber.fault))
    return 0


def _nothing(node: str, mqtt: MqttSettings) -> str:
    where = f"{mqtt.host}:{mqtt.port}"
    if node == "+":
        return f"nothing from any node at {where}; is one running, and is mqtt.topic_prefix the same?"
    return f"nothing from node {node} at {where}; is the name right? --node + shows all"


def _noticed(
    messages: Iterator[_Heard | None], subscriber: Subscriber, nothing: str, patience_s: float
) -> Iterator[_Heard | None]:
    """The same messages; where none has come for so long after the connection, or at all, that is said once."""
    due, over = None, False
    for heard in messages:
        if due is None and subscriber.found:
            due = time.monotonic() + patience_s
        if heard is not None:
            over = True
        elif due is not None and not over and time.monotonic() >= due:
            over = True
            sys.stderr.write(f"fer-edge: {nothing}\n")
        yield heard
    if due is not None and not over:
        sys.stderr.write(f"fer-edge: {nothing}\n")


@dataclass(frozen=True, slots=True)
class _Heard:
    """One message: whose, the topic below the node, and what it says.

    ``valid`` is False for a state and camera that a node left behind which is offline: a broker that speaks MQTT 3.1.1
    keeps them for ever. None where its status is not known.
    """

    node: str
    tail: str
    payload: Any
    retained: bool
    valid: bool | None = True


class _Validity:
    """Holds back what a node said of its driver until it is known whether the node is there."""

    def __init__(self) -> None:
        self._online: dict[str, bool] = {}
        self._held: list[tuple[float, _Heard]] = []

    def take(self, heard: _Heard, now: float) -> list[_Heard]:
        """What may be shown now."""
        if heard.tail == "status":
            self._online[heard.node] = heard.payload == "online"
            return [heard, *self._release(lambda _since, held: held.node == heard.node)]
        if heard.tail not in ("state", "camera"):
            return [heard]
        if heard.retained and heard.node not in self._online:
            self._held.append((now, heard))
            return []
        return [self._judged(heard)]

    def late(self, now: float) -> list[_Heard]:
        """What has waited long enough for a status that does not come."""
        return self._release(lambda since, _: now - since >= _STATUS_S)

    def _release(self, due: Callable[[float, _Heard], bool]) -> list[_Heard]:
        free = [held for since, held in self._held if due(since, held)]
        self._held = [(since, held) for since, held in self._held if not due(since, held)]
        return [self._judged(held) for held in free]

    def _judged(self, heard: _Heard) -> _Heard:
        return replace(heard, valid=self._online.get(heard.node))


def _heard(subscriber: Subscriber, prefix: str, seconds: float | None) -> Iterator[_Heard | None]:
    """Each message, and None in between so that time is seen to pass."""
    from fer_edge.sinks.wire import decode

    end = None if seconds is None else time.monotonic() + seconds
    validity = _Validity()
    for message in subscriber.messages(_REDRAW_S):
        now = time.monotonic()
        over = end is not None and now >= end
        yield from validity.late(float("inf") if over else now)
        if message is None:
            yield None
        else:
            node, _, tail = plain(message.topic).removeprefix(prefix).partition("/")
            yield from validity.take(_Heard(node, tail, decode(message.payload), message.retained), now)
        if over:
            break


def _print_lines(messages: Iterator[_Heard | None], *, all_nodes: bool, as_json: bool) -> None:
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    for heard in messages:
        if heard is None:
            continue
        if as_json:
            text = json.dumps(
                {
                    "node": heard.node,
                    "topic": heard.tail,
                    "retained": heard.retained,
                    "valid": heard.valid,
                    "payload": heard.payload,
                }
            )
        else:
            text = (f"{heard.node}  " if all_nodes else "") + line(heard.tail, plain(heard.payload), colour=colour)
            text += "  (not valid: the node is offline)" if heard.valid is False else ""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def _show_page(messages: Iterator[_Heard | None], view: NodeView, subscriber: Subscriber) -> None:
    colour = "NO_COLOR" not in os.environ
    drawn_at = 0.0
    # Ended so, too, it gives the terminal its cursor back.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        sys.stdout.write(_HIDE + _HOME + _CLEAR_BELOW)
        for heard in messages:
            if heard is not None:
                view.update(heard.tail, plain(heard.payload))
            if time.monotonic() - drawn_at >= _REDRAW_S:
                drawn_at = time.monotonic()
                _draw(view.page(connected=subscriber.connected, colour=colour))
    finally:
        sys.stdout.write(_SHOW + "\n")
        sys.stdout.flush()


def _draw(lines: list[str]) -> None:
    height = shutil.get_terminal_size().lines
    sys.stdout.write(_HOME + "".join(f"{text}{_CLEAR_LINE}\n" for text in lines[: height - 1]) + _CLEAR_BELOW)
    sys.stdout.flush()
