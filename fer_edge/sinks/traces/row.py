"""One frame's signals as a row of numbers, and back: what the rules of fatigue and attention read, and nothing else.

No picture, no points of the face, no expression. Unknown is NaN in a row and null in a file.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from fer_edge.core import Box, Face, Lens, Quality, Signals

_SIGNALS = (
    *("eye_left", "eye_right", "eyes_closed", "eyes_lowered", "eyes_narrowed", "gaze_yaw", "gaze_pitch"),
    *("mouth_open", "yaw", "pitch", "roll", "mouth_width"),
)
_FACE = ("x", "y", "width", "height", "score", "track")
_QUALITY = ("brightness", "sharpness", "contrast", "saturated")
COLUMNS = ("at", "number", "faces", "lens", "rotated", "km_h", *_SIGNALS, *_FACE, *_QUALITY)
"""Names of the numbers of a row, in order; ``at`` in seconds of the frames' clock, ``lens`` by its place in ``Lens``,
``km_h`` the vehicle's speed where it is known."""

SINCE = frozenset({"mouth_width"})
"""Columns that files of older versions lack: nothing is known of them there."""

_PACKED = struct.Struct(f"<2d{len(COLUMNS) - 2}f")
_UNKNOWN = math.nan
_LENSES = list(Lens)


def pack(signals: Signals, km_h: float | None) -> bytes:
    """A row as bytes: 120 for a frame, so that minutes fit into a megabyte."""
    face, box, quality = signals.face, signals.face and signals.face.box, signals.quality
    values = (
        *(signals.faces, _LENSES.index(signals.lens), signals.rotated, km_h),
        *(getattr(signals, name) for name in _SIGNALS),
        *((box.x, box.y, box.width, box.height, face.score, face.track) if face and box else [None] * 6),
        *((getattr(quality, name) for name in _QUALITY) if quality else [None] * 4),
    )
    numbers = (_UNKNOWN if value is None else value for value in values)
    return _PACKED.pack(signals.at, signals.number, *numbers)


def unpack(row: bytes) -> tuple[float | None, ...]:
    """The numbers of a packed row in the order of :data:`COLUMNS`, None where unknown."""
    return tuple(None if math.isnan(value) else value for value in _PACKED.unpack(row))


def at(row: bytes) -> float:
    """When a packed row's frame was taken."""
    return float(_PACKED.unpack_from(row)[0])


def signals(values: Sequence[float | None]) -> Signals:
    """The signals of a row; unknown places become what an unknown signal is."""
    named = dict(zip(COLUMNS, values, strict=True))
    lens = named["lens"]
    read: dict[str, Any] = {name: named[name] for name in _SIGNALS}
    return Signals(
        at=named["at"] or 0.0,
        number=round(named["number"] or 0),
        face=_face(named),
        faces=round(named["faces"] or 0),
        lens=_LENSES[round(lens)] if lens is not None and 0 <= lens < len(_LENSES) else Lens.CLEAR,
        rotated=None if (turned := named["rotated"]) is None else round(turned),
        quality=_quality(named),
        **read,
    )


def _face(named: Mapping[str, float | None]) -> Face | None:
    left, top, width, height, score, track = (named[name] for name in _FACE)
    if left is None or top is None or width is None or height is None:
        return None
    return Face(Box(left, top, width, height), score or 0.0, track=None if track is None else round(track))


def _quality(named: Mapping[str, float | None]) -> Quality | None:
    brightness, sharpness, contrast, saturated = (named[name] for name in _QUALITY)
    if brightness is None or sharpness is None:
        return None
    return Quality(brightness, sharpness, contrast or 0.0, saturated or 0.0)
