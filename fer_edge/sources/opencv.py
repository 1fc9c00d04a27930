"""OpenCV's capture behind the few calls a live source needs, without its chatter on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2

from fer_edge.errors import SourceLost
from fer_edge.sources.picture import PACKED, Picture, is_packed, unpacked

if TYPE_CHECKING:
    from fer_edge.core import Image

__all__ = ["CaptureDevice", "code", "cv2", "is_motion_jpeg"]

_MOST_DAMAGED = 30
"""So many unreadable pictures in a row are no bad cable any more: the device is lost."""


class CaptureDevice:
    """An open cv2.VideoCapture as a :class:`~fer_edge.sources.live.Device`.

    ``packed`` says that it was asked for Motion-JPEG as it comes. A camera's driver that gives
    something else all the same is asked for colours instead.
    """

    def __init__(self, capture: cv2.VideoCapture, lost: str, *, packed: bool = False) -> None:
        self._capture = capture
        self._lost = lost
        self._packed = packed
        self.about = _about(capture)

    def grab(self) -> Picture:
        """The next picture. Raises SourceLost when the capture gives none: it never recovers."""
        for _ in range(_MOST_DAMAGED):
            data = self._read()
            if not self._packed:
                return Picture(data)
            if is_packed(data):
                if picture := unpacked(data):
                    return picture
            elif self._capture.getBackendName() == "V4L2":
                self._packed = not self._capture.set(cv2.CAP_PROP_CONVERT_RGB, 1)
        raise SourceLost(self._lost)

    def _read(self) -> Image:
        try:
            ok, data = self._capture.read()
        except cv2.error as error:
            raise SourceLost(self._lost) from error
        if not ok or data.size == 0:
            raise SourceLost(self._lost)
        read: Image = data
        return read

    def interrupt(self) -> None:
        """Nothing interrupts OpenCV: its own time-outs end the wait."""

    def release(self) -> None:
        """Close the device."""
        self._capture.release()


def is_motion_jpeg(capture: cv2.VideoCapture) -> bool:
    """Whether its pictures come packed as JPEG."""
    return code(capture).lower() in PACKED


def code(capture: cv2.VideoCapture) -> str:
    """The four letters of its format, such as ``MJPG``."""
    number = int(capture.get(cv2.CAP_PROP_FOURCC))
    return number.to_bytes(4, "little", signed=number < 0).decode("ascii", "replace")


def _about(capture: cv2.VideoCapture) -> str:
    letters = code(capture)
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    fps = capture.get(cv2.CAP_PROP_FPS)
    return f"{letters if letters.isalnum() else 'video'} {width:.0f}x{height:.0f} at {fps:g} fps"
