"""MQTT: the sink that publishes and answers, and the connection under it."""

from fer_edge.sinks.mqtt.client import Identity, Incoming, Listener, Subscription
from fer_edge.sinks.mqtt.link import Link
from fer_edge.sinks.mqtt.requests import LEAST_PAUSE_S, VERBS, wrong
from fer_edge.sinks.mqtt.secrets import VARIABLE, password, tls_context
from fer_edge.sinks.mqtt.sink import MqttSink

__all__ = [
    "LEAST_PAUSE_S",
    "VARIABLE",
    "VERBS",
    "Identity",
    "Incoming",
    "Link",
    "Listener",
    "MqttSink",
    "Subscription",
    "password",
    "tls_context",
    "wrong",
]
