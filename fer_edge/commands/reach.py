"""Who reaches a broker from where: the three places at which a first installation stops."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path

from fer_edge.settings import MqttSettings

GUIDE = "deploy/mosquitto/broker.sh (docs/mqtt.md) sets up a broker that other machines can reach"
SERVICE_PASSWORD = Path("/etc/credstore/fer-edge.mqtt-password")
SERVICE_TOKEN = Path("/etc/credstore/fer-edge.web-token")
_PATIENCE_S = 2.0


def away(mqtt: MqttSettings, fault: str | None) -> str:
    """What a subscriber's fault comes to for a command that ends with it."""
    if fault is None:
        return f"broker {mqtt.host}:{mqtt.port}: no answer yet; check mqtt.host, mqtt.port and the network"
    return f"broker {explained(mqtt, fault.removeprefix('broker ').removesuffix('; reconnecting'))}"


def explained(mqtt: MqttSettings, why: str) -> str:
    """Why the broker is not there, with what only the configuration can tell; "<what>; <what to do>"."""
    from fer_edge.sinks.mqtt import VARIABLE

    where = f"{mqtt.host}:{mqtt.port}"
    if not mqtt.username and "user name or password refused" in why:
        return f"{where}: requires a user name; set mqtt.username and put the password into {SERVICE_PASSWORD}"
    if "user name or password refused" in why and VARIABLE not in os.environ and hidden(SERVICE_PASSWORD):
        return (
            f"{where}: user name or password refused; only root can read the service's password: sudo fer-edge doctor"
        )
    if "connection refused" in why and is_here(mqtt.host):
        return f"{where}: connection refused; is the broker running, and on this port?"
    if "connection refused" in why:
        return (
            f"{where}: connection refused; check mqtt.port and start the broker. If it is running: without "
            f"a listener setting, mosquitto accepts connections from its own machine only; {GUIDE}"
        )
    return why


def hidden(secret: Path) -> bool:
    """Whether a secret of the service may be there and this user cannot read it."""
    return os.geteuid() != 0 and secret.parent.is_dir() and not os.access(secret, os.R_OK)


def is_here(host: str) -> bool:
    """Whether the name or address is this machine's loopback."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in ("localhost", "ip6-localhost")


def own_address() -> str | None:
    """An address other machines could reach this one by; None without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing: the kernel only looks up which address it would send from.
            probe.connect(("203.0.113.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if is_here(address) else address


def listens(address: str, port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((address, port), _PATIENCE_S):
            return True
    except OSError:
        return False


def take_the_services_password() -> None:
    """As root: the password that systemd gives the service, unless one is given already."""
    from fer_edge.sinks.mqtt import VARIABLE

    _take(VARIABLE, SERVICE_PASSWORD)


def take_the_services_token() -> None:
    """The same with the token of the live page."""
    from fer_edge.web.access import VARIABLE

    _take(VARIABLE, SERVICE_TOKEN)


def _take(variable: str, file: Path) -> None:
    given = {"CREDENTIALS_DIRECTORY", variable} & os.environ.keys()
    if not given and os.access(file, os.R_OK):
        os.environ[variable] = file.read_text("utf-8").rstrip("\r\n")
