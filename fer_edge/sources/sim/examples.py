"""Pictures of drawn people with the truth of each eye, to train and test networks on.

    for example in examples(people=range(200), each=20):
        example.picture, example.right.state, example.right.openness, example.right.gaze_yaw

The pictures are whole frames, so that eyes can be cut out of them as they will be of a camera's. One
photograph lies under all of these faces: they teach lids, irises and light, not the variety of people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from fer_edge.lids import LidState, follows_as_seen, lid_state, lids
from fer_edge.sources.sim.head import seen_at
from fer_edge.sources.sim.looks import PHOTOGRAPH, Looks, somebody
from fer_edge.sources.sim.marks import LEFT_EYE, RIGHT_EYE, EyeMarks
from fer_edge.sources.sim.scene import Scene, pose_before_camera
from fer_edge.sources.sim.states import Pose

if TYPE_CHECKING:
    from fer_edge.core import Image

ACTS = ("open", "lowered", "narrowed", "shut", "drooping", "lowered and narrowed")
"""What is drawn, each equally often."""
DARK_GLASSES = 0.1
"""Share of people with dark glasses, whose eyes cannot be seen."""
BENT_DOWN = (-34.0, -8.0)
"""Pitch of heads that are bent down, as over a phone or in sleep."""


@dataclass(frozen=True, slots=True)
class EyeTruth:
    """One eye as it is seen: ``openness`` is the lids' opening against this eye at rest, 0 shut to 1 (wide: above).

    ``gaze_yaw`` and ``gaze_pitch`` are degrees against the face, positive to the person's own left and up: where
    the eye looks, also when it is shut. ``seen`` is False behind dark glasses or a hand. ``place`` is its iris when
    it looks straight ahead, pixels of the picture, to within 3.
    """

    state: LidState
    openness: float
    gaze_yaw: float
    gaze_pitch: float
    seen: bool
    place: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A (480, 640, 3) BGR picture, who is in it, and the truth."""

    picture: Image
    person: int
    looks: Looks
    pose: Pose
    right: EyeTruth
    left: EyeTruth


def examples(people: Iterable[int], each: int, seed: int = 0, bent: float = 0.0) -> Iterator[Example]:
    """``each`` pictures of every one of these people, the same for the same numbers; a share of them ``bent`` down.

    Split by ``people`` to keep faces apart.
    """
    for person in people:
        random = Random(f"examples {seed} {person}")
        looks = somebody(person)
        if random.random() < DARK_GLASSES:
            looks = replace(looks, glasses="dark", glare=random.uniform(0, 0.4))
        scene, noise = Scene(person, looks), random.choice((1.0, 2.0, 2.0, 4.0, 7.0))
        for number in range(each):
            pose = replace(acted(ACTS[number % len(ACTS)], random), noise=noise)
            if bent and random.random() < bent:
                pose = replace(pose, pitch=random.uniform(*BENT_DOWN))
            right, left = truth(pose, looks)
            yield Example(scene.draw(pose, number), person, looks, pose, right, left)


def truth(pose: Pose, looks: Looks = PHOTOGRAPH) -> tuple[EyeTruth, EyeTruth]:
    """What the person's right and left eye are and do in a pose."""
    seen = looks.glasses != "dark"
    return (
        _eye(pose.eye_right, pose, looks, seen and pose.hand_eye < 0.5, RIGHT_EYE),
        _eye(pose.eye_left, pose, looks, seen, LEFT_EYE),
    )


def acted(act: str, random: Random) -> Pose:
    """A pose in which the eyes do what ``act`` (one of :data:`ACTS`) says, everything else at random."""
    openness = random.uniform(0.82, 1.0)
    squint = random.choice((0.0, random.uniform(0, 0.2)))
    gaze_yaw, gaze_pitch = random.gauss(0, 14), random.uniform(-10, 16)
    smile = random.choice((0.0, 0.0, random.uniform(0, 1)))
    match act:
        case "lowered":
            gaze_yaw, gaze_pitch = random.gauss(0, 10), random.uniform(-45, -14)
        case "narrowed":
            squint, smile = random.uniform(0.45, 1), random.choice((0.0, random.uniform(0.4, 1)))
        case "lowered and narrowed":
            gaze_pitch, squint = random.uniform(-34, -14), random.uniform(0.3, 0.65)
        case "shut":
            openness, squint = random.choice((0.0, 0.0, random.uniform(0, 0.08))), random.choice((0.0, squint, 0.6))
        case "drooping":
            openness, gaze_pitch = random.uniform(0.15, 0.8), random.uniform(-10, 5)
    other = openness
    if random.random() < 0.05:  # a wink
        other = random.choice((0.0, 1.0))
    return Pose(
        eye_left=openness,
        eye_right=other,
        squint=squint,
        smile=smile,
        mouth=random.choice((0.0, 0.0, random.uniform(0, 1))),
        gaze_yaw=_within(gaze_yaw, -38, 38),
        gaze_pitch=gaze_pitch,
        yaw=_within(random.gauss(0, 15), -38, 38),
        pitch=_within(random.gauss(-4, 10), -30, 18),
        roll=_within(random.gauss(0, 6), -20, 20),
        light=random.choice((1.0, 1.0, random.uniform(0.25, 1.3))),
        hand_eye=1.0 if random.random() < 0.03 else 0.0,
        hand_mouth=1.0 if random.random() < 0.05 else 0.0,
    )


def _eye(openness: float, pose: Pose, looks: Looks, seen: bool, marks: EyeMarks) -> EyeTruth:
    before_camera = pose_before_camera(pose)
    x, y = seen_at(marks.iris, before_camera)
    follows = follows_as_seen(looks.follows, before_camera.pitch)
    return EyeTruth(
        lid_state(openness, pose.gaze_pitch, pose.squint, follows),
        lids(openness, pose.gaze_pitch, pose.squint, follows).opening,
        pose.gaze_yaw,
        pose.gaze_pitch,
        seen,
        (320 + (x - 320) * looks.narrow, y),
    )


def _within(value: float, least: float, most: float) -> float:
    return min(max(value, least), most)
