"""The whole bed: which engines, on which ports, in which folder; and the settings that name them."""

from __future__ import annotations

import json
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fer_edge.errors import ConfigError, UsageError
from fleet.engines import postgres, prometheus, rabbitmq
from fleet.engines.process import Engine, answers, folder, free_ports
from fleet.management import Management
from fleet.settings import DEFAULT_FILE, FleetSettings, Member
from fleet.store import Store, connect

_MEMBER = tuple(Member.model_fields)[1:]


@dataclass(frozen=True)
class Bed:
    """Engines in ``home``; :meth:`at` makes or finds it."""

    home: Path
    engines: dict[str, Engine]
    _layout: dict[str, Any]

    @classmethod
    def at(cls, home: Path, brokers: int | None = None) -> Bed:
        """Find the bed in a folder, or lay it out with so many brokers (3). Starts nothing."""
        home = folder(home.absolute())
        path = home / "layout.json"
        try:
            layout = json.loads(path.read_text())
        except FileNotFoundError:
            layout = _lay_out(3 if brokers is None else brokers)
            path.write_text(json.dumps(layout))
            path.chmod(0o600)
        except (OSError, ValueError) as error:
            raise ConfigError([f"{path}: {error}; remove the folder and start again"]) from error
        if brokers is not None and brokers != len(layout["members"]):
            raise UsageError(f"{home} has {len(layout['members'])} brokers; choose a different --folder for {brokers}")
        members = [Member(**one) for one in layout["members"]]
        workers = [layout["metrics"] + number for number in range(FleetSettings().ingest.workers)]
        jobs = {"rabbitmq": [one.metrics for one in members], "ingest": workers}
        dsn = f"postgresql://fleet:{layout['database_password']}@127.0.0.1:{layout['postgres']}/fleet"
        found = [
            postgres.engine(home, layout["postgres"], layout["database_password"]),
            *rabbitmq.members(
                home, members, layout["dist"], layout["epmd"], layout["broker_password"], layout["cookie"]
            ),
            *prometheus.engines(home, layout, jobs, dsn),
        ]
        command = (sys.executable, "-m", "fleet", "ingest", "--config", str(home / DEFAULT_FILE))
        ingest = Engine("ingest", home, command, lambda: all(map(answers, workers)), as_caller=True)
        return cls(home, {engine.name: engine for engine in (*found, ingest)}, layout)

    @property
    def config(self) -> Path:
        """The settings file for every other command."""
        return self.home / DEFAULT_FILE

    @property
    def settings(self) -> FleetSettings:
        """What it says."""
        return FleetSettings.read(self.config)

    @property
    def pages(self) -> dict[str, int]:
        """Ports of what a person can look at."""
        metrics = {"Prometheus": self._layout["prometheus"]} if "prometheus" in self.engines else {}
        return {"RabbitMQ": self._layout["members"][0]["management"], **metrics}

    def up(self, *, with_ingest: bool = True) -> None:
        """Start what does not run, wait until all of it can be used, and bring the database up to date."""
        *others, ingest = self.engines.values()
        for engine in others:
            engine.start()
            if engine.alone:
                engine.wait()
        for engine in others:
            engine.wait()
        port, password = self._layout["postgres"], self._layout["database_password"]
        postgres.create_database(port, password)
        self._write_settings(f"postgresql://fleet:{password}@127.0.0.1:{port}/fleet")
        Management(self.settings).mirror_subscriptions()
        with connect(self.settings.database) as db:
            Store(db).migrate()
        if with_ingest:
            ingest.start()
            ingest.wait()

    def down(self) -> None:
        """Stop everything: the ingest first, then all at once, and epmd last.

        A member that is still starting would bring up an epmd of its own, which nobody stops.
        """
        self.engines["ingest"].stop()
        others = [engine for name, engine in self.engines.items() if name != "epmd"]
        for engine in others:
            engine.stop(0.0, kill=False)
        for engine in others:
            engine.stop()
        self.engines["epmd"].stop()

    def _write_settings(self, database: str) -> None:
        secret = self.home / "broker.password"
        values = {
            "database": database,
            "broker": {"members": self._layout["members"], "user": "fleet", "password_file": str(secret)},
            "ingest": {"metrics_port": self._layout["metrics"]},
        }
        for path, text in ((secret, self._layout["broker_password"]), (self.config, yaml.safe_dump(values))):
            with suppress(FileNotFoundError):
                if path.read_text() == text or path == self.config:
                    continue
            path.touch(0o600)
            path.write_text(text)


def _lay_out(brokers: int) -> dict[str, Any]:
    if not 1 <= brokers <= 7:
        raise UsageError(f"--brokers {brokers}: 1 to 7, an odd number")
    ports = iter(free_ports(6 + brokers * (len(_MEMBER) + 1)))
    return {
        "postgres": next(ports),
        "epmd": next(ports),
        "prometheus": next(ports),
        "exporter": next(ports),
        "members": [{name: next(ports) for name in _MEMBER} for _ in range(brokers)],
        "dist": [next(ports) for _ in range(brokers)],
        "metrics": next(ports),
        "database_password": secrets.token_hex(16),
        "broker_password": secrets.token_hex(16),
        "cookie": secrets.token_hex(16),
    }
