"""Stories acted by the simulated head: pictures of what a drive's truth says, from where the camera is mounted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import exp
from typing import TYPE_CHECKING

from fer_edge.core import Frame, Lens
from fer_edge.sources.sim.looks import PHOTOGRAPH, STRANGERS, Looks, somebody
from fer_edge.sources.sim.scene import Scene
from fer_edge.sources.sim.states import RANGES, Pose

if TYPE_CHECKING:
    from fer_edge.monitoring.simulation import Camera, Story
    from fer_edge.monitoring.simulation.behaviours import Mounting
    from fer_edge.monitoring.simulation.story import Truth

from random import Random

QUICK_S = {"eye_left": 0.03, "eye_right": 0.03, "gaze_yaw": 0.02, "gaze_pitch": 0.02}
"""Time constants of lids and eyes, seconds; head, mouth, cheeks and hands take ``SLOW_S``."""
SLOW_S = 0.09
MOVED = ("eye_left", "eye_right", "mouth", "smile", "squint", "gaze_yaw", "gaze_pitch", "hand_mouth", "hand_eye")
TURNED = ("yaw", "pitch", "roll")


def looks_of(person: int, mounting: Mounting) -> Looks:
    """One of the drawn people, by day or before a night camera, with glasses or without.

    Raises ValueError for one whom a network may have learned from.
    """
    if person < STRANGERS:
        raise ValueError(f"drawn person {person} may be in training pictures; strangers begin at {STRANGERS}")
    looks = somebody(person)
    glasses, night = mounting.glasses, mounting.night
    return replace(
        looks,
        glasses="clear" if glasses else "none",
        glare=looks.glare if glasses else 0.0,
        infrared=night,
        side_light=0.0,
        skin=PHOTOGRAPH.skin if night else looks.skin,
        iris=(120.0, 120.0, 120.0) if night else looks.iris,
        white=PHOTOGRAPH.white if night else looks.white,
        pupil=45.0 if night else looks.pupil,
    )


def pose_of(truth: Truth, mounting: Mounting, at: float = 0.0) -> Pose:
    """The pose that shows a truth."""
    values = {
        "eye_left": truth.lids,
        "eye_right": truth.lids,
        "mouth": float(truth.mouth),
        "smile": float(truth.emotion == "happy"),
        "squint": truth.squint,
        "gaze_yaw": truth.gaze_yaw,
        "gaze_pitch": truth.gaze_pitch,
        "hand_mouth": float(truth.hand == "mouth"),
        "hand_eye": float(truth.hand == "eye"),
        "yaw": truth.yaw,
        "pitch": truth.pitch,
        "roll": truth.roll,
        "away": 0.0 if truth.face else 1.0,
        "light": 0.03 if truth.lens is Lens.DARK else 1.0,
    }
    held = {name: min(max(value, RANGES[name][0]), RANGES[name][1]) for name, value in values.items()}
    return Pose(
        **held, camera_yaw=mounting.yaw, camera_pitch=mounting.pitch, rub=8 * at, noise=4.0 if mounting.night else 2.0
    )


def frames(story: Story, camera: Camera, mounting: Mounting, person: int, seed: int = 0) -> Iterator[Frame]:
    """The pictures of a story, frame by frame, grey as a camera's luma is."""
    scene, random = Scene(seed, looks_of(person, mounting)), Random(seed)
    pose, last = Pose(camera_yaw=mounting.yaw, camera_pitch=mounting.pitch), 0.0
    for number, (at, truth) in enumerate(story.truths(camera.times(story.seconds, random))):
        pose = _towards(pose, pose_of(truth, mounting, at), at - last)
        last = at
        yield Frame(scene.draw(pose, number), at, number)


def _towards(pose: Pose, goal: Pose, dt: float) -> Pose:
    """``goal``, but nothing of the body jumps."""
    moved = {}
    for name in (*MOVED, *TURNED):
        now, then = getattr(pose, name), getattr(goal, name)
        moved[name] = then + (now - then) * exp(-max(dt, 0.0) / QUICK_S.get(name, SLOW_S))
        if abs(moved[name] - then) < 0.01:
            moved[name] = then
    return replace(goal, **moved)
