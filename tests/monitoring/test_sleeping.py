"""Stories of eyes that close: microsleep, sleep, unresponsive, and a driver who can no longer be seen."""

from __future__ import annotations

import pytest

from fer_edge.core import Lens, Level
from fer_edge.monitoring.simulation import Camera, Story
from tests.monitoring.telling import NO_DROWSY, assert_told, settings, tell


def test_a_blink_is_nothing() -> None:
    assert_told(tell(Story(80).closed(70, 70.3)), [])


def test_eyes_closed_for_1_4_s_are_no_microsleep() -> None:
    assert_told(tell(Story(80).closed(70, 71.4)), [])


def test_a_microsleep_starts_at_1_5_s_and_ends_0_3_s_after_the_eyes_open() -> None:
    told = tell(Story(80).closed(70, 72))
    assert_told(told, [("microsleep", "start", 71.5), ("microsleep", "end", 72.3)])
    start, end = told.find("microsleep"), told.find("microsleep", "end")
    assert start.level is Level.WARNING
    assert start.began_at == pytest.approx(70, abs=0.04)
    assert start.held_s == pytest.approx(1.5, abs=0.06)
    assert end.key == start.key
    assert end.held_s == pytest.approx(2.0, abs=0.06)
    assert start.details["coverage"] == 1.0


def test_lids_that_flutter_for_a_moment_do_not_break_a_closure() -> None:
    """Open from 71.0 to 71.2: one microsleep since 70, and no sleep before its three seconds."""
    told = tell(Story(80).closed(70, 71).closed(71.2, 72.6))
    assert_told(told, [("microsleep", "start", 71.5), ("microsleep", "end", 72.9)])
    assert told.find("microsleep", "end").held_s == pytest.approx(2.6, abs=0.1)


def test_a_glance_between_two_closures_does_not_join_them() -> None:
    """A look down of 1 s, open eyes for a moment, a mirror that hides the eyes, a blink."""
    story = Story(80).during(70, 71, lids=0.1, pitch=-16.0).during(71.12, 71.8, yaw=45.0).closed(71.8, 72.1)
    assert_told(tell(story), [])


def test_eyes_hidden_for_a_moment_as_they_shut_do_not_hide_the_microsleep() -> None:
    story = Story(80).closed(70, 71.8).during(70.1, 70.4, eyes_seen=False)
    assert_told(tell(story), [("microsleep", "start", 71.5), ("microsleep", "end", 72.1)])


def test_a_look_down_and_the_blink_after_it_are_two() -> None:
    story = Story(80).during(70, 71, lids=0.1, pitch=-16.0).closed(71.2, 71.6)
    assert_told(tell(story), [])


def test_blinks_in_a_row_are_no_closure() -> None:
    """Six blinks of 0.35 s with a quarter of a second between."""
    story = Story(80)
    for number in range(6):
        story.closed(70 + 0.6 * number, 70.35 + 0.6 * number)
    assert_told(tell(story), [])


def test_a_microsleep_is_found_while_the_mouth_moves() -> None:
    """Talking in one's sleep: syllables do not make a yawn of it."""
    story = Story(80).closed(70, 72)
    for number in range(20):
        story.during(68 + number / 4, 68.14 + number / 4, mouth=True)
    assert_told(tell(story), [("microsleep", "start", 71.5), ("microsleep", "end", 72.3)])


def test_a_microsleep_is_seen_from_the_first_second_on() -> None:
    assert_told(tell(Story(10).closed(1, 3)), [("microsleep", "start", 2.5), ("microsleep", "end", 3.3)])


def test_sleep_is_the_same_event_risen_at_3_s() -> None:
    told = tell(Story(90).closed(70, 75), config=NO_DROWSY)
    assert_told(told, [("microsleep", "start", 71.5), ("sleep", "update", 73), ("sleep", "end", 77)])
    assert len({event.key for event in told.events if event.category == "fatigue"}) == 1
    assert told.find("sleep", "update").level is Level.CRITICAL
    assert told.find("sleep", "end").held_s == pytest.approx(5.0, abs=0.06)
    assert told.state_at(74).level is Level.CRITICAL
    assert told.state_at(72).level is Level.WARNING
    assert told.state_at(78).level is Level.NONE  # an expression does not count


def test_unresponsive_at_6_s_of_the_same_closure() -> None:
    told = tell(Story(90).closed(70, 80), config=NO_DROWSY)
    due = [("microsleep", "start", 71.5), ("sleep", "update", 73), ("unresponsive", "update", 76)]
    assert_told(told, [*due, ("unresponsive", "end", 82)])


def test_sleep_ends_only_after_two_whole_seconds_of_open_eyes() -> None:
    """Open at 74, shut again from 75.5 to 76.2: the two seconds begin anew."""
    story = Story(90).closed(70, 74).closed(75.5, 76.2)
    due = [("microsleep", "start", 71.5), ("sleep", "update", 73), ("sleep", "end", 78.2)]
    assert_told(tell(story, config=NO_DROWSY), due)


def test_blinks_neither_count_for_the_two_seconds_nor_start_them_anew() -> None:
    """A driver who wakes and blinks 45 times a minute: 2 s of open eyes, two blinks left out."""
    story = Story(90).closed(70, 74)
    for number in range(1, 10):
        story.closed(74 + 0.8 * number, 74.2 + 0.8 * number)
    due = [("microsleep", "start", 71.5), ("sleep", "update", 73), ("sleep", "end", 76.4)]
    told = tell(story, config=NO_DROWSY)
    assert_told(told, due)
    assert told.find("sleep", "end").held_s == pytest.approx(4.0, abs=0.06)


def test_a_sleeper_slumps_first_the_eyes_then_the_face_are_lost() -> None:
    """Eyes close at 70; at 72 the sinking head hides them; at 73.5 the face is lost; back at 90."""
    story = Story(100).closed(70, 90).moving(72, 75, "pitch", 0, -40)
    story.during(72, 90, eyes_seen=False).during(73.5, 90, face=False)
    told = tell(story, config=NO_DROWSY)
    assert_told(told, [("microsleep", "start", 71.5), ("sleep", "update", 73), ("sleep", "end", 92)])
    assert told.state_at(89).level is Level.CRITICAL


def test_a_face_lost_in_a_microsleep_makes_it_critical_and_it_stays() -> None:
    story = Story(110).closed(70, 71.8).during(71.8, 100, face=False)
    told = tell(story, config=NO_DROWSY)
    assert_told(told, [("microsleep", "start", 71.5), ("sleep", "update", 72.3), ("sleep", "end", 102)])
    assert told.find("sleep", "update").details["reason"] == "slump"


def test_a_face_lost_soon_after_a_microsleep_is_a_slump_too() -> None:
    story = Story(110).closed(70, 72).during(74, 100, face=False)
    due = [("microsleep", "start", 71.5), ("microsleep", "end", 72.3), ("sleep", "start", 74.5)]
    told = tell(story, config=NO_DROWSY)
    assert_told(told, [*due, ("sleep", "end", 102)])
    assert told.find("sleep").details["coverage"] == 1.0  # of the closure it follows from


def test_a_face_lost_after_a_closure_that_was_hardly_seen_is_no_slump() -> None:
    """Glimpses of shut eyes for 2 s, a third of it judged: no microsleep, so nothing to slump from."""
    story = Story(90).closed(70, 72).during(72, 80, face=False)
    for start in (70.25, 70.8, 71.35):
        story.during(start, start + 0.45, eyes_seen=False)
    assert_told(tell(story), [])


def test_a_face_lost_long_after_a_microsleep_is_none() -> None:
    story = Story(110).closed(70, 72).during(76, 100, face=False)
    assert_told(tell(story, config=NO_DROWSY), [("microsleep", "start", 71.5), ("microsleep", "end", 72.3)])


def test_a_slumped_driver_who_is_gone_for_a_minute_has_left() -> None:
    story = Story(170).closed(70, 72).during(71.8, 170, face=False)
    told = tell(story, config=NO_DROWSY)
    assert_told(told, [("microsleep", "start", 71.5), ("sleep", "update", 72.3), ("sleep", "end", 131.8)])
    assert told.find("sleep", "end").details["reason"] == "absent"


def test_eyes_lost_in_a_closure_hold_it_for_2_s_and_its_level_after_that() -> None:
    """Closed at 70, hidden by a hand from 71.6: the closure counts on to 73, then its level is kept."""
    story = Story(110).closed(70, 71.6).during(71.6, 85, eyes_seen=False)
    story.moving(71.6, 74, "pitch", 0, -20).during(74, 85, pitch=-20.0)
    told = tell(story, config=NO_DROWSY)
    assert_told(told, [("microsleep", "start", 71.5), ("sleep", "update", 73), ("sleep", "end", 87)])


def test_eyes_hidden_as_soon_as_the_microsleep_is_told_do_not_break_the_closure() -> None:
    """Told at the frame nearest to 1.5 s, a little before: from then on the closure counts, and is held for 2 s."""
    story = Story(90).closed(70, 76).during(71.5, 72.9, eyes_seen=False)
    told = tell(story, Camera(20.4), config=NO_DROWSY)
    due = [("microsleep", "start", 71.5), ("sleep", "update", 73), ("unresponsive", "update", 76)]
    assert_told(told, [*due, ("unresponsive", "end", 78)])


def test_eyes_lost_after_lids_that_fluttered_hold_the_whole_closure() -> None:
    """Open from 71.0 to 71.2, lost at 71.8: 1.6 s of the first 3 were judged."""
    story = Story(90).closed(70, 71).closed(71.2, 71.8).during(71.8, 80, eyes_seen=False)
    told = tell(story, config=NO_DROWSY)
    assert_told(told, [("microsleep", "start", 71.5), ("sleep", "update", 73), ("sleep", "end", 82)])
    assert told.find("sleep", "update").details["coverage"] == pytest.approx(1.6 / 3, abs=0.03)


def test_eyes_lost_before_the_closure_counts_start_nothing() -> None:
    assert_told(tell(Story(90).closed(70, 71).during(71, 80, eyes_seen=False)), [])


def test_sunglasses_in_a_critical_state_end_it_after_10_s_upright_and_ahead() -> None:
    story = Story(120).closed(70, 73.5).during(73.5, 120, eyes_seen=False)
    told = tell(story, config=NO_DROWSY)
    assert_told(told, [("microsleep", "start", 71.5), ("sleep", "update", 73), ("sleep", "end", 83.5)])
    assert told.find("sleep", "end").details["reason"] == "upright"


def test_sunglasses_with_a_hanging_head_do_not_end_it() -> None:
    story = Story(120).closed(70, 73.5).during(73.5, 120, eyes_seen=False)
    story.moving(74, 77, "pitch", 0, -22).during(77, 100, pitch=-22.0)
    due = [("microsleep", "start", 71.5), ("sleep", "update", 73), ("sleep", "end", 110)]
    assert_told(tell(story, config=NO_DROWSY), due)


def test_a_lens_that_goes_dark_does_not_wake_the_sleeper() -> None:
    story = Story(120).closed(70, 73.5).during(73.5, 90, lens=Lens.DARK)
    due = [("microsleep", "start", 71.5), ("sleep", "update", 73), ("sleep", "end", 92)]
    assert_told(tell(story, config=NO_DROWSY), due)


def test_a_passenger_who_sleeps_is_none_of_our_business() -> None:
    """Perception gives the driver's face alone; a second one in view changes only the count."""
    told = tell(Story(80).during(60, 80, faces=2))
    assert_told(told, [])
    assert told.last.faces == 2


def test_fatigue_switched_off_says_nothing_of_it() -> None:
    assert_told(tell(Story(80).closed(70, 76), config=settings(monitoring={"fatigue": False})), [])


def test_what_ends_with_the_source_had_lasted_until_the_eyes_opened() -> None:
    told = tell(Story(11.4).closed(5.0, 10.4))  # it would be over after 2 s with open eyes
    (end,) = (e for e in told.monitor.abort(told.last.at, "end_of_source") if e.event_type == "sleep")
    assert end.held_s == pytest.approx(5.4, abs=0.1)
    still = tell(Story(9.0).closed(5.0, 10.4))
    (end,) = (e for e in still.monitor.abort(still.last.at, "end_of_source") if e.event_type == "sleep")
    assert end.held_s == pytest.approx(4.0, abs=0.1)


def test_a_face_that_is_back_has_not_slumped() -> None:
    """Shut for 1 s, the face lost for 0.8 s, and found again with the eyes still shut: a microsleep so far."""
    told = tell(Story(30).closed(10, 12.2).during(11, 11.8, face=False), config=NO_DROWSY)
    assert_told(told, [("microsleep", "start", 11.8), ("microsleep", "end", 12.5)])


def test_an_event_that_is_cut_short_as_it_starts_is_as_long_as_it_says() -> None:
    told = tell(Story(31.5).closed(20, 22).closed(30, 40), config=NO_DROWSY)
    start = told.events[-1]
    assert (start.event_type, start.phase, start.at) == ("microsleep", "start", told.last.at)
    (end,) = (e for e in told.monitor.abort(told.last.at, "end_of_source") if e.event_type == "microsleep")
    assert end.held_s == pytest.approx(1.5, abs=0.1)
