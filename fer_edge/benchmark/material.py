"""What is measured on: frames in memory, or a short clip of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import cv2

from fer_edge.errors import UnavailableError
from fer_edge.pipeline import opened
from fer_edge.sources import make_source

if TYPE_CHECKING:
    from fer_edge.core import Frame
    from fer_edge.settings import Settings

CLIP_S = 20.0
"""Length of a clip: long enough for a closure and an expression of the simulated driver."""


def some_frames(settings: Settings, spec: str, count: int) -> list[Frame]:
    """The first so many frames of a source, in memory."""
    with opened(make_source(spec, settings.camera, paced=False)) as frames:
        taken = list(islice(frames, count))
    if not taken:
        raise UnavailableError(f"{spec}: contains no frames; choose a different --source")
    return taken


@contextmanager
def clip(settings: Settings, spec: str, fps: float) -> Iterator[Path]:
    """A Motion-JPEG file of the source's first frames that plays at ``fps`` frames a second.

    So a measurement of the whole daemon has what a USB camera of that rate costs (decoding), and not
    what animating a simulated face costs.
    """
    with TemporaryDirectory(prefix="fer-edge-benchmark-") as folder:
        path = Path(folder) / "clip.avi"
        writer: cv2.VideoWriter | None = None
        try:
            with opened(make_source(spec, settings.camera, paced=False)) as frames:
                for image in (frame.image for frame in islice(frames, int(CLIP_S * fps))):
                    if writer is None:
                        size = (image.shape[1], image.shape[0])
                        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, size)
                    writer.write(image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
        finally:
            if writer is not None:
                writer.release()
        if writer is None:
            raise UnavailableError(f"{spec}: contains no frames; choose a different --source")
        yield path
