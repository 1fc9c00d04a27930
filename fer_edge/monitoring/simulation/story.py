"""The truth of a drive as a story, and the signals a camera and perception make of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import exp, sqrt
from operator import attrgetter
from random import Random
from typing import Any, NamedTuple

from fer_edge.core import EMOTIONS, Box, Face, Lens, Quality, Signals
from fer_edge.lids import lid_state, lids
from fer_edge.monitoring.simulation.networks import Network, Wandering, state
from fer_edge.monitoring.simulation.noise import CLEAN, Bursts, Noise

FACE = Face(Box(220.0, 140.0, 120.0, 120.0), 0.95)
QUALITY = Quality(brightness=0.5, sharpness=0.6)
SURE, UNSURE = 0.97, 0.03
MOUTH, SMILES, YAWNS, MOUTH_SPREAD = (0.79, 0.036), (1.17, 0.085), (1.0, 0.07), 0.03
"""Mean and standard deviation among people of a mouth's width (:class:`Signals`) at rest, and of how many times wider
it is in a smile: 17 people in photographs. Of yawns only pictures of other people are known (633: 0.81 wide, spread
0.07). And the spread of single frames, as a share."""
SHUT = 0.06
"""Openness of a shut eye, whoever's it is."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is so at one moment: lids 0 shut to 1 as wide as this driver's eyes open, angles from ahead.

    ``lids`` is how far the eyes are kept open; a look down and a ``squint`` (0 to 1, a laugh too) narrow them
    further (:mod:`fer_edge.lids`). ``gaze_yaw`` and ``gaze_pitch`` are degrees against the face.
    ``hand`` is what a hand covers: ``mouth``, ``eye`` (the own right one) or nothing. ``eyes_seen`` is False behind
    sunglasses or glare; ``faces`` counts passengers too.
    """

    lids: float = 1.0
    squint: float = 0.0
    gaze_yaw: float = 0.0
    gaze_pitch: float = 0.0
    hand: str = ""
    mouth: bool = False
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    face: bool = True
    eyes_seen: bool = True
    lens: Lens = Lens.CLEAR
    emotion: str = "neutral"
    faces: int = 1


@dataclass(frozen=True, slots=True)
class Act:
    """From ``start`` until ``end`` the truth differs by ``changes``."""

    start: float
    end: float
    changes: dict[str, Any]


@dataclass
class Story:
    """What happens in a drive of ``seconds``: later acts go before earlier ones where they meet."""

    seconds: float
    usual: Truth = Truth()
    acts: list[Act] = field(default_factory=list)

    def during(self, start: float, end: float, **changes: Any) -> Story:
        """From ``start`` until ``end`` the truth has these values."""
        self.acts.append(Act(start, end, changes))
        return self

    def closed(self, start: float, end: float) -> Story:
        """Eyes shut."""
        return self.during(start, end, lids=0.0)

    def moving(self, start: float, end: float, name: str, *values: float, step_s: float = 0.04) -> Story:
        """An angle goes through ``values``, evenly in time and straight between them."""
        steps = max(int((end - start) / step_s), 1)
        for number in range(steps):
            place = (number + 0.5) / steps * (len(values) - 1)
            low = min(int(place), len(values) - 2)
            value = values[low] + (place - low) * (values[low + 1] - values[low])
            begin = start + (end - start) * number / steps
            self.during(begin, start + (end - start) * (number + 1) / steps, **{name: value})
        return self

    def truths(self, times: Iterator[float]) -> Iterator[tuple[float, Truth]]:
        """The truth at rising times."""
        waiting = sorted(self.acts, key=attrgetter("start"))[::-1]
        active: list[Act] = []
        truth, until = self.usual, float("-inf")
        for at in times:
            if at >= until:
                while waiting and waiting[-1].start <= at:
                    active.append(waiting.pop())
                active = [act for act in active if act.end > at]
                truth = self.usual
                if active:
                    truth = replace(truth, **{k: v for act in active for k, v in act.changes.items()})
                until = min((act.end for act in active), default=float("inf"))
                until = min(until, waiting[-1].start) if waiting else until
            yield at, truth


@dataclass(frozen=True, slots=True)
class Camera:
    """When frames arrive: ``jitter`` as a share of the interval to either side, ``loss`` as a share of frames."""

    fps: float = 15.0
    jitter: float = 0.0
    loss: float = 0.0

    def times(self, seconds: float, random: Random, start: float = 0.0) -> Iterator[float]:
        """The times of the frames that arrive."""
        interval, jitter = 1.0 / self.fps, min(self.jitter, 0.49) / self.fps
        for number in range(int(seconds * self.fps)):
            if self.loss and random.random() < self.loss:
                continue
            yield start + number * interval + (random.uniform(-jitter, jitter) if jitter else 0.0)


@dataclass(frozen=True, slots=True)
class Driver:
    """Who drives, and from where the camera looks.

    ``openness`` is what perception reads from the wide open eye; ``yaw`` and ``pitch`` where straight
    ahead is for the camera. ``hidden_deg`` is how far from it a head turns before its eyes are hidden.
    ``fooled``, where given, is (threshold, slope) of a network that judges by absolute openness and
    takes narrow eyes for closed. ``network`` is the eye network before them, None an ideal one.
    """

    openness: float = 0.8
    yaw: float = 0.0
    pitch: float = 0.0
    hidden_deg: float = 35.0
    fooled: tuple[float, float] | None = None
    network: Network | None = None

    def closed(self, openness: float, shut: bool) -> float:
        """The network's probability that eyes of this openness are closed."""
        if self.fooled is None:
            return SURE if shut else UNSURE
        threshold, slope = self.fooled
        return 1.0 / (1.0 + exp(-min(max((threshold - openness) / slope, -30.0), 30.0)))


class Perceiver:
    """Makes of each truth the signals that perception would give, with its errors."""

    def __init__(self, driver: Driver, noise: Noise, random: Random) -> None:
        self._driver, self._noise, self._random = driver, noise, random
        bursts = (noise.false_closed, noise.false_open, noise.unknown, noise.mouth, noise.lost, noise.pose)
        processes = [Bursts(burst, random) for burst in bursts]
        self._false_closed, self._false_open, self._unknown, self._mouth, self._lost, self._pose = processes
        self._yaw = self._pitch = 0.0
        self._at = 0.0
        self._lid_share, self._unjudged_share = Wandering(random), Wandering(random)
        own, smiles, yawns = (random.gauss(*among) for among in (MOUTH, SMILES, YAWNS))
        self._mouth_widths = own, own * smiles, own * yawns
        rest = 0.3 / (len(EMOTIONS) - 1)
        self._emotions = {name: {other: 0.7 if other == name else rest for other in EMOTIONS} for name in EMOTIONS}

    def signals(self, at: float, truth: Truth, number: int) -> Signals:
        """The signals of one frame."""
        faces = truth.faces if truth.face else truth.faces - 1
        if not truth.face or truth.lens is not Lens.CLEAR or self._lost(at):
            return Signals(at, number, faces=max(faces, 0), quality=QUALITY, lens=truth.lens)
        yaw, pitch = self._angles(at, truth)
        eyes = self._eyes(at, truth)
        gaze: tuple[float | None, float | None] = (None, None)
        if eyes.gaze_off is not None:
            gaze = (yaw + truth.gaze_yaw + eyes.gaze_off, pitch + truth.gaze_pitch + eyes.gaze_off)
        mouth = truth.mouth is not self._mouth(at)
        return Signals(
            at,
            number,
            face=FACE,
            faces=faces,
            eye_left=eyes.openness,
            eye_right=None if truth.hand == "eye" else eyes.openness,
            eyes_closed=eyes.closed,
            eyes_lowered=eyes.lowered,
            eyes_narrowed=eyes.narrowed,
            gaze_yaw=gaze[0],
            gaze_pitch=gaze[1],
            mouth_open=None if truth.hand == "mouth" else SURE if mouth else UNSURE,
            mouth_width=None if truth.hand == "mouth" else self._mouth_width(truth),
            yaw=yaw,
            pitch=pitch,
            roll=truth.roll,
            emotions=self._emotions[truth.emotion],
            quality=QUALITY,
        )

    def _mouth_width(self, truth: Truth) -> float:
        shut, smiling, yawning = self._mouth_widths
        width = smiling if truth.emotion == "happy" else yawning if truth.mouth else shut
        return width * (1 + self._random.gauss(0.0, MOUTH_SPREAD))

    def _angles(self, at: float, truth: Truth) -> tuple[float, float]:
        driver, noise = self._driver, self._noise
        yaw, pitch = truth.yaw + driver.yaw, truth.pitch + driver.pitch
        if noise.angle_spread_deg:
            keep = exp(-(at - self._at) / noise.angle_s)
            fresh = noise.angle_spread_deg * sqrt(max(1.0 - keep * keep, 0.0))
            self._yaw = keep * self._yaw + self._random.gauss(0.0, fresh)
            self._pitch = keep * self._pitch + self._random.gauss(0.0, fresh)
            self._at = at
            yaw, pitch = yaw + self._yaw, pitch + self._pitch
        if self._pose(at):
            yaw += noise.pose_error_deg
        return yaw, pitch

    def _eyes(self, at: float, truth: Truth) -> _Eyes:
        driver, noise = self._driver, self._noise
        if not truth.eyes_seen or abs(truth.yaw) > driver.hidden_deg or self._unknown(at):
            return _UNSEEN
        if driver.network is not None:
            return self._measured(at, truth, driver.network)
        kept = truth.lids
        shut = kept <= 0.2
        if (self._false_open if shut else self._false_closed)(at):
            shut, kept = not shut, 1.0 if shut else 0.0
        # What is drawn as open a fifth is shut by the meaning of PERCLOS, whatever else narrows it.
        opening = min(lids(kept, truth.gaze_pitch, truth.squint).opening, 1.0)
        openness = SHUT + opening * (driver.openness - SHUT)
        if noise.openness_spread:
            openness = min(max(openness + self._random.gauss(0.0, noise.openness_spread), 0.0), 1.0)
        closed = driver.closed(openness, shut)
        if noise.probability_spread:
            closed = min(max(closed + self._random.gauss(0.0, noise.probability_spread), 0.0), 1.0)
        if driver.fooled:  # it knows no other names than open and shut
            return _Eyes(openness, closed, None, None, None if shut else 0.0)
        seen = lid_state(1.0 if kept > 0.2 else kept, truth.gaze_pitch, truth.squint)
        rest = 1.0 - closed
        lowered, narrowed = (0.94 * rest if seen == name else 0.03 * rest for name in ("lowered", "narrowed"))
        return _Eyes(openness, closed, lowered, narrowed, None if shut else 0.0)

    def _measured(self, at: float, truth: Truth, network: Network) -> _Eyes:
        """What a measured network says; openness is this driver's share of what it says of the average eye."""
        share, unjudged = self._lid_share(at), self._unjudged_share(at)
        reading = network.reading(state(truth.lids, truth.gaze_pitch, truth.squint), truth.pitch)
        if unjudged >= reading.judged:
            return _UNSEEN
        told = reading.at(share)
        narrow = self._driver.openness / max(network.reading("wide", 0.0).at(0.5).openness, 0.1)
        openness = min(told.openness * min(narrow, 1.2), 1.0)
        return _Eyes(openness, told.closed, told.lowered, told.narrowed, told.gaze_off)


class _Eyes(NamedTuple):
    """The eye signals of one frame; ``gaze_off`` is the error of the direction, None where it is not told."""

    openness: float | None = None
    closed: float | None = None
    lowered: float | None = None
    narrowed: float | None = None
    gaze_off: float | None = None


_UNSEEN = _Eyes()


def signals(
    story: Story,
    camera: Camera = Camera(),
    noise: Noise = CLEAN,
    driver: Driver = Driver(),
    seed: int = 0,
    start: float = 0.0,
) -> Iterator[Signals]:
    """The signals of a story from ``start`` on, frame by frame."""
    random = Random(seed)
    perceiver = Perceiver(driver, noise, Random(seed + 1))
    for number, (at, truth) in enumerate(story.truths(camera.times(story.seconds - start, random, start))):
        yield perceiver.signals(at, truth, number)
