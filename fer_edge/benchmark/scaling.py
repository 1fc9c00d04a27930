"""How the cost of a frame grows: with the size of the picture, with faces in it, with the time remembered."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from fer_edge.benchmark.material import some_frames
from fer_edge.core import Frame
from fer_edge.monitoring import Monitor
from fer_edge.perception.reader import Perception
from fer_edge.pipeline import Pipeline

if TYPE_CHECKING:
    from fer_edge.core import Image, Signals
    from fer_edge.settings import Settings

SIZES = ((320, 240), (640, 480), (1280, 720), (1920, 1080))
FACES = (1, 2, 4, 6)
PROFILES = ("driver", "kiosk")
WINDOWS_S = (15.0, 60.0, 240.0)
LOOKS = 90
"""Frames measured for each point, at 30 a second: three seconds, so everything that runs now and then runs."""


def measure(settings: Settings, spec: str) -> dict[str, Any]:
    """CPU milliseconds a frame by resolution, by number of faces for both profiles, and by window length."""
    picture = some_frames(settings, spec, 1)[0].image
    return {
        "resolution": [
            {"width": w, "height": h, "cpu_ms_per_frame": _cost(settings, _fitted(picture, w, h))} for w, h in SIZES
        ],
        "faces": [
            {
                "faces": count,
                **{p: _cost(settings.model_copy(update={"profile": p}), _row(picture, count)) for p in PROFILES},
            }
            for count in FACES
        ],
        "window": [{"window_s": w, "monitoring_us": _monitoring_us(settings, picture, w)} for w in WINDOWS_S],
    }


def _fitted(picture: Image, width: int, height: int) -> Image:
    """The picture scaled to cover this size, its middle kept."""
    scale = max(width / picture.shape[1], height / picture.shape[0])
    size = (max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale)))
    large = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(large[top : top + height, left : left + width])


def _row(picture: Image, count: int) -> Image:
    """640 x 480 with the picture so many times in places of one size, so that only the number changes."""
    columns, rows = 3, 2
    part = _fitted(picture, 640 // columns, 480 // rows)
    canvas = np.zeros((480, 640, *picture.shape[2:]), np.uint8)
    for n in range(count):
        y, x = (n // columns) * part.shape[0], (n % columns) * part.shape[1]
        canvas[y : y + part.shape[0], x : x + part.shape[1]] = part
    return canvas


def _cost(settings: Settings, picture: Image) -> float:
    pipeline = Pipeline(Perception(settings), Monitor(settings))
    for number in range(10):
        pipeline.step(Frame(picture, number / 30, number))
    before = time.process_time()
    for number in range(10, 10 + LOOKS):
        pipeline.step(Frame(picture, number / 30, number))
    return 1000 * (time.process_time() - before) / LOOKS


def _monitoring_us(settings: Settings, picture: Image, window_s: float) -> float:
    """Microseconds of one step of the rules when their longest window is full."""
    drowsy = settings.monitoring.drowsy.model_copy(update={"window_s": window_s})
    monitoring = settings.monitoring.model_copy(update={"drowsy": drowsy})
    settings = settings.model_copy(update={"monitoring": monitoring})
    signals = Perception(settings).read(Frame(picture, 0.0, 0))
    monitor = Monitor(settings)
    filled, looks = int(window_s * 30), 1000
    steps = [_later(signals, number) for number in range(filled + looks)]
    for step in steps[:filled]:
        monitor.step(step)
    before = time.process_time()
    for step in steps[filled:]:
        monitor.step(step)
    return 1e6 * (time.process_time() - before) / looks


def _later(signals: Signals, number: int) -> Signals:
    return replace(signals, at=number / 30, number=number)
