"""Why a broker does not want us, in one line that says what to do."""

from __future__ import annotations

import socket
import ssl

from paho.mqtt.reasoncodes import ReasonCode

from fer_edge.settings import MqttSettings

_WHY = {
    "Bad user name or password": "user name or password refused; check mqtt.username and the password",
    "Not authorized": "not authorised by the broker's access rules; check its ACL for this user and node",
    "Client identifier not valid": "client id refused; check node and the broker's rules for client ids",
    "Unsupported protocol version": "MQTT version refused; check mqtt.protocol",
    "Session taken over": "another client took over with the same id; give each device its own node name",
    "Banned": "this client is banned by the broker",
    "Server unavailable": "the broker reports that it is unavailable",
    "Server busy": "the broker reports that it is busy",
    "Server shutting down": "the broker is shutting down",
    "Quota exceeded": "the broker's quota is exceeded",
    "Packet too large": "the message is too large for the broker",
    "Keep alive timeout": "the broker received nothing from this device for too long",
}


def refusal(code: ReasonCode) -> str:
    """A reason code of SUBACK, PUBACK or DISCONNECT, explained."""
    name = code.getName()
    return _WHY.get(name, f"refused: {name}")


def connect_refusal(code: ReasonCode) -> str:
    """A reason code of CONNACK, explained: there "not authorized" is most often a wrong password (mosquitto)."""
    if code.getName() == "Not authorized":
        return "user name or password refused, or not allowed to connect; check mqtt.username and the password"
    return refusal(code)


def closed_early(code: ReasonCode) -> str:
    """A disconnect's reason; paho's own "unspecified error" says only that the socket closed."""
    name = code.getName()
    return "closed by the broker or the network" if name == "Unspecified error" else _WHY.get(name, name.lower())


def closed_often(code: ReasonCode, node: str) -> str:
    """What to look at where one connection after the other is lost.

    Old brokers throw out the elder of two clients with one id without a word, and one whose message is too large.
    """
    if code.getName() == "Packet too large":
        return ""
    size = "" if code.getName() == "Session taken over" else "is a message too large for it, or "
    return f"; {size}is another device, or a second fer-edge here, also node {node}?"


def closed_unanswered(settings: MqttSettings) -> str:
    """A connection that ended before the broker said anything: with TLS 1.3 it refuses a certificate in this way."""
    if not settings.tls.enabled:
        doubt = "does it expect TLS?"
    elif settings.tls.cert_file is None:
        doubt = "does it require a client certificate, mqtt.tls.cert_file?"
    else:
        doubt = "is mqtt.tls.cert_file valid, and from an authority that it knows?"
    return f"connection closed before it answered (is this an MQTT broker, and {doubt})"


def connect_error(error: Exception) -> str:
    """An exception of dialling, explained."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not accepted: {error.verify_message.rstrip('.')}; check mqtt.tls.ca_file and mqtt.host"
        )
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}; check mqtt.port and mqtt.tls"
    if isinstance(error, socket.gaierror):
        return "its name cannot be resolved; check mqtt.host and the network"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused (is the broker running, and on this port?)"
    if isinstance(error, ConnectionResetError):
        return "it closed the connection immediately; check mqtt.port and mqtt.tls"
    if isinstance(error, TimeoutError):
        return "no answer; check mqtt.host, mqtt.port and the network"
    return f"cannot connect: {getattr(error, 'strerror', None) or error}"
