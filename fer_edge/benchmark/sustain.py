"""Over time: does it keep a camera's pace, and does its memory stay flat."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.benchmark.material import some_frames
from fer_edge.benchmark.speed import percentiles
from fer_edge.core import Frame
from fer_edge.monitoring import Monitor
from fer_edge.perception.reader import Perception
from fer_edge.pipeline import Pipeline
from fer_edge.service.health import rss_mb

if TYPE_CHECKING:
    from fer_edge.settings import Settings

LOOP_FRAMES = 60
SOAK_FRAMES, SOAK_SAMPLES = 15, 500
"""Few of both: the frames held here and the notes taken of memory are memory, too."""


def keep_pace(settings: Settings, spec: str, seconds: float, fps: float) -> dict[str, Any]:
    """Frames due at ``fps`` for so long: how many were missed because the one before took too long."""
    shown = some_frames(settings, spec, LOOP_FRAMES)
    pipeline = Pipeline(Perception(settings), Monitor(settings))
    for number in range(10):
        pipeline.step(Frame(shown[number % len(shown)].image, -1 + number / 30, number))
    durations: list[float] = []
    missed = 0
    began, cpu, number = time.monotonic(), time.process_time(), 0
    while (due := began + number / fps) < began + seconds:
        now = time.monotonic()
        if now > due + 1 / fps:
            missed += 1
        else:
            time.sleep(max(0.0, due - now))
            before = time.perf_counter()
            pipeline.step(Frame(shown[number % len(shown)].image, due - began, number))
            durations.append(time.perf_counter() - before)
        number += 1
    spent = time.process_time() - cpu
    return {
        "fps": fps,
        "frames": number,
        "missed": missed,
        "cpu_percent": 100 * spent / (time.monotonic() - began),
        **percentiles(durations),
    }


def soak(settings: Settings, spec: str, minutes: float) -> dict[str, Any]:
    """Full speed for so long; resident memory all the while and its slope after the first fifth."""
    shown = some_frames(settings, spec, SOAK_FRAMES)
    pipeline = Pipeline(Perception(settings), Monitor(settings))
    began, number = time.monotonic(), 0
    every = max(0.5, 60 * minutes / SOAK_SAMPLES)
    samples: list[tuple[float, float]] = []
    while (now := time.monotonic() - began) < 60 * minutes:
        pipeline.step(Frame(shown[number % len(shown)].image, number / 30, number))
        number += 1
        if not samples or now - samples[-1][0] >= every:
            samples.append((now, rss_mb() or 0.0))
    gc.collect()
    warm = [sample for sample in samples if sample[0] >= 12 * minutes] or samples
    hours, megabytes = np.array([(at / 3600, size) for at, size in warm]).T
    slope = float(np.polyfit(hours, megabytes, 1)[0]) if len(warm) > 2 else 0.0
    return {
        "minutes": minutes,
        "frames": number,
        "memory_mb": {"first": samples[0][1], "warm": float(megabytes[0]), "last": samples[-1][1]},
        "slope_mb_per_hour": slope,
    }
