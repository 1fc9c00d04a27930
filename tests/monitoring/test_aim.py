"""Advice on aiming the camera, from one frame's signals."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.core import Box, Face, Lens, Quality, Signals
from fer_edge.monitoring.aim import judge

LIGHT = Quality(brightness=0.45, sharpness=0.6, contrast=0.4, saturated=0.01)
GOOD = Signals(
    at=1.0, number=1, face=Face(Box(240, 120, 150, 170), 0.9), faces=1, eye_left=0.9, eye_right=0.9,
    yaw=4.0, pitch=-3.0, quality=LIGHT,
)  # fmt: skip


def placed(x: float, y: float, width: float, height: float) -> Signals:
    return replace(GOOD, face=Face(Box(x, y, width, height), 0.9))


def found(signals: Signals) -> list[str]:
    return [advice.what for advice in judge(signals, 640, 480)]


def test_a_face_that_is_well_seen_needs_nothing() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(
    ("signals", "what"),
    [
        (replace(GOOD, lens=Lens.DARK), "dark"),
        (replace(GOOD, lens=Lens.COVERED), "covered"),
        (replace(GOOD, rotated=90), "rotated"),
        (replace(GOOD, face=None), "no_face"),
        (placed(300, 200, 30, 34), "far"),
        (placed(300, 200, 60, 68), "small"),
        (placed(100, 60, 400, 400), "near"),
        (placed(-20, 120, 150, 170), "cut"),
        (placed(240, 340, 150, 170), "cut"),
        (replace(GOOD, yaw=31.0), "turned"),
        (replace(GOOD, yaw=-31.0), "turned"),
        (replace(GOOD, pitch=28.0), "tilted"),
        (replace(GOOD, quality=replace(LIGHT, brightness=0.05)), "dim"),
        (replace(GOOD, quality=replace(LIGHT, saturated=0.5)), "glare"),
        (replace(GOOD, quality=replace(LIGHT, sharpness=0.05)), "blurred"),
        (replace(GOOD, eye_left=None, eye_right=None), "eyes"),
    ],
)
def test_each_fault_has_its_word(signals: Signals, what: str) -> None:
    assert found(signals)[0] == what


def test_the_way_to_move_is_the_driver_s_own() -> None:
    # A face turned to the person's own left of the camera: the camera stands on the person's right.
    (advice,) = judge(replace(GOOD, yaw=30.0), 640, 480)
    assert "driver's right" in advice.says and "to the driver's left" in advice.do
    (advice,) = judge(replace(GOOD, pitch=30.0), 640, 480)
    assert "too low" in advice.says and "higher" in advice.do


def test_what_hides_everything_comes_before_what_only_spoils() -> None:
    blurred_and_turned = replace(GOOD, yaw=40.0, quality=replace(LIGHT, sharpness=0.01))
    assert [advice.hard for advice in judge(blurred_and_turned, 640, 480)] == [True, False]


@given(
    x=st.floats(-200, 800), y=st.floats(-200, 600), side=st.floats(1, 700),
    yaw=st.none() | st.floats(-90, 90), pitch=st.none() | st.floats(-90, 90),
    level=st.floats(0, 1), eyes=st.none() | st.floats(0, 1),
)  # fmt: skip
def test_any_signals_get_an_answer_and_unknown_is_no_fault(
    x: float, y: float, side: float, yaw: float | None, pitch: float | None, level: float, eyes: float | None
) -> None:
    light = Quality(level, level, level, 1 - level)
    signals = replace(placed(x, y, side, side), yaw=yaw, pitch=pitch, quality=light, eye_left=eyes, eye_right=eyes)
    words = found(signals)
    assert len(words) == len(set(words))
    assert yaw is not None or "turned" not in words
    assert pitch is not None or "tilted" not in words
