"""Which face is the driver's, and how long it stays so."""

from __future__ import annotations

import pytest

from fer_edge.core import Box, Face
from fer_edge.perception.driver import DriverChoice


def at(x: float, size: float = 100) -> Face:
    return Face(Box(x, 100, size, size), 0.9)


def watch(choice: DriverChoice, faces: list[Face], moment: float) -> Face | None:
    """One moment as the follower lives it: what is chosen is followed."""
    chosen = choice.choose(faces, moment)
    if chosen is not None:
        choice.seen(chosen.box, moment, faces)
    return chosen


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
    assert watch(choice, [at(60, 110), PASSENGER], 0) is not None
    for n in range(1, 140):
        chosen = watch(choice, [at(60, 110), at(400, 150)], n / 10)
        assert chosen is not None
        assert chosen.box.x == 60


def test_after_fifteen_seconds_on_the_right_side_the_other_takes_over() -> None:
    choice = DriverChoice("left")
    watch(choice, [PASSENGER], 0)
    moments = [n / 2 for n in range(1, 80)]
    chosen = [watch(choice, [DRIVER, PASSENGER], moment) for moment in moments]
    taken = moments[chosen.index(DRIVER)]
    assert 15 <= taken - 0.5 <= 16
    assert {id(face) for face in chosen[chosen.index(DRIVER) :]} == {id(DRIVER)}, "and keeps the place"
    assert choice.person == 2


def test_a_larger_face_close_by_that_takes_over_is_another_driver() -> None:
    """However near: what was learned of one and how long the eyes were shut is not the other's."""
    near = at(190, 150)
    choice = DriverChoice("largest")
    watch(choice, [DRIVER], 0)
    chosen = [watch(choice, [DRIVER, near], n / 2) for n in range(1, 60)]
    assert near in chosen
    assert choice.person == 2


def test_a_driver_who_looks_away_is_missed_not_replaced_by_the_passenger() -> None:
    choice = DriverChoice("left")
    watch(choice, [DRIVER, PASSENGER], 0)
    assert all(watch(choice, [PASSENGER], n / 5) is None for n in range(1, 75))
    assert watch(choice, [DRIVER, PASSENGER], 14.9) is DRIVER


def test_a_driver_gone_for_fifteen_seconds_leaves_the_seat_to_whoever_is_there() -> None:
    choice = DriverChoice("left")
    watch(choice, [DRIVER, PASSENGER], 0)
    assert watch(choice, [PASSENGER], 14.9) is None
    assert watch(choice, [PASSENGER], 15.1) is PASSENGER


def test_a_driver_who_bent_down_is_known_again_a_little_aside() -> None:
    choice = DriverChoice("left")
    watch(choice, [DRIVER, PASSENGER], 0)
    assert watch(choice, [PASSENGER], 2) is None
    back = at(170)
    assert watch(choice, [PASSENGER, back], 4) is back


@pytest.mark.parametrize(("away_s", "person"), [(18, 1), (59, 1), (61, 2)])
def test_who_is_back_within_a_minute_is_the_same_driver(away_s: float, person: int) -> None:
    """A sleeper who slumps out of view and comes up again with shut eyes has not become another driver."""
    choice = DriverChoice("left")
    watch(choice, [DRIVER, PASSENGER], 0)
    assert watch(choice, [at(100), PASSENGER], away_s) is not None
    assert choice.person == person


def test_a_passenger_who_takes_the_seat_is_another_driver_however_near() -> None:
    near = at(200)
    choice = DriverChoice("left")
    watch(choice, [DRIVER, near], 0)
    assert watch(choice, [near], 15.1) is near
    assert choice.person == 2


def test_no_face_is_no_driver() -> None:
    choice = DriverChoice("largest")
    assert watch(choice, [], 0) is None
    assert watch(choice, [DRIVER], 1) is DRIVER
    assert watch(choice, [], 2) is None


@pytest.mark.parametrize(
    "elsewhere",
    [at(400), at(60, 230), at(30, 40), at(260, 170), Face(Box(60, 380, 100, 100), 0.9)],
    ids=["the other side", "very near", "far away", "nearer and aside", "lower down"],
)
def test_the_only_face_in_view_is_never_refused(elsewhere: Face) -> None:
    """A cut, a driver who leans forward, a seat moved: nobody else was ever there."""
    choice = DriverChoice("largest")
    for n in range(10):
        watch(choice, [DRIVER], n / 10)
    watch(choice, [], 1.0)
    assert watch(choice, [elsewhere], 1.1) is elsewhere


def test_a_driver_who_jumps_about_is_the_same_person_only_as_far_as_a_body_moves() -> None:
    choice = DriverChoice("largest")
    watch(choice, [DRIVER], 0)
    watch(choice, [at(170)], 0.5)
    assert choice.person == 1
    watch(choice, [at(560)], 1.0)
    assert choice.person == 2
    watch(choice, [at(560, 230)], 1.5)
    assert choice.person == 3


def test_a_passenger_who_looked_out_of_the_window_for_minutes_is_still_known() -> None:
    choice = DriverChoice("largest")
    watch(choice, [DRIVER, PASSENGER], 0)
    for n in range(1, 300):
        watch(choice, [DRIVER], n)
    assert watch(choice, [PASSENGER], 300) is None
    assert watch(choice, [PASSENGER, DRIVER], 301) is DRIVER


def test_a_passenger_who_moves_while_the_driver_looks_away_stays_a_passenger() -> None:
    choice = DriverChoice("left")
    watch(choice, [DRIVER, PASSENGER], 0)
    assert all(watch(choice, [at(420 - 20 * n)], n / 2) is None for n in range(1, 13))


def test_somebody_new_gives_the_place_back_when_the_driver_is_seen_beside() -> None:
    """The passenger was never seen beside the driver, and looks up while the driver looks away."""
    choice = DriverChoice("largest")
    watch(choice, [DRIVER], 0)
    assert watch(choice, [PASSENGER], 1) is PASSENGER
    assert watch(choice, [PASSENGER, DRIVER], 2) is DRIVER
    assert choice.person == 3
    assert watch(choice, [PASSENGER], 3) is None
    assert all(watch(choice, [DRIVER, PASSENGER], n) is DRIVER for n in range(4, 30)), "and it is not taken back"


@pytest.mark.parametrize("seat", ["largest", "left"])
def test_a_passenger_who_leans_in_front_of_the_driver_and_back_is_not_followed_to_the_other_seat(seat: str) -> None:
    """While one face hides the other nothing tells them apart; who is in the driver's place afterwards does."""
    choice = DriverChoice(seat)
    watch(choice, [DRIVER, PASSENGER], 0)
    for n, x in enumerate([70, 70, 80, 130, 180, 230, 280]):
        watch(choice, [at(x, 115)], 1 + n / 2)
    assert watch(choice, [at(330, 115), DRIVER], 5) is DRIVER
    assert choice.person == 2
    assert all(watch(choice, [at(420, 115), DRIVER], n) is DRIVER for n in range(6, 15))
    assert choice.person == 2


@pytest.mark.parametrize("x", [60, 150, 220])
def test_a_driver_who_moves_beside_the_passenger_stays_the_driver(x: int) -> None:
    choice = DriverChoice("largest")
    watch(choice, [DRIVER, PASSENGER], 0)
    for n in range(1, 9):
        watch(choice, [at(60 + (x - 60) * n / 8)], n / 9)
    moved = at(x)
    assert watch(choice, [PASSENGER, moved], 1) is moved
    assert choice.person == 1


def test_after_a_cut_nobody_is_known() -> None:
    choice = DriverChoice("largest")
    watch(choice, [DRIVER, PASSENGER], 0)
    choice.cut()
    assert watch(choice, [PASSENGER], 0.1) is PASSENGER
    assert choice.person == 2


def test_what_was_chosen_and_turned_out_to_be_no_face_is_not_held() -> None:
    choice = DriverChoice("left")
    assert choice.choose([DRIVER, PASSENGER], 0) is DRIVER
    assert choice.choose([PASSENGER], 0) is PASSENGER
