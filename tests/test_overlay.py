"""What is said at its place in the picture, as values: colours by what they mean, and nothing of what is unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fer_edge.core import Box, DriverState, Face, Lens, Level, Person, PersonState, Signals
from fer_edge.overlay import Tone, overlay

FACE = Face(Box(100, 50, 100, 120), 0.9, track=3)
LANDMARKS = np.arange(136, dtype=np.float32).reshape(68, 2)
SEEN = Signals(1.0, 1, face=FACE, faces=1, landmarks=LANDMARKS, eye_left=0.9, eye_right=0.1, mouth_open=None)


def test_eyes_and_mouth_say_what_they_do() -> None:
    lines = {line.points[0]: line for line in overlay(SEEN).lines}
    right, left, mouth = (lines[float(2 * n), float(2 * n + 1)] for n in (36, 42, 48))
    assert (right.tone, left.tone, mouth.tone) == (Tone.CRITICAL, Tone.FINE, Tone.UNKNOWN)
    assert [len(line.points) for line in (right, left, mouth)] == [6, 6, 12]
    assert sum(line.faint for line in lines.values()) == 5 and not right.faint


@pytest.mark.parametrize(
    ("level", "tone"),
    [(None, Tone.UNKNOWN), (Level.NONE, Tone.FINE), (Level.WARNING, Tone.WARNING), (Level.CRITICAL, Tone.CRITICAL)],
)
def test_the_box_has_the_colour_of_the_level(level: Level | None, tone: Tone) -> None:
    [face] = overlay(SEEN, DriverState(1.0, level=level)).faces
    assert (face.box, face.tone) == (FACE.box, tone)


def test_the_label_says_the_same_number_as_the_bars_beside_it() -> None:
    seen = replace(SEEN, emotions={"happy": 0.9, "neutral": 0.1})
    state = DriverState(1.0, emotions={"happy": 0.4, "neutral": 0.6})
    assert [shown.faces[0].label for shown in (overlay(seen, state), overlay(seen))] == [
        "#3 neutral 60%",
        "#3 happy 90%",
    ]


def test_arrows_point_where_head_and_eyes_point_and_only_where_that_is_known() -> None:
    assert overlay(SEEN).arrows == ()
    head, gaze = overlay(replace(SEEN, yaw=30.0, pitch=0.0, gaze_yaw=0.0, gaze_pitch=-30.0)).arrows
    assert head.tip[0] == pytest.approx(150 + 35) and head.tip[1] == pytest.approx(110), "the own left is on the right"
    assert gaze.tip[1] > gaze.start[1], "down"


@pytest.mark.parametrize(
    ("lens", "note"), [(Lens.CLEAR, "No face"), (Lens.DARK, "Too dark"), (Lens.COVERED, "Lens covered")]
)
def test_why_there_is_no_face_is_said(lens: Lens, note: str) -> None:
    assert overlay(Signals(0, 0, lens=lens)).note == note
    assert overlay(SEEN).note is None


def test_everybody_in_a_kiosk_has_an_own_label_with_the_smoothed_number() -> None:
    faces = [replace(FACE, track=n) for n in (7, 8)]
    people = tuple(Person(face, {"happy": 0.9, "neutral": 0.1}) for face in faces)
    state = DriverState(1.0, people=(PersonState(7, 1.0, "neutral", {"happy": 0.2, "neutral": 0.8}),))
    shown = overlay(Signals(0, 0, face=faces[0], faces=2, people=people), state)
    assert [face.label for face in shown.faces] == ["#7 neutral 80%", "#8 happy 90%"]
    assert shown.arrows == ()
