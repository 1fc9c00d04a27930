"""What is seen, and what sees it: camera and models."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.addresses import without_credentials
from fer_edge.commands.checkup.finding import Finding, fault
from fer_edge.commands.checkup.machine import service_active
from fer_edge.errors import FerEdgeError
from fer_edge.settings import Settings

if TYPE_CHECKING:
    from fer_edge.core import Frame, Image

CAMERA_S = 2.0
"""How long frames are counted, seconds."""
PATIENCE_S = 12.0
"""A camera without a first frame, or a driver that does not return, is given up after so long, seconds."""
LOOKS = 4
"""Pictures of these two seconds that are looked at, besides the first."""
SLOW = 0.8
"""A camera that gives a smaller share of the frames asked for is worth a word."""


def camera(settings: Settings) -> Iterator[Finding]:
    """The configured source opens, and how many frames a second it really gives."""
    from fer_edge.sources import cameras

    found = cameras()
    yield Finding("cameras here", "ok", ", ".join(found) if found else "no /dev/video* found")
    source = without_credentials(settings.camera.source)
    try:
        seen = _seen(settings)
    except FerEdgeError as error:
        if "busy" in str(error) and service_active():
            yield Finding("camera", "ok", f"{source}: in use by the running service")
        elif "no such camera" in str(error) and not found:  # nor any that could be chosen instead
            yield Finding(
                "camera",
                "fail",
                f"{source}: no camera found",
                "plug one in, or set camera.source (csi:0, a stream, sim:demo)",
            )
        else:
            yield fault("camera", error)
        return
    yield _rate(settings, seen)
    from fer_edge.core import Lens
    from fer_edge.perception import quality

    if quality.lens(seen.pictures[-1]) is not Lens.CLEAR:
        yield Finding(
            "picture", "warn", f"{source}: dark or covered", "uncover the lens, turn on a light or the infrared lamp"
        )
    from fer_edge.perception.mounting import turn_of

    if turn := turn_of(seen.pictures, settings.perception):
        rotation = (settings.camera.rotation + (-turn if settings.camera.mirror else turn)) % 360
        lies = "is upside down" if turn == 180 else "lies on its side"
        yield Finding("picture", "warn", f"{source}: the face {lies}", f"set camera.rotation: {rotation}")


@dataclass
class _Seen:
    """The times of all frames and a few of their pictures, grey: two seconds of 4K in colour are 1.5 GB."""

    times: list[float] = field(default_factory=list)
    pictures: list[Image] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return self.times[-1] - self.times[0] if self.times else 0.0

    def take(self, frame: Frame) -> None:
        self.times.append(frame.at)
        if self.seconds >= len(self.pictures) * CAMERA_S / LOOKS:
            self.pictures.append(_grey(frame))


def _seen(settings: Settings) -> _Seen:
    """What comes in about 2 s; at least one frame. Raises FerEdgeError; also for a driver that hangs."""
    from fer_edge.errors import SourceUnavailable
    from fer_edge.sources import make_source

    source = make_source(settings.camera.source, settings.camera, paced=True)
    seen = _Seen()
    faults: list[FerEdgeError] = []

    def read() -> None:
        try:
            source.open()
            while not seen.times or seen.seconds < CAMERA_S:
                seen.take(source.read())
        except FerEdgeError as error:
            faults.append(error)
        finally:
            source.close()

    # In a thread of its own: a call that hangs in a driver cannot be ended.
    reader = threading.Thread(target=read, name="doctor's camera", daemon=True)
    reader.start()
    reader.join(PATIENCE_S)
    if seen.pictures:
        return _Seen(list(seen.times), list(seen.pictures))
    if faults:
        raise faults[0]
    raise SourceUnavailable(f"{source.name}: no frame in {PATIENCE_S:.0f} s; unplug it and reconnect it")


def _rate(settings: Settings, seen: _Seen) -> Finding:
    height, width = seen.pictures[-1].shape
    rate = (len(seen.times) - 1) / seen.seconds if seen.seconds > 0 else 0.0
    says = f"{without_credentials(settings.camera.source)}: {width} x {height}, {rate:.1f} frames/s"
    wanted = settings.camera.fps
    # The rate of a file is its own: no light and no setting changes it.
    recorded = settings.camera.source.startswith("sim:") or Path(settings.camera.source).is_file()
    if rate >= SLOW * wanted or recorded:
        return Finding("camera", "ok", says)
    return Finding(
        "camera",
        "warn",
        f"{says}, {wanted:g} requested",
        "try more light, camera.pixel_format: MJPG, or a smaller picture",
    )


def _grey(frame: Frame) -> Image:
    import cv2

    return frame.image if frame.image.ndim == 2 else cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)


def models(settings: Settings) -> Iterator[Finding]:
    """Every model loads, matches its card's hash, and runs in which interpreter."""
    from fer_edge.perception.reader import Perception

    try:
        loaded = Perception(settings).models
    except FerEdgeError as error:
        yield fault("models", error)
        return
    names = ", ".join(f"{model.name} {str(model.card.get('sha256') or 'no hash')[:8]}" for model in loaded)
    yield Finding("models", "ok", names or "none needed")
    yield Finding("runtime", "ok", ", ".join(sorted({model.runtime for model in loaded})) or "none needed")
