"""The simulated drives themselves: what they are made of is what they claim to be."""

from __future__ import annotations

import json
from itertools import pairwise
from random import Random

import pytest

from fer_edge.benchmark import drives, starts
from fer_edge.cli import main as fer_edge
from fer_edge.commands.benchmark import hours
from fer_edge.core import Lens
from fer_edge.errors import UsageError
from fer_edge.monitoring.simulation import MEASURED, Camera, Driver, Noise, Story, signals
from fer_edge.monitoring.simulation.alert import alert_drive, anyone, microsleeps
from fer_edge.monitoring.simulation.behaviours import Act, reads_instruments
from fer_edge.monitoring.simulation.measure import Clip, Errors, main
from fer_edge.monitoring.simulation.noise import Burst, Bursts
from fer_edge.settings import Settings


def test_bursts_have_the_share_and_the_length_they_are_given() -> None:
    process = Bursts(Burst(0.1, 0.5), Random(1))
    errors = [process(number * 0.01) for number in range(1_000_000)]
    runs = sum(now and not before for before, now in pairwise(errors))
    assert sum(errors) / len(errors) == pytest.approx(0.1, rel=0.1)
    assert sum(errors) * 0.01 / runs == pytest.approx(0.5, rel=0.1)


def test_noise_twice_as_bad_is_twice_as_frequent() -> None:
    noise = Noise(false_closed=Burst(0.01, 0.2), angle_spread_deg=1.5, angle_s=0.5).times(2)
    assert noise == Noise(false_closed=Burst(0.02, 0.2), angle_spread_deg=3.0, angle_s=0.5)


def test_a_story_is_seen_as_it_is_told() -> None:
    story = Story(10).closed(2, 3).during(4, 5, yaw=50.0).during(6, 7, face=False).during(8, 9, lens=Lens.DARK)
    seen = {round(frame.at, 1): frame for frame in signals(story, Camera(fps=10))}
    assert seen[1.0].eyes_closed == pytest.approx(0, abs=0.1)
    assert seen[2.5].eyes_closed == pytest.approx(1, abs=0.1)
    assert (seen[4.5].yaw, seen[4.5].eyes_closed) == (50.0, None)
    assert seen[6.5].face is None
    assert (seen[8.5].face, seen[8.5].lens) == (None, Lens.DARK)


def test_a_camera_loses_and_delays_frames_as_told() -> None:
    times = [frame.at for frame in signals(Story(100), Camera(20, jitter=0.3, loss=0.2), seed=4)]
    assert len(times) == pytest.approx(1600, rel=0.05)
    assert times == sorted(times)
    assert len(set(times)) == len(times)


def test_a_drive_is_the_same_for_the_same_seed() -> None:
    def drive(seed: int) -> list[object]:
        return list(signals(alert_drive(120, Random(seed)), Camera(15), MEASURED, seed=seed))

    assert drive(3) == drive(3)
    assert drive(3) != drive(4)


@pytest.mark.parametrize(("instruments", "longest_s"), [(None, 1.4), (reads_instruments, 0.55)])
def test_an_alert_driver_never_shuts_the_eyes_for_long(instruments: Act | None, longest_s: float) -> None:
    """The truth of the alert drives holds nothing that would have to alarm."""
    story = alert_drive(1800, Random(2), instruments)
    shut = sorted((a.start, a.end) for a in story.acts if a.changes.get("lids", 1.0) <= 0.2)
    merged: list[list[float]] = []
    for start, end in shut:
        if merged and start <= merged[-1][1] + 0.15:
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([start, end])
    assert max(end - start for start, end in merged) < longest_s
    assert max(a.end - a.start for a in story.acts if abs(a.changes.get("yaw", 0)) > 30) <= 1.1


def test_planted_microsleeps_are_in_the_story() -> None:
    story, planted = microsleeps(20, Random(1))
    truth = dict(story.truths(iter([(start + end) / 2 for start, end in planted])))
    assert len(truth) == 20
    assert all(moment.lids == 0.0 for moment in truth.values())


def test_people_are_drawn_from_the_population() -> None:
    drivers = [anyone(Random(seed), 0.8, fooled=True) for seed in range(2000)]
    fooled = sum(d.closed(d.openness, False) >= 0.5 for d in drivers) / len(drivers)
    assert fooled == pytest.approx(0.1, abs=0.02)  # N(0.257, 0.021) below 0.23


def replayed(noise: Noise, seed: int) -> Clip:
    """A clip of five minutes as replay would print it, with known truth."""
    story, closed = Story(300), [(start, start + 4.0) for start in range(10, 290, 10)]
    for start, end in closed:
        story.closed(start, end)
    frames = [
        {"t": f.at, "face": f.face and {}, "eyes_closed": f.eyes_closed, "eye_left": f.eye_left}
        | {"mouth_open": f.mouth_open, "yaw": f.yaw, "pitch": f.pitch}
        for f in signals(story, Camera(30), noise, Driver(), seed)
    ]
    return Clip(frames, closed, wide=[])


def test_measuring_finds_the_noise_that_was_put_in() -> None:
    put_in = Noise(
        false_closed=Burst(0.03, 0.2),
        false_open=Burst(0.05, 0.3),
        unknown=Burst(0.04, 0.5),
        mouth=Burst(0.02, 0.4),
        lost=Burst(0.03, 0.6),
    )
    errors = Errors()
    for seed in range(4):
        errors.read(replayed(put_in, seed))
    found = errors.noise()
    for name in ("false_closed", "false_open", "unknown", "mouth", "lost"):
        assert getattr(found, name).share == pytest.approx(getattr(put_in, name).share, rel=0.45), name
        assert getattr(found, name).mean_s == pytest.approx(getattr(put_in, name).mean_s, rel=0.45), name


def test_what_was_never_seen_to_err_is_bounded_not_perfect() -> None:
    errors = Errors()
    errors.read(replayed(Noise(), 0))
    assert errors.noise().mouth == Burst(round(3 / errors.mouth.frames, 5), 0.033)


def test_measuring_from_the_command_line(tmp_path, capsys) -> None:
    lines = [json.dumps({"kind": "frame", **frame}) for frame in replayed(Noise(), 0).frames]
    (tmp_path / "a.mp4.jsonl").write_text("\n".join([*lines, json.dumps({"kind": "summary"})]))
    marks = {"a.mp4": {"fps": 30, "eyes_closed": [[300, 419]], "yawn": []}}
    (tmp_path / "marks.json").write_text(json.dumps(marks))
    assert main([str(tmp_path / "marks.json"), str(tmp_path / "a.mp4.jsonl")]) == 0
    assert "false_closed" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "expected"), [("100h", 100), ("30m", 0.5), ("90s", 0.025), ("2", 2), ("1.5h", 1.5)])
def test_times_of_drives(text: str, expected: float) -> None:
    assert hours(text) == expected


@pytest.mark.parametrize("text", ["", "h", "-1h", "0", "1d", "1h30m", "nan", "inf"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="--drives"):
        hours(text)


def test_a_short_benchmark_tells_everything(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three minutes of it, and the starts of one drive at one rate; 100 hours are for the command."""
    monkeypatch.setattr(starts, "RATES", starts.RATES[-1:])
    monkeypatch.setattr(starts, "DRIVES", 1)
    assert fer_edge(["benchmark", "--drives", "3m", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [row["noise"] for row in result["alert"]] == ["1x", "2x", "5x"]
    assert result["alert"][0]["false_alarms"] == 0
    assert [row["within_0_2_s"] >= 0.99 for row in result["starts"]] == [True]
    assert result["microsleeps"]["missed"] == 0
    assert result["people"]["flagged_for_good"] == 0
    assert 0 < result["step_us"]["min"] <= result["step_us"]["p50"]
    table = "\n".join(drives.lines(result))
    assert "false alarms" in table
    # Too short for acts and sleepers: that is said instead of tables without a row.
    assert "each behaviour on its own: none in so short a time; use --drives 2h or more" in table
    assert "Simulated sleepers: none in so short a time; use --drives 30m or more" in table
    assert "missed  judged" not in table


def test_a_quarter_of_an_hour_of_alert_driving_alarms_nobody() -> None:
    """The rest of the hundred hours is `fer-edge benchmark --drives 100h`."""
    result = drives.alert_hours("1x", 0.25, MEASURED, Settings(), seed=11, progress=lambda _name, _share: None)
    assert result["by_type"] == {}
    assert result["frames"] == pytest.approx(0.25 * 3600 * 15 * 0.98, rel=0.02)
