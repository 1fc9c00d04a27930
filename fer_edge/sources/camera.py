"""Cameras of the kernel's Video4Linux: USB cameras, and what else has a /dev/video*."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.errors import SourceUnavailable
from fer_edge.sources.opencv import CaptureDevice, cv2, is_motion_jpeg

if TYPE_CHECKING:
    from fer_edge.settings import CameraSettings
    from fer_edge.sources.live import Device

BY_ID = Path("/dev/v4l/by-id")
DEV = Path("/dev")

# linux/videodev2.h: struct v4l2_capability is 104 bytes, struct v4l2_requestbuffers 20.
_QUERYCAP = 0x80685600
_REQBUFS = 0xC0145608
_CAPTURE = 0x00000001
_CAPTURE_PLANES = 0x00001000
_MMAP = 1
_BUSY = "busy: another program is using it; close that program (fuser -v shows it)"
_PI_DRIVERS = ("unicam", "bcm2835-unicam", "rp1-cfe", "bcm2835-isp", "pispbe")


def cameras() -> list[str]:
    """Paths of the cameras here, best name first kept: stable names by id, else /dev/video*.

    Of a camera's several nodes only the one that gives pictures is listed.
    """
    named = sorted(path for path in _entries(BY_ID) if path.name.endswith("-video-index0"))
    nodes = sorted(
        (path for path in _entries(DEV) if path.name.startswith("video") and path.name[5:].isdigit()),
        key=lambda path: int(path.name[5:]),
    )
    known = {path.resolve() for path in named}
    return [str(path) for path in [*named, *(node for node in nodes if node not in known)] if _gives_pictures(path)]


def camera_path(source: str) -> str:
    """The device of a camera number, a path or ``auto``. Raises SourceUnavailable without one."""
    if source.isdigit():
        return str(DEV / f"video{source}")
    if source != "auto":
        return source
    found = cameras()
    if not found:
        raise SourceUnavailable("auto: no camera found; connect one, or set a source (csi:0, a file, sim:demo)")
    return found[0]


def camera_connector(source: str, settings: CameraSettings) -> Callable[[], Device]:
    """What opens the camera when called. It raises SourceUnavailable with the reason."""

    def connect() -> Device:
        path = camera_path(source)
        check(path)
        capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
        if not capture.isOpened():
            raise SourceUnavailable(f"{path}: the driver cannot start it; unplug it and reconnect it")
        _ask_for(capture, settings)
        packed = is_motion_jpeg(capture) and capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
        return CaptureDevice(capture, f"{path}: no more pictures; unplugged, or its driver timed out", packed=packed)

    return connect


def check(path: str) -> None:
    """Say precisely why a camera cannot be used, which OpenCV does not. Raises SourceUnavailable."""
    try:
        device = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        raise SourceUnavailable(f"{path}: {_why_not_opened(error)}") from error
    try:
        driver, capabilities = _query(device)
        if driver in _PI_DRIVERS:
            raise SourceUnavailable(f"{path}: a Raspberry Pi CSI camera ({driver}); use source csi:0")
        if not capabilities & (_CAPTURE | _CAPTURE_PLANES):
            raise SourceUnavailable(f"{path}: delivers no pictures (secondary node of a camera); use its -video-index0")
        if _busy(device):
            raise SourceUnavailable(f"{path}: {_BUSY}")
    except OSError as error:
        raise SourceUnavailable(f"{path}: {_why_not_used(error)}") from error
    finally:
        os.close(device)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _gives_pictures(path: Path) -> bool:
    try:
        device = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        return error.errno in (errno.EACCES, errno.EPERM, errno.EBUSY)  # there, though not for us now
    try:
        driver, capabilities = _query(device)
    except OSError:
        return False
    finally:
        os.close(device)
    return driver not in _PI_DRIVERS and bool(capabilities & (_CAPTURE | _CAPTURE_PLANES))


def _query(device: int) -> tuple[str, int]:
    """The driver's name and what this node can do (``device_caps`` of VIDIOC_QUERYCAP)."""
    answer = bytearray(104)
    fcntl.ioctl(device, _QUERYCAP, answer)
    driver, _, _, _, _, capabilities = struct.unpack_from("=16s32s32sIII", answer)
    return driver.rstrip(b"\0").decode(errors="replace"), capabilities


def _busy(device: int) -> bool:
    """Whether another program has the buffers; a driver that cannot tell is taken as free."""
    try:
        fcntl.ioctl(device, _REQBUFS, bytearray(struct.pack("=5I", 0, 1, _MMAP, 0, 0)))
    except OSError as error:
        return error.errno == errno.EBUSY
    return False


def _ask_for(capture: cv2.VideoCapture, settings: CameraSettings) -> None:
    """Format before size before rate: a driver resets the later ones when an earlier one changes.

    MJPG is the first choice because USB 2 carries uncompressed 640x480 at 30 fps only just, and
    larger pictures not at all. A camera without it keeps its own format.
    """
    wanted = "MJPG" if settings.pixel_format == "auto" else settings.pixel_format
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*wanted))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
    capture.set(cv2.CAP_PROP_FPS, settings.fps)


def _why_not_opened(error: OSError) -> str:
    match error.errno:
        case errno.ENOENT | errno.ENXIO | errno.ENODEV:
            return "no such camera; plug it in, or choose one that `fer-edge doctor` lists"
        case errno.EACCES | errno.EPERM:
            return "no permission; add this user to the group video (sudo usermod -aG video $USER) and log in again"
        case errno.EBUSY:
            return _BUSY
    return f"cannot be opened ({(error.strerror or str(error)).lower()}); check the path"


def _why_not_used(error: OSError) -> str:
    match error.errno:
        case errno.ENOTTY | errno.EINVAL:
            return "not a camera; choose one that `fer-edge doctor` lists"
        case errno.ENODEV:
            return "the camera is no longer there; plug it in again"
    return f"does not answer ({(error.strerror or str(error)).lower()}); unplug it and reconnect it"
