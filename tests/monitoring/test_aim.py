"""How the page says that the camera is aimed: the first thing to set right, or that all is well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fer_edge.core import Box, Calibration, DriverState, Face, Lens, Quality, Signals
from fer_edge.monitoring.aim import aim

SIZE = (640, 480)
WELL = Signals(0.0, 1, face=Face(Box(200, 120, 150, 190), 0.9), faces=1, yaw=4.0, pitch=-6.0, quality=Quality(0.5, 0.6))


def faced(x: float, y: float, width: float, height: float) -> Signals:
    return replace(WELL, face=Face(Box(x, y, width, height), 0.9))


def test_a_near_lit_straight_face_is_aimed_well() -> None:
    assert aim(DriverState(0.0), WELL, SIZE) == "fine"
    assert aim(DriverState(0.0), replace(WELL, quality=None, yaw=None), None) == "fine", "what is unknown is no fault"


@pytest.mark.parametrize(
    ("signals", "said"),
    [
        (replace(WELL, number=-1), None),
        (replace(WELL, face=None), "nobody"),
        (replace(WELL, lens=Lens.COVERED, face=None), "covered"),
        (replace(WELL, rotated=90), "rotated"),
        (faced(300, 200, 50, 60), "far"),
        (faced(100, 10, 400, 460), "close"),
        (faced(-20, 120, 150, 190), "edge"),
        (replace(WELL, quality=Quality(0.5, 0.6, saturated=0.4)), "glare"),
        (replace(WELL, quality=Quality(0.08, 0.6)), "dark"),
        (replace(WELL, quality=Quality(0.5, 0.05)), "blurred"),
        (replace(WELL, yaw=-41.0), "turned"),
    ],
)
def test_the_first_thing_to_set_right_is_named(signals: Signals, said: str | None) -> None:
    assert aim(DriverState(0.0), signals, SIZE) == said


def test_a_look_aside_is_no_fault_of_the_camera_once_straight_ahead_is_known() -> None:
    learned: dict[str, Any] = {"calibration": Calibration("calibrated", 1.0, 0.3, yaw=12.0, pitch=0.0)}
    assert aim(DriverState(0.0, **learned), replace(WELL, yaw=60.0), SIZE) == "fine"
    learned["calibration"] = Calibration("calibrated", 1.0, 0.3, yaw=38.0, pitch=0.0)
    assert aim(DriverState(0.0, **learned), replace(WELL, yaw=0.0), SIZE) == "turned"
