"""The page for the driver says what the configuration in force does."""

from __future__ import annotations

import html

import pytest

from fer_edge.commands.notice import answers, as_html, as_text
from fer_edge.settings import Settings
from tests.conftest import Run


def page(**settings: object) -> str:
    whole = Settings.model_validate(settings)
    return as_text(whole, answers(whole))


@pytest.mark.parametrize(
    ("settings", "says", "not_says"),
    [
        ({}, "Expression: which of seven", "not read"),
        ({"emotion": {"enabled": False}}, "Expressions are not read", "which of seven"),
        ({"web": {"enabled": True}}, "on this device only", "live page is switched off"),
        ({"web": {"enabled": True, "host": "0.0.0.0"}}, "from other machines, with a token", "on this device only"),
        ({"web": {"enabled": True, "names": ["cab.lan"]}}, "from other machines, with a token", "on this device only"),
        ({}, "No picture leaves the device", "sees the picture"),
        ({"mqtt": {"enabled": False}}, "Nothing: the connection is switched off", "Home Assistant"),
        ({"mqtt": {"host": "b.local", "tls": {"enabled": True}}}, "b.local:1883 (encrypted)", "not encrypted"),
        ({"mqtt": {"outbox": {"max_events": 500, "max_age_days": 2}}}, "at most 500 events and 2 days", "10,000"),
        ({}, "A line for each event, expressions excepted, in this device's system log", "no alarm is set up"),
        ({"log_level": "warning"}, "until recalibrated", "system log"),
        ({"alarm": {"sound": {"enabled": True}}}, "A sound is played from level advisory on", "no alarm"),
        ({"alarm": {"gpio": {"pin": 17}}}, "A buzzer or light works from level warning on", "no alarm"),
        ({"alarm": {"commands": [{"run": ["/bin/horn"]}]}}, "A program of the owner is run.", "no alarm"),
        ({"alarm": {"commands": [{"run": ["/bin/horn"]}] * 2}}, "2 programs of the owner are run.", "no alarm"),
        ({"profile": "kiosk"}, "looks at the faces in front of it", "Fatigue:"),
        ({"profile": "kiosk"}, "Camera in this place", "vehicle"),
        ({"camera": {"source": "0"}}, "A camera looks at the driver", "(0)"),
        ({"camera": {"source": "rtsp://me:secret@cam/1"}}, "rtsp://", "secret"),
    ],
)
def test_it_follows_the_configuration(settings: dict[str, object], says: str, not_says: str) -> None:
    told = page(**settings)
    assert says in told
    assert not_says not in told


def test_the_printed_page_says_the_same_and_lets_no_name_through_as_markup() -> None:
    settings = Settings()
    found = answers(settings, "<b>Depot</b> & Co")
    told = as_html(settings, found)
    assert "<b>Depot" not in told and "&lt;b&gt;Depot&lt;/b&gt; &amp; Co" in told
    assert "http" not in told
    for answer in found:
        assert html.escape(answer.question) in told and all(html.escape(one) in told for one in answer.says)


def test_the_command_reads_the_configuration_it_is_given(program: Run) -> None:
    done = program("notice", "--set=node=bus-7", "--owner", "Depot 7")
    assert done.returncode == 0 and done.stderr == ""
    assert "node bus-7" in done.stdout and "Depot 7" in done.stdout
