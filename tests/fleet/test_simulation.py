"""The simulator's own honesty: drives differ, nodes differ, and its judge sees every kind of fault."""

from __future__ import annotations

import pytest

from fer_edge.core import Phase
from fleet.simulate.drives import Drive, record, thinned
from fleet.simulate.truth import Said, Truth, judge

SAID = [Said("aaaaaaaa", number, f"aaaaaaaa-{number}", "yawn", "start", "info") for number in (1, 2, 3)]
SAID += [Said("bbbbbbbb", 4, "bbbbbbbb-4", "yawn", "start", "info")]


@pytest.fixture(scope="module")
def drive() -> Drive:
    return record(0, 150.0)


def test_a_drive_has_whole_events_and_no_expression(drive: Drive) -> None:
    assert len(drive.states) >= 200
    assert all(state.emotion is None and state.emotions is None for _, state in drive.states)
    opened = {event.key for _, event in drive.events if event.phase is Phase.START}
    ended = {event.key for _, event in drive.events if event.phase is Phase.END}
    assert opened == ended != set()


def test_another_seed_is_another_drive(drive: Drive) -> None:
    assert record(1, 80.0).states[:50] != drive.states[:50]


def test_rarer_acts_cause_fewer_events() -> None:
    assert len(record(0, 240.0, act_every_s=3000.0).events) < len(record(0, 240.0).events) / 2


def test_a_thinner_drive_has_the_same_events_each_with_a_state_that_follows_it_at_once(drive: Drive) -> None:
    thin = thinned(drive, 5.0)
    assert thin.events == drive.events
    assert len(thin.states) < len(drive.states) / 2
    for at, _ in drive.events:
        follows = next((state for state in drive.states if state[0] >= at), None)
        assert follows is None or follows in thin.states
    assert thinned(drive, 0.0) == drive


def test_the_judge_is_content_with_the_truth_and_ignores_earlier_simulations() -> None:
    older = Said("cccccccc", 1, "cccccccc-1", "yawn", "start", "info")
    verdict = judge(Truth({"sim-1": SAID}), {"sim-1": [older, *SAID]}, 0)
    assert verdict.good
    assert (verdict.said, verdict.stored) == (4, 4)


@pytest.mark.parametrize(
    ("stored", "fault"),
    [
        (SAID[1:], "lost"),
        ([*SAID, SAID[0]], "doubled"),
        ([SAID[1], SAID[0], *SAID[2:]], "nodes_out_of_order"),
        ([SAID[3], *SAID[:3]], "nodes_out_of_order"),
        ([SAID[0]._replace(level="critical"), *SAID[1:]], "altered"),
        ([*SAID, SAID[0]._replace(seq=99)], "altered"),
    ],
)
def test_the_judge_sees_every_fault(stored: list[Said], fault: str) -> None:
    verdict = judge(Truth({"sim-1": SAID}), {"sim-1": stored}, 0)
    assert not verdict.good
    assert getattr(verdict, fault) == 1


def test_a_confirmed_state_that_is_missing_is_told() -> None:
    truth = Truth({"sim-1": SAID})
    truth.states["sim-1"] = 10
    assert judge(truth, {"sim-1": SAID}, 9).states_lost == 1
    assert judge(truth, {"sim-1": SAID}, 11).states_lost == 0
