"""From the words of a user to a source: ``0``, ``/dev/v4l/by-id/…``, ``csi:0``, a file, a stream, ``sim:demo``."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.addresses import without_credentials
from fer_edge.errors import UsageError
from fer_edge.settings.camera import NO_SOURCE, SOURCES
from fer_edge.sources.live import Limits, LiveSource
from fer_edge.sources.orient import Orient

if TYPE_CHECKING:
    from fer_edge.core import Source
    from fer_edge.settings import CameraSettings
    from fer_edge.sources.live import Clock


def make_source(
    spec: str,
    camera: CameraSettings,
    *,
    paced: bool,
    clock: Clock = time.monotonic,
    fps: float | None = None,
) -> Source:
    """The source that ``spec`` names; nothing is opened yet.

    With ``paced`` a file or the simulated driver runs in real time, stamped by ``clock``
    (seconds, monotonic); without, its frames come as fast as they are read, with the file's own
    times from 0 and once, whatever ``camera.loop`` says. ``fps`` overrides a file's frame rate.
    Raises UsageError for a ``spec`` that is none of the forms.
    """
    limits = Limits(stall_s=camera.stall_s)
    orient = Orient.of(camera)
    if spec.startswith("sim:"):
        from fer_edge.sources.simulated import SimulatedSource

        return SimulatedSource(spec.removeprefix("sim:"), camera, clock, paced=paced, fps=fps)
    if match := re.fullmatch(r"csi:(\d+)", spec):
        from fer_edge.sources.csi import csi_connector

        return LiveSource(spec, csi_connector(int(match[1]), camera), orient, limits, clock)
    if re.match(r"(rtsps?|https?)://[^/]", spec):
        from fer_edge.sources.stream import stream_connector

        return LiveSource(without_credentials(spec), stream_connector(spec, limits), orient, limits, clock)
    if spec == "auto" or re.fullmatch(r"\d{1,3}|/dev/.+", spec):
        from fer_edge.sources.camera import camera_connector

        return LiveSource(spec, camera_connector(spec, camera), orient, limits, clock)
    if not spec or NO_SOURCE.match(spec):
        raise UsageError(f"source {without_credentials(spec)!r}: unknown form; use {SOURCES}")
    from fer_edge.sources.video import VideoSource

    return VideoSource(Path(spec), orient, clock, paced=paced, loop=paced and camera.loop, fps=fps)
