"""Side by side on the same frames: our pipeline, and the one that tutorials use."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import cv2

from fer_edge.benchmark.material import some_frames
from fer_edge.monitoring import Monitor
from fer_edge.perception.emotion import Expression
from fer_edge.perception.faces import Haar
from fer_edge.perception.reader import Perception
from fer_edge.perception.shape import box_region
from fer_edge.pipeline import Pipeline
from fer_edge.settings.perception import HaarDetector

if TYPE_CHECKING:
    from fer_edge.core import Frame
    from fer_edge.settings import Settings

COUNT = 120
"""Frames compared; in memory, so that decoding is in neither."""
USUAL = HaarDetector(scale_factor=1.1, min_neighbours=5, width=1920)
"""What the tutorials set: the whole picture, every frame, steps of 10 %, five neighbours."""


def measure(settings: Settings, spec: str) -> dict[str, Any]:
    """CPU a frame and faces found, ours and the usual way, taking turns frame by frame.

    The usual way reads the expression of every face in every frame. It is given our int8 network
    for that, which is faster than the float models it comes with: the ratio is rather too small.
    """
    shown = some_frames(settings, spec, COUNT)
    pipeline = Pipeline(Perception(settings), Monitor(settings))
    haar, expression = Haar(USUAL), Expression()
    faces = {"ours": 0, "usual": 0}

    def ours(frame: Frame) -> int:
        return pipeline.step(frame).signals.face is not None

    def usual(frame: Frame) -> int:
        grey = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY) if frame.image.ndim == 3 else frame.image
        found = haar.find(grey)
        for face in found:
            expression.read(grey, box_region(face.box))
        return bool(found)

    cpu_ms: dict[str, list[float]] = {"ours": [], "usual": []}
    sides: dict[str, Callable[[Frame], int]] = {"ours": ours, "usual": usual}
    for frame in shown:
        for name, side in sides.items():
            before = time.process_time()
            faces[name] += side(frame)
            cpu_ms[name].append(1000 * (time.process_time() - before))
    means = {name: sum(values) / len(values) for name, values in cpu_ms.items()}
    return {
        "frames": len(shown),
        **{name: {"cpu_ms_per_frame": means[name], "faces": faces[name] / len(shown)} for name in sides},
        "ratio": means["usual"] / means["ours"],
    }
