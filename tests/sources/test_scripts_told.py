"""The scripts of the simulated driver through the whole product: what docs/simulated-driver.md promises of them."""

from __future__ import annotations

import json

import pytest

from fer_edge.cli import main


@pytest.mark.parametrize(
    ("script", "due"),
    [
        ("alert", []),
        (
            "demo",
            [
                "absent",
                "distracted long",
                "drowsy",
                "microsleep",
                "microsleep",
                "nod drop",
                "view_degraded covered",
                "yawn",
            ],
        ),
        ("distracted", ["distracted long", "distracted long", "distracted shared"]),
    ],
)
def test_a_script_shows_what_it_is_for(script: str, due: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", f"sim:{script}", "--json", "--set", "camera.fps=10"]) == 0
    told = [line for line in map(json.loads, capsys.readouterr().out.splitlines()) if line.get("phase") == "start"]
    assert due == sorted(
        f"{event['event_type']} {event.get('reason', '')}".strip() for event in told if event["category"] != "emotion"
    )
