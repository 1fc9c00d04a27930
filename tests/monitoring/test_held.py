"""How long an open event has lasted, as the states say it: the wait for its end is no part of that."""

from __future__ import annotations

import pytest

from fer_edge.monitoring.simulation import Story
from tests.monitoring.telling import Told, tell

NOTICED_S = 0.4
"""What the filter takes to be sure that something is over."""
UNSEEN_S = 2.0
"""So long a closure goes on when the eyes can no longer be seen."""


def lengths(told: Told, event_type: str) -> list[float]:
    """What each state with an event of this type says of its length."""
    return [
        event.held_s(state.at) for state in told.states for event in state.open_events if event.event_type == event_type
    ]


@pytest.mark.parametrize(
    ("event_type", "story", "noticed_s"),
    [
        ("sleep", Story(90).closed(70, 73.9), NOTICED_S),
        ("sleep", Story(90).closed(70, 73.9).closed(75, 75.3), NOTICED_S),
        ("sleep", Story(100).closed(70, 73.5).during(73.5, 100, eyes_seen=False), UNSEEN_S),
        ("unresponsive", Story(100).during(70, 80, yaw=45.0), NOTICED_S),
        ("distracted", Story(90).during(70, 75, yaw=45.0), NOTICED_S),
        ("yawn", Story(90).during(70, 75, mouth=True), NOTICED_S),
        ("drowsy", Story(230).closed(70, 72.9).closed(75, 77.9).closed(80, 82.9), NOTICED_S),
        ("nod", Story(90).closed(70, 72).moving(70.8, 71.3, "pitch", 0, -20).during(71.3, 74, pitch=-20.0), NOTICED_S),
        ("view_degraded", Story(100).during(70, 85, eyes_seen=False), NOTICED_S),
        ("absent", Story(100).during(70, 80, face=False), NOTICED_S),
    ],
    ids=["sleep", "a blink", "sunglasses", "unresponsive", "distracted", "yawn", "drowsy", "nod", "view", "absent"],
)
def test_no_state_says_more_than_the_end_will(event_type: str, story: Story, noticed_s: float) -> None:
    told = tell(story)
    end = told.find(event_type, "end")
    said = lengths(told, event_type)
    assert max(said) <= end.held_s + noticed_s
    assert said[-1] == pytest.approx(end.held_s, abs=0.001), "it stands still until the end"


def test_it_goes_on_when_the_eyes_shut_again_before_the_end() -> None:
    told = tell(Story(100).closed(70, 74).closed(75, 82))
    assert max(lengths(told, "unresponsive")) == pytest.approx(12.0, abs=NOTICED_S)


def test_it_goes_on_while_nobody_responds() -> None:
    """Away for 10 s with open eyes: unresponsive, and as long as the look away."""
    told = tell(Story(100).during(70, 80, yaw=45.0))
    assert max(lengths(told, "unresponsive")) == pytest.approx(10.0, abs=NOTICED_S)
