"""What people read in place of codes: one table for page, reports, annotated videos and ``fer-edge watch``.

Topics, files and ``--json`` keep the codes. A code without words is shown as it is, its underscores as blanks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer_edge.core import EVENT_TYPES

EVENTS: Mapping[str, str] = {name: kind.title for name, kind in EVENT_TYPES.items()}
LEVELS: Mapping[str, str] = {
    "none": "none",
    "info": "info",
    "advisory": "advisory",
    "warning": "warning",
    "critical": "alarm",
}
LOOKING: Mapping[str, str] = {
    "ahead": "ahead",
    "down": "down",
    "up": "up",
    "left": "to the left",
    "right": "to the right",
}
AIM: Mapping[str, str] = {
    "fine": "Well aimed",
    "nobody": "No face: point the camera at the driver",
    "covered": "Too dark or covered: uncover the lens, or switch on a light or the infrared lamp",
    "rotated": "Picture on its side: rotate the camera, or set camera.rotation",
    "edge": "Face cut off: move the camera until all of it is in view",
    "far": "Too far: move the camera closer, or use a longer lens",
    "close": "Too close: move the camera back, or use a wider lens",
    "dark": "Face too dark: add light, or an infrared lamp",
    "glare": "Glare on the face or the lens: shade it, or move the lamp",
    "blurred": "Blurred: focus or clean the lens, and fix the camera firmly",
    "turned": "Too far to one side: mount the camera closer to the driver's line of sight",
}
"""What to do about each word of :func:`fer_edge.monitoring.aim.aim`."""
_BEGAN: Mapping[str, str] = {
    "covered": "lens covered",
    "dark": "too dark",
    "eyes": "eyes not visible",
    "rotated": "camera on its side",
    "lids_down": "eyelids down too long",
    "slump": "head slumped",
    "distracted": "looked away without responding",
    "long": "one long look away",
    "shared": "repeated looks away",
    "drop": "head dropped",
    "jerk": "head jerked up",
}
_ENDED: Mapping[str, str] = {
    "asleep": "fell asleep",
    "unresponsive": "became unresponsive",
    "person": "another face appeared",
    "upright": "sitting upright, eyes not visible",
    "slow": "vehicle slowed down",
    "unjudged": "no longer visible",
    "absent": "no longer in view",
    "gap": "no frames arrived",
    "clock": "clock was set back",
    "paused": "monitoring paused",
    "stopped": "node was stopped",
    "reloaded": "settings changed",
    "end_of_source": "recording ended",
    "aborted": "node was switched off",
}
REASONS: Mapping[str, str] = {**_BEGAN, **{code: f"ended: {words}" for code, words in _ENDED.items()}}


def event_type(code: str) -> str:
    """An event's type, for example ``Nodding off``."""
    return EVENTS.get(code) or _plain(code)


def level(code: str) -> str:
    """How urgent it is, for example ``alarm``."""
    return LEVELS.get(code) or _plain(code)


def reason(code: str) -> str:
    """Why an event began, or why it ended otherwise than by its own rule."""
    return REASONS.get(code) or _plain(code)


def looking(code: str) -> str:
    """Where the driver looks; left is the driver's own."""
    return LOOKING.get(code) or _plain(code)


def details(known: Mapping[str, Any]) -> str:
    """What else an event says, in one line: expression, person, where the driver looked, why. Empty without any."""
    parts = []
    if known.get("emotion") is not None:
        parts.append(str(known["emotion"]))
    if known.get("person") is not None:
        parts.append(f"person {known['person']}")
    if known.get("looking") not in (None, "ahead"):
        parts.append(f"looked {looking(str(known['looking']))}")
    if known.get("reason") is not None:
        parts.append(reason(str(known["reason"])))
    return ", ".join(parts)


def table() -> Mapping[str, Mapping[str, str]]:
    """All of them by kind, for the live page."""
    return {"events": EVENTS, "reasons": REASONS, "levels": LEVELS, "looking": LOOKING, "aims": AIM}


def _plain(code: str) -> str:
    return code.replace("_", " ")
