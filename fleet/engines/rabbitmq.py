"""RabbitMQ from Debian: a cluster of members on one machine."""

from __future__ import annotations

import http.client
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from fer_edge.errors import UnavailableError
from fleet.engines.process import Engine, answers, folder, own
from fleet.identity import password_hash
from fleet.messages import LARGEST
from fleet.settings import Member

PLUGINS = "[rabbitmq_mqtt, rabbitmq_management, rabbitmq_prometheus]."
_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")

_CONF = """
listeners.tcp.1 = 127.0.0.1:{amqp}
mqtt.listeners.tcp.1 = 127.0.0.1:{mqtt}
mqtt.allow_anonymous = false
mqtt.exchange = amq.topic
mqtt.login_timeout = 60000
mqtt.retained_message_store = rabbit_mqtt_retained_msg_store_ets
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
management.load_definitions = {definitions}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {metrics}
cluster_formation.peer_discovery_backend = classic_config
cluster_partition_handling = pause_minority
max_message_size = {largest}
disk_free_limit.absolute = 1GB
vm_memory_high_watermark.absolute = 4GB
collect_statistics_interval = 30000
management.rates_mode = none
log.console = true
log.console.level = warning
log.file = false
"""


def members(home: Path, ports: list[Member], dist: list[int], epmd: int, password: str, cookie: str) -> list[Engine]:
    """epmd, by which members find each other, and the members."""
    if not _SERVER.exists():
        raise UnavailableError("RabbitMQ is not installed: sudo apt install rabbitmq-server")
    folder(home)
    definitions = home / "definitions.json"
    _write(definitions, json.dumps(_definitions(password)))
    _write(home / "enabled_plugins", PLUGINS)
    names = [f"fleet{number}@localhost" for number in range(1, len(ports) + 1)]
    epmd_path = shutil.which("epmd") or "/usr/bin/epmd"
    finder = Engine("epmd", home, [epmd_path, "-port", str(epmd), "-address", "127.0.0.1"], lambda: answers(epmd))
    engines = [finder]
    for number, (member, node) in enumerate(zip(ports, names, strict=True), 1):
        own_home = folder(home / f"rabbit{number}")
        conf = _CONF.format(**member.model_dump(), definitions=definitions, largest=LARGEST)
        conf += "".join(f"cluster_formation.classic_config.nodes.{n} = {one}\n" for n, one in enumerate(names, 1))
        _write(own_home / "rabbitmq.conf", conf)
        if not (own_home / ".erlang.cookie").exists():
            _write(own_home / ".erlang.cookie", cookie)
        environment = {
            "HOME": str(own_home),
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": node,
            "RABBITMQ_USE_LONGNAME": "false",
            "RABBITMQ_DIST_PORT": str(dist[number - 1]),
            "RABBITMQ_MNESIA_BASE": str(folder(own_home / "data")),
            "RABBITMQ_LOG_BASE": str(own_home),
            "RABBITMQ_CONFIG_FILE": str(own_home / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
            # Several virtual machines share this machine's cores: each gets its part, and none waits busily.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} "
            f"+sbwt none +sbwtdcpu none +sbwtdio none +S {max(1, (os.cpu_count() or 1) // len(ports))}",
        }
        # Members that join in the same moment may leave one without the plugin's register of client ids: it then takes
        # no node, for good. Later starts are together, since the last to stop has to be there for the others.
        joins = not any((own_home / "data").iterdir())
        # A member gives up where it asks another for its feature flags in the moment that one reads them: tried again.
        name = f"rabbit{number}"
        engines.append(Engine(name, home, [_SERVER], _ready_of(member), environment, alone=joins, tries=3))
    return engines


def _definitions(password: str) -> dict[str, object]:
    everything = {"user": "fleet", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
    user = {
        "name": "fleet",
        "password_hash": password_hash(password),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": ["administrator"],
        "limits": {},
    }
    return {"users": [user], "vhosts": [{"name": "/"}], "permissions": [everything]}


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o400 if path.name == ".erlang.cookie" else 0o600)
    own(path)


def _ready_of(member: Member) -> Callable[[], bool]:
    def ready() -> bool:
        if not (answers(member.amqp) and answers(member.mqtt)):
            return False
        with suppress(OSError, http.client.HTTPException):
            link = http.client.HTTPConnection(member.host, member.management, timeout=3)
            link.request("GET", "/")
            status = link.getresponse().status
            link.close()
            return status < 500
        return False

    return ready
