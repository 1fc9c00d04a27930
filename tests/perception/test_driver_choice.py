"""Which face is the driver's, and how long it stays so."""

from __future__ import annotations

from fer_edge.core import Box, Face
from fer_edge.perception.driver import DriverChoice


def at(x: float, size: float = 100) -> Face:
    return Face(Box(x, 100, size, size), 0.9)


DRIVER, PASSENGER = at(60), at(420)


def test_the_seat_decides_among_several_faces() -> None:
    assert DriverChoice("left").choose([PASSENGER, DRIVER], 0) is DRIVER
    assert DriverChoice("right").choose([DRIVER, PASSENGER], 0) is PASSENGER
    big = at(250, 140)
    assert DriverChoice("largest").choose([DRIVER, big, PASSENGER], 0) is big


def test_a_small_face_far_behind_is_no_driver_whatever_its_side() -> None:
    assert DriverChoice("left").choose([at(5, 30), DRIVER], 0) is DRIVER


def test_a_passenger_who_leans_forward_does_not_become_the_driver() -> None:
    choice = DriverChoice("largest")
    assert choice.choose([at(60, 110), PASSENGER], 0) is not None
    for n in range(1, 140):
        chosen = choice.choose([at(60, 110), at(400, 150)], n / 10)
        assert chosen is not None
        assert chosen.box.x == 60


def test_after_fifteen_seconds_on_the_right_side_the_other_takes_over() -> None:
    choice = DriverChoice("left")
    choice.choose([PASSENGER], 0)
    moments = [n / 2 for n in range(1, 80)]
    chosen = [choice.choose([DRIVER, PASSENGER], moment) for moment in moments]
    taken = moments[chosen.index(DRIVER)]
    assert 15 <= taken - 0.5 <= 16


def test_a_driver_who_looks_away_is_missed_not_replaced_by_the_passenger() -> None:
    choice = DriverChoice("left")
    choice.choose([DRIVER, PASSENGER], 0)
    assert all(choice.choose([PASSENGER], n / 5) is None for n in range(1, 75))
    assert choice.choose([DRIVER, PASSENGER], 14.9) is DRIVER


def test_a_driver_gone_for_fifteen_seconds_leaves_the_seat_to_whoever_is_there() -> None:
    choice = DriverChoice("left")
    choice.choose([DRIVER, PASSENGER], 0)
    assert choice.choose([PASSENGER], 14.9) is None
    assert choice.choose([PASSENGER], 15.1) is PASSENGER


def test_a_driver_who_bent_down_is_known_again_a_little_aside() -> None:
    choice = DriverChoice("left")
    choice.choose([DRIVER, PASSENGER], 0)
    assert choice.choose([PASSENGER], 2) is None
    back = at(170)
    assert choice.choose([PASSENGER, back], 4) is back


def test_no_face_is_no_driver() -> None:
    choice = DriverChoice("largest")
    assert choice.choose([], 0) is None
    assert choice.choose([DRIVER], 1) is DRIVER
    assert choice.choose([], 2) is None
