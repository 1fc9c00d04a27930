"""RTSP and HTTP streams through FFmpeg."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit, urlunsplit

from fer_edge.errors import SourceUnavailable
from fer_edge.sources.opencv import CaptureDevice, cv2, is_motion_jpeg

if TYPE_CHECKING:
    from fer_edge.sources.live import Device, Limits

_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


def without_secrets(url: str) -> str:
    """The address as it may be shown: user name and password cut out."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def stream_connector(url: str, limits: Limits) -> Callable[[], Device]:
    """What opens the stream when called. It raises SourceUnavailable with the reason."""

    def connect() -> Device:
        shown = without_secrets(url)
        _reach(urlsplit(url), shown, limits.open_s)
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
                f"{shown}: the server answers but gives no video; check path, user name and password"
            )
        packed = is_motion_jpeg(capture) and capture.set(cv2.CAP_PROP_FORMAT, -1)
        return CaptureDevice(capture, f"{shown}: the stream ended or stalled", packed=packed)

    return connect


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
