"""What ``benchmark`` measures: the stages of a frame over a source at full speed."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.benchmark import models
from fer_edge.errors import UnavailableError
from fer_edge.monitoring import Monitor
from fer_edge.perception.reader import Perception
from fer_edge.pipeline import Pipeline, opened
from fer_edge.service.health import rss_mb
from fer_edge.sources import make_source
from fer_edge.timing import Stages

if TYPE_CHECKING:
    from fer_edge.core import Frame
    from fer_edge.settings import Settings

WARM_UP = 10
"""Frames taken before measuring: first inferences allocate and are slow."""

REST = "other"
"""What a frame takes between its stages."""


def measure(settings: Settings, spec: str, seconds: float) -> dict[str, Any]:
    """Run the pipeline over ``spec`` for so long, or to its end, and say where the time went."""
    stages = Stages()
    pipeline = Pipeline(Perception(settings, stages=stages), Monitor(settings), stages=stages)
    source = make_source(spec, settings.camera, paced=False)
    with opened(source) as stream:
        timed = _timed(stream, stages)
        opening = list(islice(timed, WARM_UP))
        if not opening:
            raise UnavailableError(f"{spec}: contains no frames; choose a different --source")
        for frame in opening:
            pipeline.step(frame)
        stages.each.clear()
        until = time.perf_counter() + seconds
        result = _run(pipeline, takewhile(lambda _: time.perf_counter() < until, _again(timed, opening)), stages)
    image = opening[0].image
    return {
        "machine": machine(),
        "source": source.name,
        "width": image.shape[1],
        "height": image.shape[0],
        "threads": settings.perception.threads,
        **result,
        "memory_mb": rss_mb(),
        **models.measure(
            pipeline.perception.models, threads=settings.perception.threads, runtime=settings.perception.runtime
        ),
    }


def _again(timed: Iterable[Frame], opening: list[Frame]) -> Iterable[Frame]:
    """The rest of the source; the frames of the warm-up once more where it was no longer than that."""
    rest = iter(timed)
    first = next(rest, None)
    return iter(opening) if first is None else chain([first], rest)


def _timed(stream: Iterable[Frame], stages: Stages) -> Iterable[Frame]:
    """The same frames, with the time that getting each one took."""
    stream = iter(stream)
    while True:
        with stages("capture"):
            frame = next(stream, None)
        if frame is None:
            return
        yield frame


def _run(pipeline: Pipeline, stream: Iterable[Frame], stages: Stages) -> dict[str, Any]:
    faces = count = 0
    steps: list[float] = []
    cpu = 0.0
    for frame in stream:
        wall_known, cpu_known = stages.spent()
        wall_before, cpu_before = time.perf_counter(), time.process_time()
        step = pipeline.step(frame)
        cpu_s, wall_s = time.process_time() - cpu_before, time.perf_counter() - wall_before
        cpu += cpu_s
        steps.append(wall_s)
        wall_told, cpu_told = stages.spent()
        stages.add(REST, wall_s - (wall_told - wall_known), cpu_s - (cpu_told - cpu_known))
        faces += step.signals.face is not None
        count += 1
    if not count:
        raise UnavailableError("no frame arrived in time; use a larger --seconds")
    return {
        "frames": count,
        "faces": faces / count,
        "fps": count / sum(steps),
        "cpu_ms_per_frame": 1000 * cpu / count,
        "sustains_fps": 1 / float(np.percentile(steps, 95)),
        "latency_ms": percentiles(steps),
        "stages": _stage_table(stages, count),
    }


def _stage_table(stages: Stages, frames_count: int) -> dict[str, dict[str, float]]:
    """Per stage, the rest last: share of the processor time, wall percentiles per call, CPU per frame."""
    total = stages.spent()[1] or 1.0
    return {
        name: {
            "share": stage.cpu_s / total,
            "calls": stage.calls,
            **percentiles(list(stage.newest)),
            "cpu_ms_per_frame": 1000 * stage.cpu_s / frames_count,
        }
        for name, stage in sorted(stages.each.items(), key=lambda one: one[0] == REST)
    }


def percentiles(seconds: list[float]) -> dict[str, float]:
    """p50, p95 and p99 of durations in seconds, as milliseconds."""
    if not seconds:
        raise UnavailableError("nothing was measured in time; use a larger --seconds")
    p50, p95, p99 = (float(v) for v in np.percentile(np.asarray(seconds) * 1000, (50, 95, 99)))
    return {"p50_ms": p50, "p95_ms": p95, "p99_ms": p99}


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    return {"processor": _processor(), "cores": os.cpu_count(), "system": platform.platform(terse=True)}


def _processor() -> str:
    """The processor's or the board's name, as the kernel knows it."""
    board = Path("/proc/device-tree/model")
    if board.exists():
        return board.read_text(errors="replace").strip("\0 \n")
    for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
