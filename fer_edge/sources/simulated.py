"""The simulated driver: ``sim:SCRIPT`` in place of a camera, with the truth of every frame."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2

from fer_edge.core import Frame
from fer_edge.errors import EndOfSource, SourceLost, SourceUnavailable
from fer_edge.lids import LidState, lid_state, lids
from fer_edge.sources.freshness import Freshness
from fer_edge.sources.orient import Orient
from fer_edge.sources.sim.script import load_script
from fer_edge.sources.sim.states import Pose
from fer_edge.sources.sim.timeline import Timeline

if TYPE_CHECKING:
    from fer_edge.core import Image
    from fer_edge.settings import CameraSettings
    from fer_edge.sources.live import Clock
    from fer_edge.sources.sim.scene import Scene


@dataclass(frozen=True, slots=True)
class Truth:
    """What a frame really shows; ``pose`` has every value (see :class:`Pose` for units and ranges)."""

    at: float
    pose: Pose
    frozen: bool
    unplugged: bool

    @property
    def openness(self) -> float:
        """Mean opening of both eyes against their rest: 0 shut to 1, more in a look up.

        Lids lowered by a look down, or narrowed by a squint, are as far open as they are.
        """
        return sum(lids(eye, self.pose.gaze_pitch, self.pose.squint).opening for eye in self._eyes) / 2

    @property
    def lid_states(self) -> tuple[LidState, LidState]:
        """What the person's right and left eye are: open, lowered, narrowed or shut."""
        right, left = (lid_state(eye, self.pose.gaze_pitch, self.pose.squint) for eye in self._eyes)
        return right, left

    @property
    def gaze(self) -> tuple[float, float]:
        """Where the driver looks: yaw and pitch of head and eyes together, degrees from the car's straight ahead."""
        return self.pose.yaw + self.pose.gaze_yaw, self.pose.pitch + self.pose.gaze_pitch

    @property
    def _eyes(self) -> tuple[float, float]:
        return self.pose.eye_right, self.pose.eye_left

    @property
    def eyes_closed(self) -> bool:
        """Both lids at least 80 % shut, the meaning of closed in PERCLOS."""
        return max(self.pose.eye_left, self.pose.eye_right) <= 0.2

    @property
    def covered(self) -> bool:
        """A hand hides most of the view."""
        return self.pose.covered > 0.5

    @property
    def present(self) -> bool:
        """The driver is in the seat."""
        return self.pose.away < 0.5

    @property
    def faces(self) -> int:
        """How many people are in view, seen or not in that light."""
        return int(self.present) + int(self.pose.passenger > 0.5)


class SimulatedSource:
    """Plays a script. ``paced`` runs in real time like a camera, else frame after frame from 0 s.

    In real time it fails like a camera, too: ``frozen`` is found out after ``stall_s``,
    ``unplugged`` at once, and opening fails until the script says otherwise. The script's time
    goes on from the first :meth:`open`. Without pace ``unplugged`` frames are left out.
    """

    def __init__(
        self, script: str, camera: CameraSettings, clock: Clock, *, paced: bool, fps: float | None = None
    ) -> None:
        self.name = f"sim:{script}"
        self.live = paced
        self.fps = fps or camera.fps
        self.timeline = Timeline(load_script(script))
        self._repeat = paced and (camera.loop or self.timeline.script.repeat)
        self._size = (camera.width, camera.height)
        self._orient = Orient.of(camera)
        self._stall_s = camera.stall_s
        self._clock = clock
        self._scene: Scene | None = None
        self._start: float | None = None
        self._closed = threading.Event()
        self._tick = 0
        self._number = 0
        self._kept: Image | None = None
        self._freshness = Freshness()

    @property
    def frames(self) -> int | None:
        """How many frames there will be, None without end."""
        return None if self._repeat else round(self.timeline.script.length_s * self.fps)

    def truth(self, at: float) -> Truth:
        """What is to be seen ``at`` seconds after the script began."""
        when = self._script_time(at)
        cue = self.timeline.cue(when)
        return Truth(at, self.timeline.pose(when), cue.frozen, cue.unplugged)

    def truth_of(self, frame: Frame) -> Truth:
        """What that frame of this source shows."""
        return self.truth(frame.at - (self._start or 0.0))

    def open(self) -> None:
        """Load the face. Raises UnavailableError where its file cannot be read, SourceUnavailable when unplugged."""
        from fer_edge.sources.sim.scene import Scene

        self._closed.clear()
        if self._scene is None:
            self._scene = Scene(self.timeline.script.seed, self.timeline.script.looks)
        self._freshness = Freshness()
        if not self.live:
            self._start, self._tick, self._number, self._kept = 0.0, 0, 0, None
            return
        if self._start is None:
            self._start = self._clock()
        if self.truth(self._clock() - self._start).unplugged:
            raise SourceUnavailable(f"{self.name}: unplugged, as the script says; it comes back by itself")
        if self._kept is not None and self.truth(self._clock() - self._start).frozen:
            raise SourceUnavailable(f"{self.name}: still frozen, as the script says; it resumes by itself")
        self._tick = max(self._tick, int((self._clock() - self._start) * self.fps))

    def read(self) -> Frame:
        """The next frame. Raises EndOfSource at the script's end, SourceLost as a camera would."""
        if self._scene is None or self._start is None or self._closed.is_set():
            raise SourceLost(f"{self.name}: not open")
        truth = self._next_truth()
        image = self._kept if truth.frozen and self._kept is not None else self._draw(self._scene, truth)
        at = self._start + truth.at
        if self.live:
            self._wait_until(at)
            if truth.unplugged:
                raise SourceLost(f"{self.name}: unplugged, as the script says")
            if self._freshness.same_s(image, at) >= self._stall_s:
                raise SourceLost(f"{self.name}: frozen, the same picture for {self._stall_s:g} s")
        self._kept = image
        frame = Frame(self._orient(image), at, self._number)
        self._number += 1
        return frame

    def close(self) -> None:
        """Wake a reader that waits for the next frame's time."""
        self._closed.set()

    def _script_time(self, at: float) -> float:
        length = self.timeline.script.length_s
        return at % length if self._repeat and at >= length else at

    def _next_truth(self) -> Truth:
        while True:
            at = self._tick / self.fps
            if self.live and self._start is not None and self._clock() - self._start > at + 0.5:
                self._tick = int((self._clock() - self._start) * self.fps)  # too slow to draw them all
                at = self._tick / self.fps
            if not self._repeat and at >= self.timeline.script.length_s:
                raise EndOfSource(f"{self.name}: the script is over")
            self._tick += 1
            truth = self.truth(at)
            if self.live or not truth.unplugged:
                return truth

    def _draw(self, scene: Scene, truth: Truth) -> Image:
        image = scene.draw(truth.pose, self._tick)
        if (image.shape[1], image.shape[0]) != self._size:
            image = cv2.resize(image, self._size, interpolation=cv2.INTER_LINEAR)
        return image

    def _wait_until(self, at: float) -> None:
        late = self._clock() - at
        if late < 0:
            self._closed.wait(-late)
        if self._closed.is_set():
            raise SourceLost(f"{self.name}: closed while reading")
