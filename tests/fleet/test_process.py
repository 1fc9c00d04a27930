"""Engines as processes, with the shell as the engine."""

from pathlib import Path

import pytest

from fer_edge.errors import UnavailableError
from fleet.engines import Bed
from fleet.engines.process import Engine, free_ports


def _engine(home: Path, tries: int) -> Engine:
    """Ends at once the first time, stays the second."""
    script = f"echo not yet; test -e {home}/once || {{ touch {home}/once; exit 1; }}; touch {home}/up; exec sleep 60"
    return Engine("slow", home, ["sh", "-c", script], (home / "up").exists, as_caller=True, tries=tries)


def test_an_engine_that_ends_before_it_can_be_used_is_started_again(tmp_path: Path) -> None:
    engine = _engine(tmp_path, tries=2)
    engine.start()
    engine.wait(20.0)
    assert engine.pid is not None
    engine.stop()
    assert engine.pid is None


def test_once_is_enough_where_nothing_else_is_said_and_its_last_line_tells_why(tmp_path: Path) -> None:
    engine = _engine(tmp_path, tries=1)
    engine.start()
    with pytest.raises(UnavailableError, match="slow did not come up: not yet"):
        engine.wait(20.0)


def test_its_ports_are_none_that_the_kernel_gives_to_connections() -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = free_ports(20)
    assert len(set(ports)) == 20 and max(ports) < first


def test_epmd_stops_last_since_a_member_would_start_another(tmp_path: Path) -> None:
    ended, engines = tmp_path / "ended", {}
    for name, seconds in {"epmd": 0, "rabbit1": 1, "ingest": 0}.items():
        script = f"trap 'sleep {seconds}; echo {name} >> {ended}; exit' TERM; touch {tmp_path}/{name}.up"
        script += "; while :; do sleep 0.1; done"
        up = (tmp_path / f"{name}.up").exists
        engines[name] = Engine(name, tmp_path, ["sh", "-c", script], up, as_caller=True)
    for engine in engines.values():
        engine.start()
        engine.wait(20.0)
    Bed(tmp_path, engines, {}).down()
    assert ended.read_text().split() == ["ingest", "rabbit1", "epmd"]
