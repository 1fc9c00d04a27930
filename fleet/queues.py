"""The queues that the ingest reads, and the connection to the broker that has them.

A node publishes to MQTT topics; RabbitMQ's plugin hands them to the exchange ``amq.topic``. Queues bound there hear
everything from the moment they exist, whether the ingest runs or not. So nothing depends on retained messages, which
RabbitMQ 3.10 keeps on one member only and does not give to wildcard subscribers.

Events, and words that are said once, go through durable queues with a replica on each member. States and readings are
replaced by the next: their queue is in the memory of one member. Where that dies, what waited in it is lost, and the
first worker that comes back makes the queue anew on another.
"""

from __future__ import annotations

import random
import ssl
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker

from fer_edge.errors import UnavailableError
from fleet.messages import REPLACED, RETAINED
from fleet.settings import FleetSettings

EXCHANGE = "amq.topic"
EVENTS, STATES, WORDS = "fleet.events", "fleet.states", "fleet.nodes"
SHARED = (EVENTS, STATES)
"""Read by all workers: the database puts them in order, by number and by time. Words have neither."""
QUEUES = (*SHARED, WORDS)

_OTHERWISE = 406  # AMQP: PRECONDITION_FAILED

STATES_BYTES = 512 * 1024**2
"""States waiting beyond this push out the oldest: about a million. Events have no bound but the disk's alarm, which
makes the nodes keep theirs."""


def bindings(prefix: str) -> dict[str, tuple[str, ...]]:
    """The routing keys of each queue."""
    return {
        EVENTS: (f"{prefix}.*.event.#",),
        STATES: tuple(f"{prefix}.*.{word}" for word in REPLACED),
        WORDS: tuple(f"{prefix}.*.{word}" for word in RETAINED if word not in REPLACED),
    }


def connect(settings: FleetSettings) -> pika.BlockingConnection:
    """A connection to any member that answers. Raises UnavailableError."""
    broker = settings.broker
    credentials = pika.PlainCredentials(broker.user, broker.password())
    options = pika.SSLOptions(ssl.create_default_context()) if broker.tls else None
    members = [
        pika.ConnectionParameters(
            member.host,
            member.amqp,
            credentials=credentials,
            heartbeat=30,
            socket_timeout=5,
            blocked_connection_timeout=60,
            ssl_options=options,
        )
        for member in random.sample(broker.members, len(broker.members))
    ]
    try:
        return pika.BlockingConnection(members)
    except (AMQPError, OSError) as error:
        where = ", ".join(f"{member.host}:{member.amqp}" for member in broker.members)
        why = " ".join(str(error).split()) or type(error).__name__
        raise UnavailableError(f"broker {where}: {why}; check that it runs, and user and password") from error


def declare(channel: BlockingChannel, prefix: str) -> None:
    """Make the queues that are not there, and say what goes into them.

    Raises UnavailableError where one is there that was made otherwise.
    """
    for queue, keys in bindings(prefix).items():
        replaced = queue == STATES
        arguments: dict[str, Any] = {"x-queue-type": "classic" if replaced else "quorum"}
        if replaced:
            arguments |= {"x-max-length-bytes": STATES_BYTES, "x-overflow": "drop-head"}
        try:
            channel.queue_declare(queue, durable=not replaced, arguments=arguments)
        except ChannelClosedByBroker as error:
            if error.reply_code != _OTHERWISE:
                raise
            hint = "let the ingest before it empty it, then delete it: rabbitmqctl delete_queue"
            raise UnavailableError(
                f"broker: queue {queue} was declared with other arguments; {hint} {queue}"
            ) from error
        for key in keys:
            channel.queue_bind(queue, EXCHANGE, key)


def depths(channel: BlockingChannel) -> dict[str, int]:
    """Messages that wait in each queue and are with no reader."""
    return {queue: channel.queue_declare(queue, passive=True).method.message_count for queue in QUEUES}
