"""What an eye network says of eyes whose truth is known: ideal, or as measured on pictures.

A network is described by what it said of some dozens of frames that show the same state of the lids; a simulated
frame is one of these, whole. What it says keeps for a while and differs between people: a driver whose laugh is taken
for sleep is so every time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from math import erf, exp, sqrt
from random import Random
from typing import Any, NamedTuple

from fer_edge.lids import lid_state, lids

PERSON, KEEPS_S = 0.6, 0.4
"""Share of the variance that belongs to the person, and how long the rest keeps, seconds."""

STATES = ("wide", "half", "slit", "lowered", "deep", "narrowed", "tight", "shut")
"""States of the lids that are told apart, by what is open: see :func:`state`."""
DEEP_DEG = -25.0
"""From this pitch of the eyes on a look down is deep, degrees."""
BANDS = {"down": (-32.0, -12.0), "level": (-12.0, 15.0), "up": (15.0, 32.0)}
"""How the head is bent, from and up to so many degrees: it decides what a camera sees of the lids."""


def state(kept: float, gaze_pitch: float, squint: float) -> str:
    """One of :data:`STATES` for eyes kept open by ``kept``, looking up by ``gaze_pitch`` degrees.

    ``half`` and ``slit`` are heavy lids over eyes that look ahead, ``deep`` a look down by 25 degrees and more,
    ``tight`` a squint or laugh that leaves less than half of the opening.
    """
    match lid_state(kept, gaze_pitch, squint):
        case "shut":
            return "shut"
        case "lowered":
            return "lowered" if gaze_pitch > DEEP_DEG else "deep"
        case "narrowed":
            return "tight" if lids(kept, gaze_pitch, squint).opening < 0.5 else "narrowed"
    return "wide" if kept >= 0.7 else "half" if kept >= 0.4 else "slit"


def band(head_pitch: float) -> str:
    """One of :data:`BANDS` for a head that is bent up by so many degrees."""
    if head_pitch <= BANDS["down"][1]:
        return "down"
    return "up" if head_pitch >= BANDS["up"][0] else "level"


class Told(NamedTuple):
    """What a network said of the eyes in one frame.

    ``lowered`` and ``narrowed`` are None of a network that does not tell them; ``gaze_off`` is by how many degrees
    the direction was off, None where none was told.
    """

    closed: float
    openness: float
    lowered: float | None = None
    narrowed: float | None = None
    gaze_off: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What was said of lids in one state, from the least shut frame to the most; ``judged`` is the share of frames
    of which anything was."""

    frames: tuple[Told, ...] = ()
    judged: float = 1.0

    def at(self, share: float) -> Told:
        """The frame that so large a share of the frames is less shut than."""
        return self.frames[min(int(share * len(self.frames)), len(self.frames) - 1)]


@dataclass(frozen=True, slots=True)
class Network:
    """Readings by state of the lids and :func:`band` of the head, as in ``"shut down"``."""

    readings: Mapping[str, Reading] = field(default_factory=dict)

    def reading(self, lids_state: str, head_pitch: float) -> Reading:
        """The reading of lids in this state; that of a level head where the head's own was not measured."""
        return self.readings.get(f"{lids_state} {band(head_pitch)}") or self.readings[f"{lids_state} level"]


def sorted_reading(frames: list[Told], judged: float) -> Reading:
    """A reading of these frames."""
    return Reading(tuple(sorted(frames, key=lambda told: (told.closed, -told.openness))), judged)


def networks(name: str) -> Mapping[str, Network]:
    """The networks of that name by mounting of the camera: ``before`` or ``shipped``. Raises KeyError."""
    return _measured()[name]


@lru_cache(maxsize=1)
def _measured() -> Mapping[str, Mapping[str, Network]]:
    text = resources.files("fer_edge.monitoring.simulation").joinpath("readings.json").read_text("utf-8")
    return {
        name: {mounting: network_of(values) for mounting, values in mountings.items()}
        for name, mountings in json.loads(text).items()
    }


def network_of(values: Mapping[str, Any]) -> Network:
    """A network from what :func:`as_json` gave."""
    return Network(
        {
            name: sorted_reading([_told(row) for row in reading["frames"]], reading["judged"])
            for name, reading in values.items()
        }
    )


def _told(row: list[Any]) -> Told:
    closed, openness, lowered, narrowed = (None if share is None else share / 100 for share in row[:4])
    return Told(closed or 0.0, openness or 0.0, lowered, narrowed, row[4])


def as_json(network: Network) -> dict[str, Any]:
    """JSON-able: a frame is four probabilities and shares in hundredths, and degrees."""
    return {
        name: {"judged": round(reading.judged, 3), "frames": [_row(told) for told in reading.frames]}
        for name, reading in network.readings.items()
    }


def _row(told: Told) -> list[int | None]:
    shares = [None if share is None else round(100 * share) for share in told[:4]]
    return [*shares, None if told.gaze_off is None else round(told.gaze_off)]


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
