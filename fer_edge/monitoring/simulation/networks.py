"""What an eye network says of eyes whose truth is known: ideal, or as measured on pictures.

A network is described by how its outputs are spread over frames that show the same state of the lids. Errors
keep for a while and differ between people: a driver whose laugh is taken for sleep is so every time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from importlib import resources
from math import erf, exp, sqrt
from random import Random
from typing import Any

from fer_edge.lids import lid_state, lids

PERSON, KEEPS_S = 0.6, 0.4
"""Share of the variance that belongs to the person, and how long the rest keeps, seconds."""
LEVELS = (0.0, 0.1, 0.5, 0.9, 1.0)
"""Shares of frames below each of a :class:`Spread`'s values."""

Spread = tuple[float, float, float, float, float]

STATES = ("wide", "half", "slit", "lowered", "deep", "covered", "narrowed", "tight", "shut")
"""States of the lids that are told apart, by what is open: see :func:`state`."""


DEEP_DEG, BENT_DEG = -25.0, -12.0
"""From these pitches of eyes and head on, degrees, a look down is deep, and the head bent."""


def state(kept: float, gaze_pitch: float, squint: float, head_pitch: float = 0.0) -> str:
    """One of :data:`STATES` for eyes kept open by ``kept``, looking up by ``gaze_pitch`` degrees.

    ``half`` and ``slit`` are heavy lids over eyes that look ahead, ``deep`` a look down by 25 degrees and more,
    ``covered`` one with the head bent, too, so that the lids hide the iris, ``tight`` a squint or laugh that leaves
    less than half of the opening.
    """
    match lid_state(kept, gaze_pitch, squint):
        case "shut":
            return "shut"
        case "lowered":
            if gaze_pitch > DEEP_DEG:
                return "lowered"
            return "covered" if head_pitch <= BENT_DEG else "deep"
        case "narrowed":
            return "tight" if lids(kept, gaze_pitch, squint).opening < 0.5 else "narrowed"
    return "wide" if kept >= 0.7 else "half" if kept >= 0.4 else "slit"


@dataclass(frozen=True, slots=True)
class Reading:
    """How the outputs are spread where the lids are in one state: least, 10 %, 50 %, 90 %, greatest.

    ``lowered`` and ``narrowed`` are None of a network that does not tell them. ``gaze`` is the share of frames in
    which the direction is told, ``judged`` that in which anything is, ``frames`` how many there were.
    """

    closed: Spread
    openness: Spread
    lowered: Spread | None = None
    narrowed: Spread | None = None
    gaze: float = 0.0
    judged: float = 1.0
    frames: int = 0


@dataclass(frozen=True, slots=True)
class Network:
    """Readings by state of the lids; ``gaze_off_deg`` is the standard deviation of the direction."""

    readings: Mapping[str, Reading] = field(default_factory=dict)
    gaze_off_deg: float = 0.0


def networks(name: str) -> Mapping[str, Network]:
    """The networks of that name by mounting of the camera: ``before`` or ``shipped``. Raises KeyError."""
    return _measured()[name]


@lru_cache(maxsize=1)
def _measured() -> Mapping[str, Mapping[str, Network]]:
    text = resources.files("fer_edge.monitoring.simulation").joinpath("readings.json").read_text("utf-8")
    return {
        name: {mounting: network_of(values) for mounting, values in mountings.items()}
        for name, mountings in json.loads(text).items()
        if isinstance(mountings, dict)
    }


def network_of(values: Mapping[str, Any]) -> Network:
    """A network from what :func:`as_json` gave."""
    readings = {}
    for name, reading in values["readings"].items():
        known: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in reading.items()}
        readings[name] = Reading(**known)
    return Network(readings, values["gaze_off_deg"])


def as_json(network: Network) -> dict[str, Any]:
    """JSON-able, rounded."""
    return {
        "readings": {
            name: {
                item.name: _rounded(getattr(reading, item.name))
                for item in fields(reading)
                if getattr(reading, item.name) is not None
            }
            for name, reading in network.readings.items()
        },
        "gaze_off_deg": round(network.gaze_off_deg, 1),
    }


def _rounded(value: Any) -> Any:
    return [round(v, 3) for v in value] if isinstance(value, tuple) else round(value, 3)


class Wandering:
    """A share of frames, 0 to 1, that wanders: at any time evenly spread, over a drive around a person's own."""

    __slots__ = ("_at", "_own", "_random", "_value")

    def __init__(self, random: Random) -> None:
        self._random = random
        self._own = random.gauss(0.0, sqrt(PERSON))
        self._value = random.gauss(0.0, sqrt(1 - PERSON))
        self._at = 0.0

    def __call__(self, at: float) -> float:
        """The share at a time no earlier than the last."""
        keep = exp(-max(at - self._at, 0.0) / KEEPS_S)
        self._value = keep * self._value + self._random.gauss(0.0, sqrt((1 - keep * keep) * (1 - PERSON)))
        self._at = at
        return 0.5 * (1 + erf((self._own + self._value) / sqrt(2)))


def at_share(spread: Spread, share: float) -> float:
    """The value below which this share of the frames lies."""
    for number in range(1, len(LEVELS)):
        if share <= LEVELS[number]:
            low, high = LEVELS[number - 1], LEVELS[number]
            return spread[number - 1] + (share - low) / (high - low) * (spread[number] - spread[number - 1])
    return spread[-1]
