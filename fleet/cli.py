"""The command line of the fleet side."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from fer_edge.errors import FerEdgeError
from fleet.settings import DEFAULT_FILE, FleetSettings

FOLDER = Path(".fleet")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 failed, 2 usage, 69 unavailable, 78 configuration."""
    options = parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    try:
        return int(options.run(options) or 0)
    except FerEdgeError as fault:
        lines = str(fault).splitlines()
        print("\n".join(f"fleet: {line}" for line in lines), file=sys.stderr)
        return fault.exit_code
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    top = argparse.ArgumentParser(prog="fleet", description="The fleet side of fer-edge: broker, database, metrics.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, about: str, run: object, *, config: bool = True) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=about, description=about)
        one.set_defaults(run=run)
        if config:
            one.add_argument("--config", type=Path, default=FOLDER / DEFAULT_FILE, help="settings (%(default)s)")
        return one

    up = add("up", "start the engines in a folder on this machine, loopback only", _up, config=False)
    up.add_argument("--folder", type=Path, default=FOLDER, help="where they live (%(default)s)")
    up.add_argument("--brokers", type=int, help="members of the broker cluster (3)")
    down = add("down", "stop them", _down, config=False)
    down.add_argument("--folder", type=Path, default=FOLDER, help="where they live (%(default)s)")
    ingest = add("ingest", "from the broker's queues into the database, until SIGTERM", _ingest)
    ingest.add_argument("--worker", type=int, metavar="N", help="one worker in this process, the N-th (0)")
    simulate = add("simulate", "whole nodes' traffic, checked against what the database has", _simulate)
    simulate.add_argument("--nodes", type=int, default=50, help="connections, one a node (%(default)s)")
    simulate.add_argument("--hours", type=float, default=1 / 60, help="of the nodes' time (one minute)")
    simulate.add_argument("--speed", type=float, default=1.0, help="how much faster than ours it passes (%(default)s)")
    simulate.add_argument("--state-s", type=float, default=1.0, help="between two states, seconds (%(default)s)")
    simulate.add_argument("--drives", type=int, default=24, help="different drives to play (%(default)s)")
    simulate.add_argument("--drive-s", type=float, default=300.0, help="length of each, seconds (%(default)s)")
    simulate.add_argument("--cut-every-h", type=float, default=0.0, help="a node's link drops so often, hours")
    simulate.add_argument("--cut-longest-s", type=float, default=3600.0, help="for so long at most (%(default)s)")
    simulate.add_argument("--restart-every-h", type=float, default=0.0, help="a node restarts so often, hours")
    simulate.add_argument("--doubled", type=float, default=0.01, help="share of events sent twice (%(default)s)")
    simulate.add_argument("--garbage", type=float, default=0.0, help="broken payloads, ten times this a second")
    simulate.add_argument("--seed", type=int, default=1)
    return top


def _simulate(options: argparse.Namespace) -> int:
    from fleet.simulate.run import Plan, Simulation

    names = [name for name in Plan.__dataclass_fields__ if hasattr(options, name)]
    plan = Plan(**{name: getattr(options, name) for name in names})
    report = Simulation(FleetSettings.read(options.config), plan, options.config.parent).run()
    print(report.text())
    return 0 if report.verdict.good else 1


def _up(options: argparse.Namespace) -> None:
    from fleet.engines import Bed

    bed = Bed.at(options.folder, options.brokers)
    bed.up()
    members = ", ".join(f"{one.host}:{one.mqtt}" for one in bed.settings.broker.members)
    print(f"nodes connect to (MQTT): {members}\nsettings, passwords, logs: {bed.home}\nstop: fleet down")
    for name, port in bed.pages.items():
        print(f"{name}: http://127.0.0.1:{port}")


def _down(options: argparse.Namespace) -> None:
    from fleet.engines import Bed

    Bed.at(options.folder).down()


def _ingest(options: argparse.Namespace) -> int:
    from fleet.ingest import serve, supervise

    settings = FleetSettings.read(options.config)
    if options.worker is None:
        return supervise(settings, options.config)
    serve(settings, options.worker)
    return 0
