"""What the whole product says of a clip, frame by frame, beside what YuNet finds and how heads were marked to turn."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from convert.errors import DataError
from convert.seeing.altered import Alteration
from fer_edge.core import Frame
from fer_edge.monitoring import Monitor
from fer_edge.perception.faces import YuNet, make_finder
from fer_edge.perception.reader import Perception
from fer_edge.pipeline import Pipeline, Step, opened
from fer_edge.settings import Settings
from fer_edge.sources import make_source


@dataclass(frozen=True, slots=True)
class Watched:
    """The steps of a clip, the CPU time of one in ms, and the detector's overlap with YuNet's best face where asked."""

    steps: Sequence[Step]
    cpu_ms: float
    overlaps: Sequence[float]


def watch(path: Path, settings: Settings, yunet: YuNet | None = None, alter: Alteration | None = None) -> Watched:
    """What the whole product says of every frame of a clip, altered where asked. Raises DataError if none is there."""
    steps, overlaps, spent = [], [], 0.0
    pipeline, finder = Pipeline(Perception(settings), Monitor(settings)), make_finder(settings.perception)
    for frame in _frames(path, settings, alter):
        began = time.thread_time()
        steps.append(pipeline.step(frame))
        spent += time.thread_time() - began
        wanted = yunet.find(frame.image, frame.image) if yunet else []
        if wanted:
            found = finder.find(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), frame.image)
            overlaps.append(max((face.box.iou(wanted[0].box) for face in found), default=0.0))
    if not steps:
        raise DataError(f"{path}: no frame could be read")
    return Watched(steps, spent / len(steps) * 1e3, overlaps)


def _frames(path: Path, settings: Settings, alter: Alteration | None) -> Iterator[Frame]:
    with opened(make_source(str(path), settings.camera, paced=False)) as frames:
        for number, frame in enumerate(frames):
            image = alter(frame.image, number) if alter else frame.image
            if image is frame.image:
                yield frame
            elif image is not None:
                yield replace(frame, image=image, colour=None, jpeg=None)


def beside(seen: Watched, marks: Mapping[str, Any]) -> dict[str, Any]:
    """Time, faces beside YuNet's, and the head's yaw, pitch and roll: their medians, and in frames marked as turned."""
    told: dict[str, Any] = {"cpu_ms_per_frame": round(seen.cpu_ms, 2)}
    if seen.overlaps:
        told["where_yunet_does"] = round(float(np.mean(np.array(seen.overlaps) >= 0.5)), 4)
    angles = [(step.signals.yaw, step.signals.pitch, step.signals.roll) for step in seen.steps]
    heads = np.array([[np.nan if v is None else v for v in angle] for angle in angles], float)
    if np.isnan(heads).all():
        return told
    numbers, middle = np.array([step.signals.number for step in seen.steps]), np.nanmedian(heads, axis=0)

    def marked(pair: Sequence[int]) -> np.ndarray:
        return heads[(numbers >= pair[0]) & (numbers <= pair[1])]

    told["head_median"] = np.round(middle, 1).tolist()
    for key in ("head_up", "head_down"):
        for pair in marks.get(key, []):
            told[key] = round(float(np.nanmedian(marked(pair)[:, 1]) - middle[1]), 1)
    for key, column in (("head_turned", 0), ("head_rolled", 2)):
        for pair in marks.get(key, []):
            told[key] = np.round(np.nanpercentile(marked(pair)[:, column], [2, 98]), 1).tolist()
    return told


def runs(values: Sequence[float | None]) -> list[tuple[int, int]]:
    """First and last frame of every stretch of values over one half, unfiltered; one odd frame is bridged."""
    yes = np.flatnonzero([value is not None and value >= 0.5 for value in values])
    if not yes.size:
        return []
    breaks = np.flatnonzero(np.diff(yes) > 2)
    return [(int(a), int(b)) for a, b in zip(yes[np.r_[0, breaks + 1]], yes[np.r_[breaks, yes.size - 1]], strict=True)]
