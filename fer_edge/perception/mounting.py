"""Which way up the camera is mounted: told from how well faces are seen in the picture and in its turns.

A face that lies on its side is still found and its points still drawn, but lids, mouth and pose read from
them mean nothing. So from time to time the picture is looked at in one of its four turns; the turn in
which a face is seen best is the upright one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.errors import ModelError
from fer_edge.perception.faces import make_finder
from fer_edge.perception.follower import first_reading
from fer_edge.perception.landmarks import Landmarks

if TYPE_CHECKING:
    from fer_edge.core import FaceFinder, Image
    from fer_edge.settings.perception import PerceptionSettings

TURNS = {0: None, 90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
"""Degrees clockwise, and OpenCV's word for it."""
ROUNDS = 3
"""So many rounds of looks in a row must agree. In 212 frames of eight clips one round was never wrong, in 240 single
pictures of drivers and other people twice (1 %)."""
MARGIN = 3.0
"""Log-odds by which a face must be seen better in one turn than in any other for a round to count."""
CLEAR = 2.5
"""Log-odds of the face in that turn: what is hardly a face says nothing of the camera."""
LOOK_S, SETTLED_LOOK_S = 0.4, 5.0
"""Seconds between looks: until it is known what is up, and after (a camera does not turn by itself)."""


class Mounting:
    """Follows which turn of the picture stands upright.

    A driver who sinks to the side in sleep lies across the picture, too; so what once was seen upright is
    believed to be so until ``ROUNDS`` slow rounds, a minute, have said otherwise.
    """

    def __init__(self, finder: FaceFinder, landmarks: Landmarks) -> None:
        self.turn: int | None = None
        """Degrees clockwise by which the picture stands upright: 0 as it is; None until known."""
        self._finder = finder
        self._landmarks = landmarks
        self._round: dict[int, float] = {}
        self._said: list[int] = []
        self._looked_at = float("-inf")

    def look(self, grey: Image, at: float) -> None:
        """One frame: looks at it in one turn when it is time to."""
        if 0 <= at - self._looked_at < (LOOK_S if self.turn is None else SETTLED_LOOK_S) - 1e-6:
            return
        self._looked_at = at
        turn = len(self._round) * 90
        self._round[turn] = odds(grey, turn, self._finder, self._landmarks)
        if len(self._round) == len(TURNS):
            best, self._round = upright(self._round), {}
            if best is not None:
                self._said = [*self._said, best][-ROUNDS:]
            if len(self._said) == ROUNDS and len(set(self._said)) == 1:
                self.turn = self._said[0]


def odds(grey: Image, turn: int, finder: FaceFinder, landmarks: Landmarks) -> float:
    """Log-odds of the best face in the picture turned clockwise: the detector's and the landmark network's.

    Minus infinity where none is found.
    """
    code = TURNS[turn]
    turned = grey if code is None else cv2.rotate(grey, code)
    seen = [(face, first_reading(landmarks, turned, face)) for face in finder.find(turned, None)[:1]]
    return max((_log_odds(face.score) + _log_odds(r.score) for face, r in seen if r), default=-math.inf)


def upright(seen: Mapping[int, float]) -> int | None:
    """The turn in which a face is seen clearly better than in all others; None where none is."""
    best, next_best = sorted(seen, key=seen.__getitem__)[:-3:-1]
    return best if seen[best] >= max(CLEAR, seen[next_best] + MARGIN) else None


def turn_of(pictures: Iterable[Image], settings: PerceptionSettings) -> int | None:
    """Which turn of a few pictures of one camera stands upright, (height, width) uint8.

    None where no face says so, or no model can be loaded (which is told elsewhere).
    """
    try:
        finder, landmarks = make_finder(settings), Landmarks(runtime=settings.runtime, threads=settings.threads)
    except ModelError:
        return None
    said = [upright({turn: odds(grey, turn, finder, landmarks) for turn in TURNS}) for grey in pictures]
    known = [turn for turn in said if turn is not None]
    return int(np.bincount(known).argmax()) if len(known) >= 2 and len(set(known)) == 1 else None


def _log_odds(probability: float) -> float:
    sure = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(sure / (1 - sure))
