"""The script of the simulated driver: what can be written, and what is said of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.errors import ConfigError, UsageError
from fer_edge.sources.sim.script import built_in, load_script, parse_script
from fer_edge.sources.sim.states import STATES

STORY = """
# a comment, and an empty line

seed 7
0     awake
8     eyes-closed            # asleep
10.5  awake passenger
14    yaw=25 light=0.4 over=2
20    repeat
"""


def test_a_script_is_read_as_it_is_written() -> None:
    script = parse_script(STORY)
    assert (script.seed, script.length_s, script.repeat) == (7, 20.0, True)
    assert [cue.at for cue in script.cues] == [0, 8, 10.5, 14]
    assert script.cues[1].values == {"eye_left": 0.0, "eye_right": 0.0}
    assert script.cues[2].values == {"passenger": 1.0}
    assert (script.cues[3].values, script.cues[3].over_s) == ({"yaw": 25.0, "light": 0.4}, 2.0)


def test_what_always_holds_is_in_every_line_and_looks_say_who_drives() -> None:
    text = "looks 7 glasses night\nalways camera_yaw=-30 light=0.5\n0 awake\n5 light=1 phone\n9 end"
    script = parse_script(text)
    assert script.cues[0].values == {"camera_yaw": -30.0, "light": 0.5}
    assert script.cues[1].values["camera_yaw"] == -30.0
    assert script.cues[1].values["light"] == 1.0
    assert (script.looks.glasses, script.looks.infrared) == ("clear", True)
    assert parse_script("looks 0\n0 awake\n9 end").looks == parse_script("0 awake\n9 end").looks


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("looks seven", "looks: needs the number of a person"),
        ("looks ²", "looks: needs the number of a person"),
        ("seed ²", "seed: needs one whole number"),
        ("looks 7 hat", "looks hat: unknown; one of glasses"),
        ("always warp=2", "warp: unknown value"),
        ("always", "has no state"),
        ("0 awake\nlooks 7", "looks: must come before the first time"),
    ],
)
def test_mistakes_in_what_holds_throughout_are_told(line: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        parse_script(f"{line}\n1 awake\n9 end")


def test_values_written_out_win_over_the_states_beside_them() -> None:
    (cue,) = parse_script("0 eyes=0.3 yawn blinks=30\n9 end").cues
    assert cue.values == {"eye_left": 0.3, "eye_right": 0.3, "mouth": 1.0}
    assert (cue.blinking, cue.blinks_per_min) == ("none", 30)


def test_every_fault_is_told_at_once_with_its_line() -> None:
    text = "0 awake\n2 sleepin\n3 yaw=90\n1 awake\nx awake\n5\n6 yaw=high\n7 blur=1\nseed x\n8 awake end\n"
    with pytest.raises(ConfigError) as told:
        parse_script(text, "drive.txt")
    assert [fault.split(",")[0] for fault in told.value.faults] == [
        "drive.txt:2 sleepin: unknown state; one of awake",
        "drive.txt:3 yaw: must be -60 to 60 (got 90)",
        "drive.txt:4 1: times must increase (the previous line is at 3)",
        "drive.txt:5 time 'x': a line must begin with its time in seconds",
        "drive.txt:6 has no state; add one such as awake",
        "drive.txt:7 yaw 'high': must be a number",
        "drive.txt:8 blur: unknown value; one of away",
        "drive.txt:9 seed: needs one whole number",
        "drive.txt:10 end: must be alone after its time",
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("slep", "slep: unknown state; one of awake, stare"),
        ("eye-closed", "eye-closed: unknown state; did you mean eyes-closed?"),
        ("Yawn", "Yawn: unknown state; did you mean yawn?"),
        ("camera_yw=3", "camera_yw: unknown value; did you mean camera_yaw?"),
        ("yaw 20", "yaw: needs a number; write it like yaw=60"),
        ("looks 3", "looks: must be the first word of a line before the first time"),
    ],
)
def test_a_misspelt_word_is_told_with_the_one_that_was_probably_meant(line: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_script(f"0 {line}\n9 end", "drive.txt")
    assert caught.value.faults[0].startswith(f"drive.txt:1 {told}")
    assert "did you mean" not in told or "one of" not in caught.value.faults[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no states"),
        ("1 awake\n2 end", "first line must be at 0"),
        ("0 awake", "no end"),
        ("0 awake\n5 end\n6 awake", "nothing may follow"),
        ("0 awake\n0 end", "times must increase"),
        ("0 awake\nnan end", "seconds"),
    ],
)
def test_a_script_must_be_whole(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_script(text)


@given(st.text(max_size=300))
def test_any_text_is_a_script_or_a_list_of_faults(text: str) -> None:
    try:
        parse_script(text)
    except ConfigError as error:
        assert error.faults
        assert all(fault.startswith("script") and "\n" not in fault for fault in error.faults)


@pytest.mark.parametrize("name", built_in())
def test_every_built_in_script_can_be_read(name: str) -> None:
    assert load_script(name).length_s > 10


def test_a_script_of_ones_own_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "my.txt").write_text("0 awake\n3 end")
    assert load_script(str(tmp_path / "my.txt")).length_s == 3
    with pytest.raises(UsageError, match="no such script"):
        load_script(str(tmp_path / "other.txt"))
    with pytest.raises(UsageError, match="is a directory"):
        load_script(str(tmp_path))
    (tmp_path / "film.mp4").write_bytes(b"\xff\xd8\xff\x00")
    with pytest.raises(UsageError, match="not a text file"):
        load_script(str(tmp_path / "film.mp4"))


def test_every_state_is_explained_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "simulated-driver.md").read_text(encoding="utf-8")
    for name, state in STATES.items():
        assert f"| `{name}` | {state.means} |" in page
    for name in built_in():
        assert f"`sim:{name}`" in page
