"""Prometheus from Debian, and PostgreSQL's exporter where it is installed."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from fleet.engines.process import Engine, answers, folder, own


def configuration(jobs: dict[str, list[int]]) -> dict[str, Any]:
    """What is asked every 15 s, by the name of a job; nodes that show ``/metrics`` are listed in ``nodes/*.yml``."""
    scraped = [
        {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}]}
        for job, ports in jobs.items()
    ]
    nodes = {"job_name": "nodes", "file_sd_configs": [{"files": ["nodes/*.yml"]}]}
    return {"global": {"scrape_interval": "15s"}, "rule_files": ["alerts.yml"], "scrape_configs": [*scraped, nodes]}


def engines(home: Path, ports: dict[str, int], jobs: dict[str, list[int]], dsn: str) -> list[Engine]:
    """Those that are installed."""
    found = []
    if exporter := shutil.which("prometheus-postgres-exporter"):
        listen = f"--web.listen-address=127.0.0.1:{ports['exporter']}"
        environment = {"DATA_SOURCE_NAME": f"{dsn}?sslmode=disable"}
        found.append(Engine("exporter", home, [exporter, listen], lambda: answers(ports["exporter"]), environment))
        jobs = {**jobs, "postgresql": [ports["exporter"]]}
    if program := shutil.which("prometheus"):
        data = folder(home / "prometheus")
        folder(data / "nodes")
        alerts = resources.files("fleet").joinpath("prometheus/alerts.yml").read_text(encoding="utf-8")
        for name, text in (("prometheus.yml", yaml.safe_dump(configuration(jobs))), ("alerts.yml", alerts)):
            (data / name).write_text(text)
            own(data / name)
        options = [f"--config.file={data / 'prometheus.yml'}", f"--storage.tsdb.path={data / 'data'}"]
        options += [f"--web.listen-address=127.0.0.1:{ports['prometheus']}"]
        found.append(Engine("prometheus", home, [program, *options], lambda: answers(ports["prometheus"])))
    return found
