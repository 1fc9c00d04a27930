"""Grafana's dashboards: of the types that Grafana publishes, and every query gives what its panel shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from fer_edge.core import Level
from fleet.engines.prometheus import configuration
from fleet.store import Store
from tests.fleet.conftest import Db
from tests.fleet.test_store import AWAKE, NOW, OUTBOX, opened, state, stats, store, told, word

__all__ = ["store"]

NAMES = ("fleet", "node")
SCHEMA = "@grafana/schema@11.6.16"
OPTIONS = {
    "stat": "stat/panelcfg/x/StatPanelCfg",
    "bargauge": "bargauge/panelcfg/x/BarGaugePanelCfg",
    "timeseries": "timeseries/panelcfg/x/TimeSeriesPanelCfg",
    "table": "table/panelcfg/x/TablePanelCfg",
    "state-timeline": "statetimeline/panelcfg/x/StateTimelinePanelCfg",
}


def dashboard(name: str) -> dict[str, Any]:
    return json.loads(resources.files("fleet").joinpath(f"grafana/{name}.json").read_text("utf-8"))  # type: ignore[no-any-return]


def targets(key: str) -> Iterator[tuple[str, str, str, str]]:
    """Dashboard, title of the panel, format and query of each target that has such a key."""
    for name in NAMES:
        for panel in dashboard(name)["panels"]:
            for one in panel["targets"]:
                if key in one:
                    yield name, panel["title"], one.get("format", ""), one[key]


def expanded(query: str) -> str:
    """As Grafana's PostgreSQL data source fills in its macros and variables."""
    query = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 BETWEEN now() - interval '6 h' AND now() + interval '1 h'", query)
    query = re.sub(r"'\$__interval'", "'1m'", query)
    seconds = {"1h": 3600, "1m": 60}

    def group(match: re.Match[str]) -> str:
        width = seconds[match[2]]
        return f'floor(extract(epoch from {match[1]})/{width})*{width} AS "time"'

    query = re.sub(r"\$__timeGroupAlias\((\w+), '(\w+)'\)", group, query)
    return query.replace("$node", "cab")


def test_panels_have_numbers_places_and_words_of_their_own() -> None:
    for name in NAMES:
        panels = dashboard(name)["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        for one in panels:
            assert one["title"]
            assert one["gridPos"]["x"] + one["gridPos"]["w"] <= 24
    assert "fer-edge-node" in json.dumps(dashboard("fleet"))


@pytest.mark.parametrize(("name", "title", "form", "query"), list(targets("rawSql")))
def test_every_query_gives_rows_of_its_panels_shape(
    store: Store, db: Db, name: str, title: str, form: str, query: str
) -> None:
    at = datetime.now(UTC)  # a node that was heard of a while ago is silent
    awake = state(at, perclos=0.1, open_events=opened("sleep", Level.CRITICAL), **{**AWAKE, "level": Level.CRITICAL})
    asleep = [told(seq, event_type="sleep", phase="end", level="critical") for seq in (1, 2, 4)]
    hot = stats({"temperature_c": 90.0, "fps": 15.0, "requests_dropped": 0, "outbox": OUTBOX})
    store.write([awake, *asleep, hot, word("status", b"online", at), word("camera", b"?")])
    text = expanded(query)
    assert "$" not in text
    rows = db.execute(text)  # type: ignore[call-overload]
    columns = [column.name for column in rows.description]
    found = rows.fetchall()
    assert found, f"{name}: {title} shows nothing"
    assert any(value is not None for value in found[0])
    if form == "time_series":
        assert columns[0] == "time"
        assert len(columns) > 1


def test_drowsiness_is_counted_only_where_hours_are(store: Store, db: Db) -> None:
    """No stats of the week in which a vehicle was offline arrive, and stats are kept for days, events for months."""
    before, now = NOW - timedelta(hours=5), {"event_type": "sleep", "phase": "end", "level": "critical"}
    watched = stats({"fps": 15.0, "requests_dropped": 0, "outbox": OUTBOX}, NOW - timedelta(minutes=1))
    store.write([watched, told(1, at=before, **now), told(2, **now), told(3, **now, historical=True)])
    (query,) = [query for _, title, _, query in targets("rawSql") if title == "Drowsiness per 100 h"]
    (value,) = db.execute(expanded(query)).fetchone()  # type: ignore[call-overload]
    assert round(value) == 100 * 60


def test_every_metric_query_is_one_that_prometheus_reads(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: sudo apt install prometheus")
    rules = [{"record": f"panel:{n}", "expr": query} for n, (*_, query) in enumerate(targets("expr"))]
    assert len(rules) >= 8
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    for file in ("alerts.yml", "alerts_test.yml"):
        text = resources.files("fleet").joinpath(f"prometheus/{file}").read_text("utf-8")
        (tmp_path / file).write_text(text)
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration({"rabbitmq": [1], "ingest": [2, 3]})))
    for words in (
        ("check", "rules", "rules.yml"),
        ("test", "rules", "alerts_test.yml"),
        ("check", "config", "prometheus.yml"),
    ):
        done = subprocess.run([promtool, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(540)
def test_dashboards_are_of_the_types_that_grafana_publishes(db: Db, tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: sudo apt install npm")
    install = [npm, "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", SCHEMA, "typescript@5"]
    if subprocess.run(install, cwd=tmp_path, capture_output=True, check=False).returncode:
        pytest.skip(f"{SCHEMA} cannot be had from npm here")
    lines = ['import type { Dashboard, Panel } from "@grafana/schema";']
    for kind, path in OPTIONS.items():
        lines += [f"import type {{ Options as {kind.replace('-', '_')} }} from"]
        lines += [f'  "@grafana/schema/dist/esm/raw/composable/{path}_types.gen";']
    # Enumerations as the words that JSON has for them.
    lines += ["type Loose<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Loose<T[K]> } : T;"]
    for name in NAMES:
        told = dashboard(name)
        lines += [f"export const {name}: Loose<Dashboard> = {json.dumps(told)};"]
        for panel in told["panels"]:
            number, kind = f"{name}{panel['id']}", panel["type"].replace("-", "_")
            lines += [f"export const {number}: Loose<Panel> = {json.dumps(panel)};"]
            lines += [f"export const {number}o: Loose<Partial<{kind}>> = {json.dumps(panel['options'])};"]
    (tmp_path / "check.ts").write_text("\n".join(lines))
    options = ["--noEmit", "--strict", "--skipLibCheck", "--moduleResolution", "node", "--module", "esnext"]
    tsc = [tmp_path / "node_modules/.bin/tsc", *options, "--target", "es2022", "check.ts"]
    done = subprocess.run(tsc, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
