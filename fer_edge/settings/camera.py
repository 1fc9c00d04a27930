"""Settings of the picture: where it comes from and how it is turned."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from fer_edge.addresses import without_credentials
from fer_edge.settings.base import Section

FORMS = {
    "csi:N": r"csi:\d+\Z",
    "sim:SCRIPT": r"sim:",
    "an rtsp:// or http:// stream": r"(?:rtsps?|https?)://[^/]",
}
"""Sources that are named by how they begin; ``sources/choose.py`` makes them."""
SOURCES = f"a camera number (0), a /dev path, auto (the first camera), a video file, {', '.join(FORMS)}"
NO_SOURCE = re.compile(rf"[-+]\d+\Z|(?!{'|'.join(FORMS.values())})[A-Za-z0-9]+:(?!\\)")
"""How a source begins that is none of :data:`SOURCES`; a drive's letter (``C:\\``) begins a file."""

Fraction = Annotated[float, Field(ge=0, le=1)]


class CameraSettings(Section):
    """The camera, and how its picture is prepared."""

    source: str = Field(
        "0",
        min_length=1,
        description="camera number, /dev path (best /dev/v4l/by-id/…), auto, csi:N, "
        "video file, rtsp:// or http:// stream, sim:SCRIPT",
    )
    width: int = Field(640, ge=64, le=7680, description="picture width requested from the camera, pixels")
    height: int = Field(480, ge=48, le=4320, description="picture height requested from the camera, pixels")
    fps: float = Field(30.0, gt=0, le=240, description="frames per second requested from the camera")
    pixel_format: Literal["auto", "MJPG", "YUYV"] = Field(
        "auto", description="pixel format of a USB camera: auto (MJPG first), MJPG, YUYV"
    )
    rotation: Literal[0, 90, 180, 270] = Field(0, description="rotate the picture clockwise, degrees: 0, 90, 180, 270")
    mirror: bool = Field(False, description="flip left and right (for a camera that delivers a mirror image)")
    roi: tuple[Fraction, Fraction, Fraction, Fraction] = Field(
        (0.0, 0.0, 1.0, 1.0),
        description="part of the picture to use: left, top, width, height as fractions of it, after rotation",
    )
    stall_s: float = Field(
        2.0, gt=0, le=60, description="no frame, or the same picture, for this long means frozen, seconds"
    )
    reopen_s: tuple[float, float] = Field(
        (0.5, 10.0), description="wait before a lost camera is opened again: first and maximum, seconds"
    )
    loop: bool = Field(False, description="start a video file again at its end (fer-edge run)")

    @field_validator("roi")
    @classmethod
    def _roi_inside(cls, roi: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        left, top, width, height = roi
        if width <= 0 or height <= 0:
            raise ValueError("width and height must be more than 0")
        if left + width > 1 + 1e-9 or top + height > 1 + 1e-9:
            raise ValueError("left + width and top + height must be at most 1")
        return roi

    @field_validator("source", mode="before")
    @classmethod
    def _number_is_text(cls, source: object) -> object:
        """A camera number needs no quotes in YAML."""
        return str(source) if isinstance(source, int) and not isinstance(source, bool) else source

    @field_validator("source")
    @classmethod
    def _of_a_known_form(cls, source: str) -> str:
        if NO_SOURCE.match(source):
            raise ValueError(f"{without_credentials(source)!r} is not a known form of source; use {SOURCES}")
        return source

    @field_validator("reopen_s")
    @classmethod
    def _longest_last(cls, waits: tuple[float, float]) -> tuple[float, float]:
        # No thread can wait for ever, and a camera that is back should not have to wait for a day.
        if not 0 < waits[0] <= waits[1] <= 3600:
            raise ValueError("must be two waits above 0 and at most 3600, the first not longer than the second")
        return waits
