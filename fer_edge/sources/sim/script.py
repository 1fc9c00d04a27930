"""The script of the simulated driver: lines of a time in seconds and what happens from then on.

::

    # two seconds of sleep
    seed 7
    0     awake
    8     eyes-closed
    10    awake passenger
    14.5  yaw=25 light=0.4 over=2
    20    repeat

Each line describes everything from its time on; what it does not mention is as in ``awake``. Before the first,
``always`` says what holds throughout (``always camera_yaw=-30 light=0.5``), and ``looks`` who drives
(``looks 7 glasses night``; 0 is the photographed person).
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from fer_edge.errors import ConfigError, UsageError
from fer_edge.sources.sim.looks import PHOTOGRAPH, Looks, somebody
from fer_edge.sources.sim.states import RANGES, STATES, Blinking, State

_BLINKS_PER_MIN = {"none": 0.0, "normal": 15.0, "slow": 12.0}
_EYES = ("eye_left", "eye_right")
_LIMITS = {**RANGES, "eyes": (0.0, 1.0), "over": (0.0, 600.0), "blinks": (0.0, 60.0)}
_HEAD = ("seed", "looks", "always")


@dataclass(frozen=True, slots=True)
class Cue:
    """From ``at`` seconds on: ``values`` of the channels that are not at rest, and the rest of the acting.

    ``over_s`` is how long the change takes, None for the natural time of each channel.
    """

    at: float
    values: dict[str, float] = field(default_factory=dict)
    blinking: Blinking = "normal"
    blinks_per_min: float = 15.0
    talking: bool = False
    frozen: bool = False
    unplugged: bool = False
    over_s: float | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """Cues in the order of their times; ``length_s`` is when it ends or begins again."""

    name: str
    cues: tuple[Cue, ...]
    length_s: float
    repeat: bool = False
    seed: int = 0
    looks: Looks = PHOTOGRAPH


def built_in() -> list[str]:
    """The names of the scripts that come with fer-edge."""
    return sorted(item.name.removesuffix(".txt") for item in _folder().iterdir() if item.name.endswith(".txt"))


def load_script(name: str) -> Script:
    """A script by its built-in name or the path of a file.

    Raises UsageError when there is none, ConfigError with one line per fault.
    """
    if name in built_in():
        return parse_script(_folder().joinpath(f"{name}.txt").read_text(encoding="utf-8"), name)
    path = Path(name)
    try:
        return parse_script(path.read_text(encoding="utf-8"), name)
    except OSError as error:
        missing = not name or isinstance(error, FileNotFoundError)
        reason = "no such script" if missing else (error.strerror or str(error)).lower()
        raise UsageError(f"sim:{name}: {reason}; {_instead(name, built_in(), 'use a file or one of')}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"sim:{name}: not a text file; see docs/simulated-driver.md") from error


def parse_script(text: str, name: str = "script") -> Script:
    """Read a script. Raises ConfigError with every fault, each with its line number."""
    faults: list[str] = []
    cues: list[Cue] = []
    end, repeat, last, head = None, False, -1.0, _Head()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            if end is not None:
                raise _Fault(f"{words[0]}: nothing may follow end or repeat")
            if words[0] in _HEAD:
                head.read(words, late=bool(cues))
                continue
            at = last = _time(words[0], last)
            if words[1:] in (["end"], ["repeat"]):
                end, repeat = at, words[1] == "repeat"
            else:
                cues.append(_cue(at, words[1:], head.always))
        except _Fault as fault:
            faults.append(f"{name}:{number} {fault}")
    if not faults:
        faults = [f"{name}: {fault}" for fault in _whole(cues, end)]
    if faults or end is None:
        raise ConfigError(faults)
    return Script(name, tuple(cues), end, repeat, head.seed, head.looks)


class _Fault(Exception):
    """What is wrong with one line."""


@dataclass
class _Head:
    """What stands before the first time and holds throughout."""

    seed: int = 0
    looks: Looks = PHOTOGRAPH
    always: list[str] = field(default_factory=list)

    def read(self, words: list[str], *, late: bool) -> None:
        """Take one such line; ``late`` is whether a time came before it."""
        match words:
            case ["seed", *rest]:
                self.seed = _seed(rest)
            case [word, *_] if late:
                raise _Fault(f"{word}: must come before the first time")
            case ["looks", *rest]:
                self.looks = _looks(rest)
            case [_, *rest]:
                _cue(0.0, rest)
                self.always = rest


def _whole(cues: list[Cue], end: float | None) -> list[str]:
    if not cues:
        return ["no states; write lines such as `0 awake`"]
    if cues[0].at > 0:
        return [f"the first line must be at 0 seconds (is at {cues[0].at:g})"]
    if end is None:
        return ["no end; add a last line such as `30 end` or `30 repeat`"]
    return []


def _seed(words: list[str]) -> int:
    if len(words) != 1 or not words[0].isdecimal():
        raise _Fault("seed: needs one whole number, such as `seed 7`")
    return int(words[0])


def _looks(words: list[str]) -> Looks:
    known: dict[str, dict[str, Any]] = {
        "glasses": {"glasses": "clear"},
        "dark-glasses": {"glasses": "dark"},
        "night": {"infrared": True},
    }
    if not words or not words[0].isdecimal():
        raise _Fault("looks: needs the number of a person, such as `looks 7 glasses`")
    person = int(words[0])
    looks = replace(somebody(person), glasses="none", infrared=False) if person else PHOTOGRAPH
    for word in words[1:]:
        if word not in known:
            raise _Fault(f"looks {word}: unknown; {_instead(word, known)}")
        looks = replace(looks, **known[word])
    return looks


def _time(word: str, last: float) -> float:
    at = _number("time", word)
    if not 0 <= at <= 1e6:
        raise _Fault(f"{word}: a line must begin with its time in seconds, 0 or more")
    if at <= last:
        raise _Fault(f"{word}: times must increase (the previous line is at {last:g})")
    return at


def _number(what: str, word: str) -> float:
    try:
        return float(word)
    except ValueError:
        hint = "a line must begin with its time in seconds" if what == "time" else "must be a number"
        raise _Fault(f"{what} {word!r}: {hint}") from None


def _cue(at: float, words: list[str], always: Sequence[str] = ()) -> Cue:
    if not words:
        raise _Fault("has no state; add one such as awake")
    words = [*always, *words]
    values: dict[str, float] = {}
    blinking: Blinking = "normal"
    extra: dict[str, float] = {}
    states = [_state(word) for word in words if "=" not in word]
    for state in states:
        values.update(state.values)
        blinking = state.blinking or blinking
    for word in words:
        if "=" in word:
            values.update(_assignment(word, extra))
    return Cue(
        at,
        values,
        blinking,
        extra.get("blinks", _BLINKS_PER_MIN[blinking]),
        talking=any(state.talking for state in states),
        frozen=any(state.frozen for state in states),
        unplugged=any(state.unplugged for state in states),
        over_s=extra.get("over"),
    )


def _state(word: str) -> State:
    if word in ("end", "repeat"):
        raise _Fault(f"{word}: must be alone after its time, such as `30 {word}`")
    if word in _HEAD:
        raise _Fault(f"{word}: must be the first word of a line before the first time")
    if word in _LIMITS and word not in STATES:
        raise _Fault(f"{word}: needs a number; write it like {word}={_LIMITS[word][1]:g}")
    if word not in STATES:
        raise _Fault(f"{word}: unknown state; {_instead(word, [*STATES, 'end', 'repeat', 'value=number'])}")
    return STATES[word]


def _assignment(word: str, extra: dict[str, float]) -> dict[str, float]:
    """``eyes=0.5`` and the like; ``over`` and ``blinks`` go to ``extra``."""
    key, _, text = word.partition("=")
    if key not in _LIMITS:
        raise _Fault(f"{key}: unknown value; {_instead(key, sorted(_LIMITS))}")
    number = _number(key, text)
    least, most = _LIMITS[key]
    if not least <= number <= most:
        raise _Fault(f"{key}: must be {least:g} to {most:g} (got {text})")
    if key in ("over", "blinks"):
        extra[key] = number
        return {}
    return dict.fromkeys(_EYES if key == "eyes" else (key,), number)


def _instead(word: str, known: Collection[str], otherwise: str = "one of") -> str:
    """What was probably meant by a word that is none, or all the words there are."""
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.7)
    return f"did you mean {near[0]}?" if near else f"{otherwise} {', '.join(known)}"


def _folder() -> Traversable:
    return resources.files("fer_edge.sources.sim").joinpath("scripts")
