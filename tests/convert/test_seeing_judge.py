"""Clips as judges: what is found, missed and invented is told with its times."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.cli import main
from convert.seeing import altered
from convert.verbs.judge import judge
from fer_edge.core import DriverState, Event, Level, Phase, Signals
from fer_edge.pipeline import Step

FPS = 20.0


def steps(seconds: float, shut: list[tuple[float, float]], events: list[Event]) -> list[Step]:
    """A clip in which the eyes are seen shut at these times and these events are told."""
    made = []
    for number in range(int(seconds * FPS)):
        at = number / FPS
        closed = any(start <= at < end for start, end in shut)
        told = tuple(event for event in events if at <= event.at < at + 1 / FPS)
        made.append(Step(Signals(at, number, eyes_closed=0.99 if closed else 0.01), DriverState(at), told))
    return made


def event(event_type: str, at: float) -> Event:
    return Event(1, "fatigue", event_type, Phase.START, Level.WARNING, at, at, 0.0)


def test_a_clip_as_it_was_marked() -> None:
    marks = {"fps": FPS, "eyes_closed": [[20, 59]], "yawn": []}
    result = judge("a.mp4", marks, steps(6, [(1.05, 3.0)], [event("microsleep", 2.6)]))
    assert result["right"]
    assert result["closures"]["found"] == [{"marked": [1.0, 3.0], "off_s": [0.05, 0.0], "pieces": 1}]
    assert result["asleep"]["found"] == [{"event_type": "microsleep", "due": 2.5, "late_s": 0.1}]


def test_what_was_missed_and_what_was_invented_is_told_with_its_times() -> None:
    marks = {"fps": FPS, "eyes_closed": [[20, 99]]}
    result = judge("a.mp4", marks, steps(9, [(6.0, 8.0)], [event("microsleep", 7.5), event("nod", 7.9)]))
    assert not result["right"]
    assert result["closures"]["missed"] == [[1.0, 5.0]]
    assert result["closures"]["invented"] == [[6.0, 8.0]]
    assert [one["event_type"] for one in result["asleep"]["missed"]] == ["microsleep", "sleep"]
    assert [one["at"] for one in result["asleep"]["invented"]] == [7.5, 7.9]


@pytest.mark.parametrize("shut", [[(1.25, 3.0)], [(1.0, 3.3)], [(1.0, 1.8), (2.2, 3.0)]])
def test_a_closure_seen_a_quarter_of_a_second_off_or_in_pieces_is_not_right(shut: list[tuple[float, float]]) -> None:
    marks = {"fps": FPS, "eyes_closed": [[20, 59]]}
    assert not judge("a.mp4", marks, steps(6, shut, [event("microsleep", 2.5)]))["right"]


def test_frames_that_nobody_looked_at_count_neither_for_nor_against() -> None:
    marks = {"fps": FPS, "eyes_closed": [], "judged": [[0, 60]]}
    assert judge("a.mp4", marks, steps(9, [(5.0, 7.0)], [event("microsleep", 6.5)]))["right"]
    assert not judge("a.mp4", marks, steps(9, [(1.0, 2.0)], []))["right"]
    assert "closures" not in judge("a.mp4", {"fps": FPS}, steps(9, [(1.0, 8.0)], []))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short film of the simulated driver, eyes shut from 2 to 4.5 s, marked so."""
    from fer_edge.sources.sim.scene import Scene
    from fer_edge.sources.sim.states import Pose

    folder = tmp_path_factory.mktemp("clips")
    writer = cv2.VideoWriter(str(folder / "asleep.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (640, 480))
    scene = Scene()
    for number in range(60):
        eyes = 0.0 if 20 <= number < 45 else 1.0
        writer.write(scene.draw(Pose(eye_left=eyes, eye_right=eyes), number))
    writer.release()
    known = {"fps": 10, "frames": 60, "eyes_closed": [[20, 44]], "yawn": []}
    (folder / "annotations.json").write_text(json.dumps({"_note": "drawn", "asleep.avi": known}))
    return folder


def test_the_verb_looks_at_the_clips_themselves(
    clips: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["judge", "--data", str(clips), "--json"]) == 0
    text = capsys.readouterr().out
    (result,) = json.loads(text)["clips"]
    assert (result["clip"], result["right"], result["frames"]) == ("asleep.avi", True, 60)
    assert result["eyes_judged"] > 0.95
    boasting = text.replace(f'"eyes_judged": {result["eyes_judged"]}', '"eyes_judged": 1.05')
    (tmp_path / "before.json").write_text(boasting)
    assert main(["judge", "--data", str(clips), "--before", str(tmp_path / "before.json")]) == 1
    told = capsys.readouterr().out
    assert "105.0% before" in told and "found, edges" in told and "0 of 1 clips as annotated" in told


def test_a_clip_is_judged_as_other_cameras_would_have_seen_it(
    clips: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = ["judge", "--data", str(clips), "--as", "mirrored", "--as", "half-rate", "--as", "it-is"]
    assert main([*asked, "--json"]) == 0
    text = capsys.readouterr().out
    results = json.loads(text)["clips"]
    assert [(one["as"], one["frames"], one["right"]) for one in results] == [
        ("mirrored", 60, True),
        ("half-rate", 30, True),
        ("it-is", 60, True),
    ]
    (tmp_path / "before.json").write_text(text.replace('"eyes_judged": 1.0', '"eyes_judged": 1.05', 1))
    assert main([*asked, "--before", str(tmp_path / "before.json")]) == 1
    told = capsys.readouterr().out
    assert "asleep.avi, mirrored: NOT as annotated" in told, "compared with the same alteration only"
    assert "asleep.avi, half-rate: as annotated" in told and "asleep.avi: as annotated" in told


def test_an_alteration_does_what_its_name_says() -> None:
    frame = np.random.default_rng(2).integers(60, 200, (240, 320, 3)).astype(np.uint8)
    made = {name: alter(frame, 0) for name, alter in altered.ALTERED.items()}
    assert (made["mirrored"][:, ::-1] == frame).all()
    assert [made[name].shape[:2] for name in ("small", "tiny", "narrow")] == [(144, 192), (96, 128), (240, 272)]
    assert made["dark"].mean() < frame.mean() - 20 < frame.mean() + 20 < made["light"].mean()
    assert made["lit-from-one-side"][:, -20:].mean() < 0.4 * made["lit-from-one-side"][:, :20].mean()
    assert made["blurred"].std() < frame.std() < made["noisy"].std()
    spot = np.zeros_like(frame)
    spot[100, 100] = 255
    there = np.argwhere(altered.ALTERED["moved"](spot, 0)[..., 0]).mean(axis=0)
    assert there == pytest.approx([112, 125.6], abs=0.6)
    assert made["haze"].std() < 0.5 * frame.std()
    assert (made["infrared"] == made["infrared"][..., :1]).all(), "no colours at night"
    assert made["infrared"][100:140, 140:180].mean() > made["infrared"][:20, :20].mean() + 20


@pytest.mark.parametrize(("name", "least", "most"), [("tunnel", 0.29, 1.0), ("street-lamps", 0.34, 1.0)])
def test_light_changes_while_driving(name: str, least: float, most: float) -> None:
    frame = np.full((24, 32, 3), 200, np.uint8)
    light = [altered.ALTERED[name](frame, number).mean() / 200 for number in range(180)]
    assert min(light) == pytest.approx(least, abs=0.02) and max(light) == pytest.approx(most, abs=0.02)


@pytest.mark.parametrize(("name", "least"), [("shaken", 3), ("jolted", 6)])
def test_a_rough_road_moves_the_picture(name: str, least: int) -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    cv2.circle(frame, (160, 120), 4, (255, 255, 255), -1)
    spots = [np.argwhere(altered.ALTERED[name](frame, number)[..., 0] > 127).mean(axis=0) for number in range(60)]
    assert least < np.ptp(np.array(spots)[:, 0]) < 30


@pytest.mark.parametrize("name", altered.ALTERED)
def test_an_altered_frame_is_another_picture(name: str) -> None:
    frame = np.random.default_rng(1).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    before, made = frame.copy(), [altered.ALTERED[name](frame, number) for number in range(3)]
    assert (frame == before).all(), "what others look at stays as it is"
    taken = [picture for picture in made if picture is not None]
    assert len(taken) == {"half-rate": 2, "third-rate": 1}.get(name, 3)
    if len(taken) == 3:
        assert all(picture.dtype == np.uint8 and picture.shape[2] == 3 for picture in taken)
        assert taken[0].shape != frame.shape or (taken[0] != frame).any()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.avi"], "nowhere.avi: not in"),
        (["--judged", "asleep.avi:9"], "give a clip and frames like"),
        (["--before", "README.md"], "no result of `judge --json`"),
    ],
)
def test_mistakes_are_one_line(
    clips: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", "--data", str(clips), *arguments]) != 0
    told = capsys.readouterr().err
    assert says in told and told.count("\n") == 1
    assert main(["judge", "--data", "/nowhere"]) == 1
