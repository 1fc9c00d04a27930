"""Run everything on this machine with its own broker, and print what is published.

It uses a camera if there is one, otherwise the simulated driver; and a configured broker if there is one.

example:
  fer-edge demo
  fer-edge demo --seconds 30 --set camera.source=sim:drowsy
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import socket
import sys
import tempfile
import threading
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Self

from fer_edge.addresses import without_credentials
from fer_edge.commands import options
from fer_edge.errors import UnavailableError
from fer_edge.settings import CameraSettings, MqttSettings, Settings, WebSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_edge.service.daemon import Daemon

_SHOWN = ("event/", "status", "camera")
"""What is printed of what arrives: states and stats come every second and would bury the events."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--seconds", type=options.positive, metavar="N", help="stop N seconds after it is ready")
    options.add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Run daemon, broker and subscriber until interrupted or the time is over; 69 if no broker was ever found."""
    from fer_edge.service.alone import alone
    from fer_edge.service.broker import HOST, EmbeddedBroker
    from fer_edge.service.daemon import Daemon
    from fer_edge.service.memory import state_dir
    from fer_edge.service.systemd import log_to_stderr

    settings = options.settings(args)
    # What arrives is the show; the daemon's own log joins in only where something is wrong.
    log_to_stderr("warning" if settings.log_level == "info" else settings.log_level)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        changes: dict[str, object] = {}
        if settings.state_dir is None:
            # Events that a stopped demo left behind would come again as history in the next one.
            changes["state_dir"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="fer-edge-demo-"))
        else:
            stack.enter_context(alone(state_dir(settings.state_dir)))
        if settings.mqtt == MqttSettings():
            broker = stack.enter_context(EmbeddedBroker())
            changes["mqtt"] = settings.mqtt.model_copy(
                update={"host": HOST, "port": broker.port, "protocol": "3.1.1", "trust_clock": True}
            )
        if settings.camera.source == CameraSettings().source:
            changes["camera"] = settings.camera.model_copy(update={"source": _source()})
        if settings.web == WebSettings() and find_spec("aiohttp"):
            changes["web"] = settings.web.model_copy(update={"enabled": True, "port": _free_port(settings.web.port)})
        if settings.node == Settings().node:
            changes["node"] = "demo"
        given, settings = settings, settings.model_copy(update=changes)
        _introduce(settings)
        daemon = Daemon(lambda: settings, origins=lambda: options.origins(args) | _own(given, settings))
        printer = stack.enter_context(Printer(settings, over=daemon.stop))
        if args.seconds:
            threading.Thread(target=_stop_later, args=(daemon, args.seconds), daemon=True).start()
        code = daemon.run()
        if printer.fault is not None:
            raise printer.fault
        # The daemon's log has said why.
        return UnavailableError.exit_code if settings.mqtt.enabled and not printer.found else code


def _own(given: Settings, used: Settings) -> dict[str, str]:
    """Where the settings come from that a demo chooses by itself, for the page's table."""
    from fer_edge.config import handbook

    pairs = zip(handbook.each(given), handbook.each(used), strict=True)
    return {name: "demo" for (name, _, before), (_, _, now) in pairs if before != now}


def _source() -> str:
    from fer_edge.sources import cameras

    return "auto" if cameras() else "sim:demo"


def _introduce(settings: Settings) -> None:
    mqtt, topic = settings.mqtt, f"{settings.mqtt.topic_prefix}/{settings.node}"
    source = settings.camera.source
    watched = f"a simulated driver ({source})" if source.startswith("sim:") else without_credentials(source)
    sys.stderr.write(
        f"fer-edge watches {watched} and publishes to {mqtt.host}:{mqtt.port}. Subscribe too:\n"
        f"  mosquitto_sub -h {mqtt.host} -p {mqtt.port} -t '{topic}/#' -v\n"
        f"  {_program()} watch --host {mqtt.host} --port {mqtt.port} --node {settings.node}\n"
    )
    if settings.web.enabled:
        sys.stderr.write(f"Open in a browser: http://127.0.0.1:{settings.web.port}/\n")
    sys.stderr.write("Messages (Ctrl-C to stop):\n")


def _program() -> str:
    """What a person types to start fer-edge: in a checkout it stands in no folder that a shell searches."""
    beside = Path(sys.executable).with_name("fer-edge")
    return "fer-edge" if shutil.which("fer-edge") or not beside.exists() else os.path.relpath(beside)


def _free_port(first: int) -> int:
    """The first port from this one on that nobody listens at: a second demo has a page, too."""
    for port in range(first, first + 20):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    return first


def _stop_later(daemon: Daemon, seconds: float) -> None:
    daemon.ready.wait()
    threading.Event().wait(seconds)
    daemon.stop(f"ran for {seconds:g} s")


class Printer:
    """A subscriber in a thread of its own that prints what arrives. Raises ConfigError for unreadable secrets.

    Where nothing can be printed any more, ``over`` is told so and ``fault`` is why.
    """

    def __init__(self, settings: Settings, over: Callable[[str], None]) -> None:
        from fer_edge.sinks.subscriber import Subscriber

        self._base = f"{settings.mqtt.topic_prefix}/{settings.node}/"
        # The daemon tells of a broker that is away.
        self._subscriber = Subscriber(settings.mqtt, (f"{self._base}#",), say=lambda _why: None)
        self.fault: Exception | None = None
        self._end_demo = over
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="printer", daemon=True)

    @property
    def found(self) -> bool:
        """Whether there has been a broker."""
        return self._subscriber.found

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # The goodbye of the daemon is still on its way.
        self._over.wait(0.5)
        self._over.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        try:
            self._print()
        except Exception as fault:  # the reader has gone, the disk is full: the command says so, as all do
            self.fault = fault
            self._end_demo("nothing can be printed")
        self._subscriber.close()

    def _print(self) -> None:
        from fer_edge.commands.watch_view import line, plain
        from fer_edge.sinks.wire import decode

        for message in self._subscriber.messages(0.1):
            if self._over.is_set():
                break
            if message is None or not message.topic.removeprefix(self._base).startswith(_SHOWN):
                continue
            tail = message.topic.removeprefix(self._base)
            sys.stdout.write(line(tail, plain(decode(message.payload)), colour=sys.stdout.isatty()) + "\n")
            sys.stdout.flush()
