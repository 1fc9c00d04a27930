"""OpenCV's capture behind the few calls a live source needs, without its chatter on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2

from fer_edge.errors import SourceLost

if TYPE_CHECKING:
    from fer_edge.core import Image


__all__ = ["CaptureDevice", "cv2"]


class CaptureDevice:
    """An open cv2.VideoCapture as a :class:`~fer_edge.sources.live.Device`."""

    def __init__(self, capture: cv2.VideoCapture, lost: str) -> None:
        self._capture = capture
        self._lost = lost
        self.about = _about(capture)

    def grab(self) -> Image:
        """The next picture. Raises SourceLost when the capture gives none: it never recovers."""
        try:
            ok, image = self._capture.read()
        except cv2.error as error:
            raise SourceLost(self._lost) from error
        if not ok or image.size == 0:
            raise SourceLost(self._lost)
        picture: Image = image
        return picture

    def interrupt(self) -> None:
        """Nothing interrupts OpenCV: its own time-outs end the wait."""

    def release(self) -> None:
        """Close the device."""
        self._capture.release()


def _about(capture: cv2.VideoCapture) -> str:
    code = int(capture.get(cv2.CAP_PROP_FOURCC))
    letters = code.to_bytes(4, "little", signed=code < 0).decode("ascii", "replace")
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    fps = capture.get(cv2.CAP_PROP_FPS)
    return f"{letters if letters.isalnum() else 'video'} {width:.0f}x{height:.0f} at {fps:g} fps"
