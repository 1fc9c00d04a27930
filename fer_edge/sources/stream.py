"""RTSP and HTTP streams through FFmpeg."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from fer_edge.addresses import without_credentials
from fer_edge.errors import SourceUnavailable, UsageError
from fer_edge.sources.opencv import CaptureDevice, cv2, is_motion_jpeg

if TYPE_CHECKING:
    from fer_edge.sources.live import Device, Limits

_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


def stream_connector(url: str, limits: Limits) -> Callable[[], Device]:
    """What opens the stream when called. It raises SourceUnavailable with the reason.

    Raises UsageError for an address that is none.
    """
    shown, parts = without_credentials(url), _parts(url)

    def connect() -> Device:
        _reach(parts, shown, limits.open_s)
        capture = cv2.VideoCapture(
            url,
            cv2.CAP_FFMPEG,
            [
                *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(limits.open_s * 1000)),
                *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(limits.stall_s * 1000)),
            ],
        )
        if not capture.isOpened():
            raise SourceUnavailable(
                f"{shown}: the server responds but delivers no video; check path, user name and password"
            )
        packed = is_motion_jpeg(capture) and capture.set(cv2.CAP_PROP_FORMAT, -1)
        return CaptureDevice(capture, f"{shown}: the stream ended or stalled", packed=packed)

    return connect


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.hostname and parts.port != 0:
            return parts
    except ValueError:
        pass
    raise UsageError(f"source {without_credentials(url)}: not an address; write it like rtsp://host:554/path")


def _reach(parts: SplitResult, shown: str, timeout_s: float) -> None:
    """FFmpeg does not say why it failed, so ask the network first."""
    address = (parts.hostname or "", parts.port or _PORTS[parts.scheme])
    try:
        socket.create_connection(address, timeout=timeout_s).close()
    except OSError as error:
        reason = "no answer" if isinstance(error, TimeoutError) else (error.strerror or str(error)).lower()
        raise SourceUnavailable(
            f"{shown}: cannot reach {address[0]} port {address[1]} ({reason}); check the address and the network"
        ) from error
