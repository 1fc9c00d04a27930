"""Nodes, three brokers, ingest and database together: nothing lost, nothing doubled, in order."""

from __future__ import annotations

import pytest

from fleet.engines import Bed
from fleet.simulate.run import Plan, Report, Simulation
from tests.fleet.conftest import Db, Ingesting

pytestmark = pytest.mark.timeout(400)


def simulate(bed: Bed, **plan: object) -> Report:
    return Simulation(bed.settings, Plan(drives=4, drive_s=200.0, **plan), bed.home).run()  # type: ignore[arg-type]


def test_an_hour_of_fifty_nodes_with_lost_links_restarts_doubles_and_garbage(
    bed: Bed, db: Db, ingesting: Ingesting
) -> None:
    trouble = {"cut_every_h": 0.3, "cut_longest_s": 600.0, "restart_every_h": 0.5, "doubled": 0.1, "garbage": 0.8}
    with ingesting():
        report = simulate(bed, nodes=50, hours=1.0, speed=60.0, state_s=20.0, **trouble)
    assert report.verdict.good, report.text()
    assert report.verdict.said > 1000
    row = db.execute("SELECT count(*), count(DISTINCT reason) FROM dead_letters").fetchone()
    assert row is not None
    assert 0 < row[0] <= report.broken  # what breaks the contract is not sent again when its link drops
    assert row[1] >= 2
    assert db.execute("SELECT count(*) FROM gaps").fetchone() == (0,)
