"""The daemon: camera in, MQTT out. SIGTERM stops it cleanly, SIGHUP reloads configuration and models.

example:
  fer-edge run --config /etc/fer-edge/config.yaml
  fer-edge run --source sim:demo --set mqtt.host=broker.local
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from fer_edge.addresses import without_credentials
from fer_edge.commands import options
from fer_edge.errors import UsageError
from fer_edge.settings import Settings
from fer_edge.settings.camera import NO_SOURCE, SOURCES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--source", metavar="SRC", help="camera, csi:N, file, stream or sim:SCRIPT (camera.source)")
    options.add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Run until stopped; 0 for a clean end, 69 if another daemon uses the state folder."""
    if args.source is not None and NO_SOURCE.match(args.source):
        # A slip of the command line, not of the configuration it would be laid over.
        raise UsageError(f"--source {without_credentials(args.source)}: unknown form; use {SOURCES}")

    def load() -> Settings:
        return options.settings(args, {"camera.source": args.source})

    # Loaded here once for the log, so a wrong configuration is told before heavy imports.
    settings = load()
    from fer_edge.service.alone import alone
    from fer_edge.service.memory import state_dir

    # What is kept of a driver is for nobody else on this machine, as under the service's UMask.
    os.umask(0o077)
    with alone(state_dir(settings.state_dir)):
        return _run(args, load, settings.log_level)


def _run(args: argparse.Namespace, load: Callable[[], Settings], level: str) -> int:
    from fer_edge.service.chatter import quiet_libraries
    from fer_edge.service.daemon import Daemon
    from fer_edge.service.systemd import log_to_stderr

    daemon = Daemon(load, origins=lambda: options.origins(args, {"camera.source": args.source}))
    with quiet_libraries():
        log_to_stderr(level)
        return daemon.run()
