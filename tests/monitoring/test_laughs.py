"""Stories of mouths that laugh and mouths that yawn, and of the lids above them."""

from __future__ import annotations

from tests.monitoring.lidded import LAUGH, SHUT, Scene, drive, starts, told


def test_a_laugh_narrows_the_eyes_and_that_is_all() -> None:
    assert told(drive((20, {}), (26, LAUGH), (40, {}))) == []


def test_a_broad_laugh_over_a_visible_iris_is_no_look_down() -> None:
    """Four seconds of lids at a third, the head bent a little, the eyes on the road."""
    broad = LAUGH | {"eyes_narrowed": 0.94, "eyes_closed": 0.03, "width": 0.3, "gaze": (0.0, 0.0), "pitch": -8.0}
    assert told(drive((20, {}), (24, broad), (40, {}))) == []


def test_a_mouth_wide_in_a_laugh_is_no_yawn_and_in_a_yawn_it_is() -> None:
    """A laugh narrows the eyes before the mouth is wide, a yawn at the height of it."""
    laugh = drive((20, {}), (20.5, LAUGH), (23, LAUGH | {"mouth": 0.95}), (40, {}))
    yawn = drive((20, {}), (21, {"mouth": 0.95}), (23, LAUGH | {"mouth": 0.95}), (40, {}))
    assert told(laugh) == []
    assert starts(told(yawn)) == [("yawn", 21.5)]


def test_a_laugh_whose_lids_narrow_as_the_mouth_opens_is_no_yawn() -> None:
    """Mouth and lids move in the same moment: half of such laughs were told as yawns."""
    assert told(drive((20, {}), (23, LAUGH | {"mouth": 0.95}), (40, {}))) == []


def test_a_broad_mouth_laughs_though_the_lids_stay_up() -> None:
    rest, laughing, yawning = ({"mouth_width": 0.8 * times} for times in (1.0, 1.2, 1.05))
    wide: Scene = (23, {"mouth": 0.95} | laughing)
    assert told(drive((20, rest), wide, (40, rest))) == []
    assert starts(told(drive((20, rest), (23, {"mouth": 0.95} | yawning), (40, rest)))) == [("yawn", 21.5)]


def test_behind_glare_the_width_alone_tells_a_laugh_from_a_yawn() -> None:
    """No lid is seen: at 1.1 times the width at rest it is a laugh, at 1.05 a yawn."""
    glare = {"eyes_closed": None, "eyes_lowered": None, "eyes_narrowed": None, "width": None, "gaze": None}
    for times, events in ((1.1, []), (1.05, [("yawn", 21.5)])):
        rest, wide = {"mouth_width": 0.8}, {"mouth": 0.95, "mouth_width": 0.8 * times}
        assert starts(told(drive((19, rest), (20, glare | rest), (23, glare | wide), (26, rest)))) == events


def test_a_mouth_pulled_narrow_yawns_though_the_eyes_are_pressed_together_from_the_first() -> None:
    rest, yawning = {"mouth_width": 0.8}, LAUGH | {"mouth": 0.95, "mouth_width": 0.7}
    assert starts(told(drive((20, rest), (23, yawning), (40, rest)))) == [("yawn", 21.5)]


def test_a_broad_mouth_is_none_for_a_driver_whose_mouth_is_broad() -> None:
    """0.95 is wide for most people; this one's mouth is 0.92 at rest."""
    rest, yawning = {"mouth_width": 0.92}, {"mouth": 0.95, "mouth_width": 0.95}
    assert starts(told(drive((20, rest), (23, yawning), (40, rest)))) == [("yawn", 21.5)]


def test_eyes_pressed_shut_in_a_yawn_behind_a_hand_are_no_closure() -> None:
    """The hand comes at 20, the eyes are shut from 21 to 23.5: nothing. Left shut they are told at 24 and 27."""
    hand = {"mouth": None}
    assert told(drive((20, {}), (21, hand), (23.5, SHUT | hand), (26, hand), (40, {}))) == []
    events = told(drive((20, {}), (21, hand), (29, SHUT | hand), (40, {})))
    assert starts(events)[0] == ("distracted", 24.0)
    assert ("unresponsive", 27.0) in starts(events)


def test_a_rather_broad_mouth_laughs_under_lids_that_narrow_a_little() -> None:
    """Lids read as narrowed for a third: with the mouth 1.12 times as wide as at rest a laugh, with 1.05 a yawn."""
    lids = {"eyes_narrowed": 0.33, "eyes_lowered": 0.15, "width": 0.4}
    for times, events in ((1.12, []), (1.05, [("yawn", 21.5)])):
        rest, wide = {"mouth_width": 0.8}, lids | {"mouth": 0.95, "mouth_width": 0.8 * times}
        assert starts(told(drive((20, rest), (23, wide), (26, rest)))) == events
