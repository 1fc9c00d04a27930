"""The command line of the fleet side."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.command_line import Parser, close_output, of_output
from fer_edge.errors import FerEdgeError, MissingExtra, UnavailableError, UsageError
from fleet.management import Management
from fleet.settings import DEFAULT_FILE, FleetSettings

if TYPE_CHECKING:
    from fleet.simulate.run import Plan
    from fleet.store import Store

FOLDER, SERVER = Path(".fleet"), Path("/etc/fer-edge-fleet")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 failed, 2 usage, 69 unavailable, 78 configuration."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    try:
        code = _run(parser().parse_args(argv))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        close_output()  # whoever read has enough, as head has
        return 0
    except FerEdgeError as fault:
        lines = str(fault).splitlines()
        print("\n".join(f"fleet: {line}" for line in lines), file=sys.stderr)
        return fault.exit_code
    except (OSError, UnicodeEncodeError) as fault:
        if (told := of_output(fault)) is None:
            raise
        print(f"fleet: {told}", file=sys.stderr)
        return FerEdgeError.exit_code
    except KeyboardInterrupt:
        return 130


def _run(options: argparse.Namespace) -> int:
    """The command itself, which imports what it needs: --help works without the extra. Raises MissingExtra."""
    try:
        return int(options.run(options) or 0)
    except ModuleNotFoundError as missing:
        needs = f"fer-edge-fleet needs the extra fleet ({missing.name} is not installed)"
        raise MissingExtra(needs, "-e '.[fleet]'") from None


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    top = Parser(prog="fer-edge-fleet", description="The fleet side of fer-edge: broker, database, metrics.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(run: Callable[[argparse.Namespace], int | None], *, config: bool = True) -> argparse.ArgumentParser:
        about = (run.__doc__ or "").strip()
        one = commands.add_parser(run.__name__.strip("_"), help=about, description=about)
        one.set_defaults(run=run)
        if config:
            one.add_argument("--config", type=Path, default=_config(), help="settings (%(default)s)")
        else:
            one.add_argument("--folder", type=Path, default=FOLDER, help="folder for their data (%(default)s)")
        return one

    add(_up, config=False).add_argument("--brokers", type=int, help="members of the broker cluster (3)")
    add(_down, config=False)
    add(_migrate)
    add(_ingest).add_argument("--worker", type=int, metavar="N", help="one worker in this process, the N-th (0)")
    add(_enrol).add_argument("nodes", nargs="+", metavar="NODE")
    add(_revoke).add_argument("node", metavar="NODE")
    add(_nodes)
    add(_dead).add_argument("--retry", action="store_true", help="process them again, for example after an update")
    erased = add(_erase)
    for one in (add(_export), erased):
        one.add_argument("node", metavar="NODE")
        one.add_argument("--from", dest="since", metavar="TIME", help="ISO 8601, UTC; default: the beginning")
        one.add_argument("--to", dest="until", metavar="TIME", help="exclusive; default: the end")
    erased.add_argument("--yes", action="store_true", help="really delete; without it, only report how much")
    _plan_options(add(_simulate))
    proof = add(_prove)
    _plan_options(proof)
    proof.add_argument("--calm", action="store_true", help="inject no failures: measure the cost of the load only")
    return top


def _config() -> Path:
    """The settings of a bed in this folder, else those of a server where it has some."""
    found = [folder / DEFAULT_FILE for folder in (FOLDER, SERVER) if (folder / DEFAULT_FILE).exists()]
    return found[0] if found else FOLDER / DEFAULT_FILE


def _plan_options(one: argparse.ArgumentParser) -> None:
    for name, kind, default, about in (
        ("nodes", int, 50, "connections, one per node"),
        ("hours", float, 1 / 60, "simulated hours"),
        ("speed", float, 1.0, "speed-up of the simulated time"),
        ("state-s", float, 1.0, "time between two states of a node, seconds"),
        ("state-qos", int, 0, "QoS of states, as mqtt.state_qos of a node: 0 or 1"),
        ("request-qos", int, 0, "QoS of a node's subscription, as mqtt.request_qos: 0 or 1"),
        ("drives", int, 24, "different drives to play"),
        ("drive-s", float, 300.0, "length of each, seconds"),
        ("act-every-s", float, 60.0, "mean time between two acts of a driver that may cause events, seconds"),
        ("cut-every-h", float, 0.0, "mean time between link failures of a node, hours; 0: never"),
        ("cut-longest-s", float, 3600.0, "maximum length of a link failure, seconds"),
        ("restart-every-h", float, 0.0, "mean time between restarts of a node, hours; 0: never"),
        ("doubled", float, 0.01, "share of events that are sent twice"),
        ("garbage", float, 0.0, "share of malformed payloads (ten times this per second)"),
        ("seed", int, 1, "random seed"),
    ):
        one.add_argument(f"--{name}", type=kind, default=default, help=f"{about} ({default:.3g})")
    silent = "nodes subscribe to nothing, as with mqtt.requests: false"
    one.add_argument("--no-requests", dest="requests", action="store_false", help=silent)


def _up(options: argparse.Namespace) -> None:
    """start broker, database, metrics and ingest in a folder on this machine, loopback only"""
    from fleet.engines import Bed

    bed = Bed.at(options.folder, options.brokers)
    bed.up()
    members = ", ".join(f"{one.host}:{one.mqtt}" for one in bed.settings.broker.members)
    print(f"nodes connect to (MQTT): {members}\nsettings, passwords, logs: {bed.home}\nstop: fer-edge-fleet down")
    for name, port in bed.pages.items():
        print(f"{name}: http://127.0.0.1:{port}")


def _down(options: argparse.Namespace) -> None:
    """stop what up started"""
    from fleet.engines import Bed

    Bed.at(options.folder).down()


def _migrate(options: argparse.Namespace) -> None:
    """create or update the tables and the nodes' access rules, and drop expired data"""
    from fleet import identity

    settings = _settings(options)
    broker = Management(settings)
    broker.mirror_subscriptions()
    with _store(options) as store:
        store.migrate()
        if count := identity.refresh(broker, store.db, settings.prefix):
            print(f"access rules of {count} nodes brought up to date")
        for name in store.tidy(settings.keep, datetime.now(UTC)):
            print(f"dropped {name}")


def _ingest(options: argparse.Namespace) -> int:
    """move messages from the queues into the database, until SIGTERM"""
    from fleet.ingest import serve, supervise

    if options.worker is None:
        return supervise(_settings(options), options.config)
    return serve(_settings(options), options.worker)


def _enrol(options: argparse.Namespace) -> None:
    """create a user for each node, with a new password that is printed once, one line per node"""
    from fleet import identity

    settings = _settings(options)
    with _store(options) as store:
        passwords = identity.enrol(Management(settings), store.db, options.nodes, settings.prefix)
    for node, password in passwords.items():
        print(f"{node}\t{password}")


def _revoke(options: argparse.Namespace) -> None:
    """remove a node's user and close its connection; its history stays"""
    from fleet import identity

    with _store(options) as store:
        closed = identity.revoke(Management(_settings(options)), store.db, options.node)
    print(f"{options.node}: revoked, {closed} connections closed")


def _nodes(options: argparse.Namespace) -> None:
    """current status of every node, one JSON object per line"""
    with _store(options) as store:
        for (line,) in store.db.execute("SELECT to_jsonb(n)::text FROM node_now n ORDER BY node"):
            print(line)


def _dead(options: argparse.Namespace) -> None:
    """messages that could not be stored, by reason"""
    from fleet import privacy

    with _store(options) as store:
        if options.retry:
            print("{} could be read now, {} are left".format(*privacy.retry(store)))
        query = "SELECT reason, count(*), max(at), min(node) FROM dead_letters GROUP BY 1 ORDER BY 2 DESC"
        for reason, count, at, node in store.db.execute(query):
            print(f"{count:>8}  last {at:%Y-%m-%d %H:%M:%SZ}, such as {node}: {reason}")


def _export(options: argparse.Namespace) -> None:
    """everything stored about a node, one JSON object per line"""
    from fleet import privacy

    span = privacy.Span.of(options.since, options.until)
    with _store(options) as store:
        count = 0
        for line in privacy.export(store.db, options.node, span):
            print(line)
            count += 1
    if not count:
        print(f"fleet: {options.node}: nothing is stored for it in that time", file=sys.stderr)


def _erase(options: argparse.Namespace) -> None:
    """delete everything stored about a node"""
    from fleet import privacy

    span = privacy.Span.of(options.since, options.until)
    with _store(options) as store:
        if not options.yes:
            count = sum(1 for _ in privacy.export(store.db, options.node, span))
            raise UsageError(f"erase {options.node}: {count} rows would be deleted permanently; confirm with --yes")
        gone = privacy.erase(store.db, options.node, span)
    print(", ".join(f"{table} {count}" for table, count in gone.items()))


def _simulate(options: argparse.Namespace) -> int:
    """generate the traffic of many nodes and check it against the database"""
    from fleet.simulate.run import Simulation

    report = Simulation(_settings(options), _plan(options), options.config.parent).run()
    print(report.text())
    return 0 if report.verdict.good else 1


def _prove(options: argparse.Namespace) -> int:
    """the same while broker, ingest, database and disk fail in turn, with the cost of each part"""
    from fleet.prove import prove

    return prove(options.config.parent, _plan(options), calm=options.calm)


def _plan(options: argparse.Namespace) -> Plan:
    from fleet.simulate.run import Plan

    return Plan(**{name: getattr(options, name) for name in Plan.__dataclass_fields__ if hasattr(options, name)})


def _settings(options: argparse.Namespace) -> FleetSettings:
    return FleetSettings.read(options.config)


@contextmanager
def _store(options: argparse.Namespace) -> Iterator[Store]:
    """Raises UnavailableError for whatever the database refuses, or where it goes away meanwhile."""
    import psycopg

    from fleet.store import Store, connect

    try:
        with connect(_settings(options).database) as db:
            yield Store(db)
    except psycopg.errors.UndefinedTable as error:
        raise UnavailableError("database: it has no tables of the fleet; run fer-edge-fleet migrate first") from error
    except psycopg.Error as error:
        raise UnavailableError(f"database: {' '.join(str(error).split())}") from error
