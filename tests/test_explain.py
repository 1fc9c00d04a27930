"""Why did it alarm? What was kept tells the event again and explains it; by other rules it is not told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from fer_edge.monitoring.simulation import Camera, Story, signals
from fer_edge.reports.explanation import explain
from fer_edge.reports.prevented import told
from fer_edge.reports.retrace import settings_of
from fer_edge.settings import Settings
from fer_edge.settings.traces import TraceSettings
from fer_edge.sinks.traces import Trace, TraceStore
from tests.conftest import Run, clean_environment
from tests.sinks.test_traces import CALIBRATED
from tests.sinks.tracing import record

USUAL = Camera(fps=15)


def kept(folder: Path, story: Story, event_type: str, *, saved: bool = True) -> Trace:
    """The trace of the only event of this type in a drive."""
    _, traces = record(folder, signals(story, USUAL), saved=CALIBRATED if saved else None)
    (trace,) = [trace for trace in traces if trace.event_type == event_type]
    return trace


STORIES = {
    "microsleep": Story(100).closed(60, 61.7),
    "sleep": Story(100).closed(60, 64),
    "unresponsive": Story(100).closed(60, 68),
    "yawn": Story(100).during(60, 64, mouth=True),
    "distracted": Story(100).during(60, 63.6, yaw=45.0),
}


@pytest.mark.parametrize(("event_type", "saved"), [*((kind, True) for kind in STORIES), ("sleep", False)])
def test_what_is_kept_tells_the_same_event_again(tmp_path: Path, event_type: str, saved: bool) -> None:
    trace = kept(tmp_path, STORIES[event_type], event_type, saved=saved)
    found = explain(trace)
    assert found.told is not None
    rise = next(phase for phase in trace.phases if phase.event_type == event_type)
    assert found.told.at == pytest.approx(rise.at, abs=0.08)
    assert found.told.held_s == pytest.approx(rise.held_s, abs=0.08)
    assert found.conditions and found.conditions[0].since == pytest.approx(rise.at - rise.held_s, abs=0.08)


def test_a_direction_in_which_nobody_is_away_is_no_condition(tmp_path: Path) -> None:
    trace = kept(tmp_path, STORIES["distracted"], "distracted")
    found = explain(trace)
    assert "away beyond 30° aside, 25° down, 30° up" in [condition.limit for condition in found.conditions]
    trace.settings["monitoring"]["distraction"]["up_deg"] = 0
    assert "away beyond 30° aside, 25° down" in [condition.limit for condition in explain(trace).conditions]


def test_a_microsleep_that_was_just_long_enough_says_which_limit_came_nearest(tmp_path: Path) -> None:
    trace = kept(tmp_path, STORIES["microsleep"], "microsleep")
    nearest = explain(trace).preventions[0]
    assert nearest.setting == "monitoring.closure.microsleep_s"
    assert 1.5 < nearest.prevents < 1.9  # the closure lasted 1.7 s
    assert not told(trace, settings_of(trace, changed={nearest.setting: nearest.prevents}))
    assert told(trace, settings_of(trace, changed={nearest.setting: 1.5}))


def test_a_sleep_almost_as_long_as_unresponsiveness_is_prevented_just_below_that_bound(tmp_path: Path) -> None:
    trace = kept(tmp_path, Story(100).closed(60, 65.4), "sleep")
    (longer,) = [found for found in explain(trace).preventions if found.setting == "monitoring.closure.sleep_s"]
    assert 5.3 < longer.prevents < 6.0  # sleep_s must be less than unresponsive_s, 6 s
    assert not told(trace, settings_of(trace, changed={longer.setting: longer.prevents}))


def test_a_look_away_is_explained_by_the_limit_of_the_preset(tmp_path: Path) -> None:
    regulation = Settings.model_validate({"monitoring": {"rules": "eu-2023-2590"}})
    drive = signals(Story(100).during(60, 64.5, yaw=45.0), USUAL)
    _, (trace,) = record(tmp_path, drive, regulation, saved=CALIBRATED)
    assert explain(trace).conditions[0].limit == "from 3.5 s"


def test_drowsiness_is_told_again_though_it_took_a_minute_to_add_up(tmp_path: Path) -> None:
    story = Story(140)
    for n in range(12):
        story.closed(60 + 6 * n, 60.9 + 6 * n)
    _, traces = record(tmp_path, signals(story, Camera(fps=10)), saved=CALIBRATED)
    trace = next(trace for trace in traces if trace.event_type == "drowsy")
    found = explain(trace)
    assert found.told is not None
    assert "eyes closed of the last 60 s" in found.conditions[0].what


def a_kept_microsleep(folder: Path) -> Trace:
    trace = kept(folder, STORIES["microsleep"], "microsleep")
    TraceStore(folder / "state", TraceSettings()).write(trace)
    return trace


def test_the_command_explains_marks_and_lists(tmp_path: Path, fer_edge: Run, program: Run) -> None:
    trace = a_kept_microsleep(tmp_path)
    here = f"--set=state_dir={tmp_path / 'state'}"
    done = fer_edge("explain", trace.id, here)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith("Microsleep, ")
    for says in (
        "Triggered because",
        "eyes shut",
        "microsleep from 1.5 s",
        "monitoring.closure.microsleep_s",
        "Stored:",
    ):
        assert says in done.stdout
    assert done.stderr == "" and done.stdout.splitlines()[-1].endswith(" s)")
    other = fer_edge("explain", trace.id, here, "--set=monitoring.closure.microsleep_s=1.9")
    assert other.stdout == done.stdout
    assert "explained by the settings of the recording" in other.stderr
    assert other.stderr.rstrip().endswith("trace.json.gz --set monitoring.closure.microsleep_s=1.9")
    marked = json.loads(fer_edge("explain", trace.id, "--false-alarm", "--json", here).stdout)
    assert marked["false_alarm"] and marked["reproduced"]
    since, began = (datetime.fromisoformat(at) for at in (marked["conditions"][0]["since"], marked["time"]))
    assert abs((since - began).total_seconds()) < 0.002, "UTC, as the event's own time"
    listed = program("explain", here)
    assert f"{trace.id}  false alarm" in listed.stdout and len(listed.stdout.splitlines()) == 1


def test_replay_takes_a_trace_and_tells_the_event_again_or_by_other_rules_does_not(
    tmp_path: Path, fer_edge: Run
) -> None:
    trace = a_kept_microsleep(tmp_path)
    path = str(TraceStore(tmp_path / "state", TraceSettings()).find(trace.id))

    def events(*options: str) -> list[str]:
        lines = [json.loads(line) for line in fer_edge("replay", path, "--json", *options).stdout.splitlines()]
        assert lines[-1]["kind"] == "summary"
        assert lines[0]["t"] == 0 and lines[-2]["t"] == lines[-1]["seconds"], "as of a clip, not since boot"
        return [f"{line['event_type']} {line['phase']}" for line in lines if line["kind"] == "event"]

    assert events() == ["microsleep start", "microsleep end"]
    assert events("--set=monitoring.closure.microsleep_s=1.9") == []
    start, end, summary, counts = fer_edge("replay", path).stdout.splitlines()
    assert counts.strip() == "1 × microsleep"
    assert "microsleep" in start and start[:8] < end[:8] < summary[:8], "each since the first frame, not since boot"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("explain", "7c1e9a02-411"), "7c1e9a02-411: no such event in"),
        (("explain", "drive.mp4"), "drive.mp4: is a video, not a stored event; for its events use fer-edge replay"),
        (("explain", "sim:asleep"), "for its events use fer-edge replay sim:asleep"),
        (("explain", "--false-alarm"), "--false-alarm needs an event id"),
        (("replay", "nowhere.trace.json.gz"), "nowhere.trace.json.gz: cannot be read (No such file or directory)"),
    ],
)
def test_what_is_not_there_is_one_line(arguments: tuple[str, ...], says: str, fer_edge: Run) -> None:
    done = fer_edge(*arguments)
    assert done.returncode == 2 and says in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [("explain",), ("explain", "7c1e9a02-411")], ids=["list", "event"])
def test_a_folder_of_traces_that_another_user_owns_is_told_with_the_way_in(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    traces = tmp_path / "state/traces"
    traces.mkdir(parents=True)
    command = [sys.executable, "-m", "fer_edge", *words, f"--set=state_dir={tmp_path / 'state'}"]
    # Root may read everything, unless it gives that up.
    dropped = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    for folder in (traces, traces.parent):
        folder.chmod(0)
        done = subprocess.run(
            [*dropped, *command], capture_output=True, text=True, check=False, env=clean_environment(tmp_path)
        )
        folder.chmod(0o700)
        assert done.returncode == 69 and len(done.stderr.splitlines()) == 1, done.stderr
        told = f"fer-edge: {traces}: cannot be read (permission denied); try: sudo fer-edge {' '.join(words)}\n"
        assert done.stderr == told


def test_a_trace_of_rules_that_are_no_more_is_told_with_their_name(tmp_path: Path) -> None:
    from fer_edge.errors import ConfigError

    trace = kept(tmp_path, STORIES["yawn"], "yawn")
    older = trace.model_copy(update={"settings": {"monitoring": {"closure": {"blink_s": 0.4}}}})
    with pytest.raises(ConfigError, match="blink_s"):
        settings_of(older)
    assert settings_of(trace).monitoring == Settings().monitoring
