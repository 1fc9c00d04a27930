"""How well the camera is aimed at the driver: the first thing to set right, for the live page and ``fer-edge aim``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_edge.core import Lens

if TYPE_CHECKING:
    from fer_edge.core import Box, DriverState, Signals

FAR_PX = 80
"""Least height of a face in pixels of the camera's picture: an eye is then some 15 pixels wide."""
CLOSE_SHARE = 0.9
"""Most of the picture's height that a face may fill: a nod has to stay in view."""
DARK = 0.16
"""Least mean brightness of the face, 0 to 1."""
GLARE = 0.15
"""Most of the face that may be burnt out, 0 to 1."""
BLURRED = 0.15
"""Least sharpness of the face, 0 to 1."""
TURNED_DEG = 30.0
"""Most degrees between the driver's straight ahead and the camera."""


def aim(state: DriverState, signals: Signals, size: tuple[int, int] | None) -> str | None:
    """What to set right first, ``fine`` where nothing is, None without a picture.

    One of ``covered``, ``rotated``, ``nobody``, ``edge``, ``close``, ``far``, ``glare``, ``dark``, ``blurred``,
    ``turned``. ``size`` is width and height of the camera's picture in pixels where known; whoever
    shows it has the words for people.
    """
    if signals.number < 0:
        return None
    if signals.lens is not Lens.CLEAR:
        return "covered"
    if signals.rotated:
        return "rotated"
    if signals.face is None:
        return "nobody"
    return _place(signals.face.box, size) or _light(signals) or ("turned" if _turned(state, signals) else "fine")


def _place(box: Box, size: tuple[int, int] | None) -> str | None:
    if size is not None:
        width, height = size
        if box.height > CLOSE_SHARE * height:
            return "close"
        if box.x < 0 or box.y < 0 or box.x + box.width > width or box.y + box.height > height:
            return "edge"
    return "far" if box.height < FAR_PX else None


def _light(signals: Signals) -> str | None:
    quality = signals.quality
    if quality is None:
        return None
    if quality.saturated > GLARE:
        return "glare"
    if quality.brightness < DARK:
        return "dark"
    return "blurred" if quality.sharpness < BLURRED else None


def _turned(state: DriverState, signals: Signals) -> bool:
    """By what was learned as straight ahead; before that, by where the head points now."""
    learned = state.calibration
    known = learned.yaw is not None and learned.pitch is not None
    yaw, pitch = (learned.yaw, learned.pitch) if known else (signals.yaw, signals.pitch)
    return any(angle is not None and abs(angle) > TURNED_DEG for angle in (yaw, pitch))
