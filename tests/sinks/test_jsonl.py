"""``replay --json``: lines that any program can read, the same every time."""

from __future__ import annotations

import io
import json

from fer_edge.core import DriverState, Phase
from fer_edge.sinks.files import JsonLines
from tests.sinks.examples import ALL_KNOWN, NOTHING_KNOWN, event
from tests.sinks.schemas import conform


def replayed() -> list[str]:
    stream = io.StringIO()
    sink = JsonLines(stream)
    for signals in (ALL_KNOWN, NOTHING_KNOWN):
        sink.state(DriverState(at=signals.at), signals)
    sink.event(event(1, Phase.START, "microsleep", at=8.1))
    sink.event(event(2, Phase.START, "yawn", at=8.2))
    sink.event(event(1, Phase.UPDATE, "sleep", at=9.6))
    sink.event(event(1, Phase.END, "sleep", at=12.0))
    sink.event(event(3, Phase.START, "microsleep", at=20.0))
    sink.summary(19.0, 4.1)
    sink.close()
    return stream.getvalue().splitlines()


def test_every_line_conforms_and_is_the_same_again() -> None:
    assert replayed() == replayed()
    for line in replayed():
        conform("replay", json.loads(line))


def test_an_event_has_one_id_over_its_phases_and_no_wall_time() -> None:
    events = [line for line in map(json.loads, replayed()) if line["kind"] == "event"]
    assert [line["seq"] for line in events] == [1, 2, 3, 4, 5]
    assert len({line["id"] for line in events if line["event_type"] != "yawn"}) == 2
    assert events[0]["t"] == 8.1
    assert not any("time" in line for line in events)


def test_summary_counts_each_event_once_by_its_last_type() -> None:
    assert json.loads(replayed()[-1]) == {
        "kind": "summary",
        "frames": 2,
        "seconds": 19.0,
        "events": {"sleep": 1, "yawn": 1, "microsleep": 1},
        "cpu_ms_per_frame": 4.1,
    }
