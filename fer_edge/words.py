"""What people read in place of the payloads' words: one table for the page, reports, drawings and explanations."""

from __future__ import annotations

TYPES = {
    "microsleep": "Microsleep",
    "sleep": "Asleep",
    "unresponsive": "Unresponsive",
    "drowsy": "Drowsy",
    "yawn": "Yawning",
    "nod": "Nodding off",
    "distracted": "Distracted",
    "absent": "No driver",
    "view_degraded": "View degraded",
    "emotion": "Expression",
    "present": "In view",
}
"""Types of events."""

REASONS = {
    "covered": "lens covered",
    "dark": "too dark",
    "eyes": "eyes not visible",
    "rotated": "the picture is turned on its side",
    "lids_down": "lids down too long",
    "asleep": "ended: went on as sleep",
    "person": "ended: another face is there",
    "slump": "the head sank",
    "distracted": "looked away until it counted as no answer",
    "long": "looked away in one go",
    "shared": "looked away again and again",
    "drop": "the head fell",
    "jerk": "the head jerked up",
    "upright": "ended: sits upright, eyes not visible",
    "unresponsive": "went on as unresponsive",
    "slow": "ended: the car is slow",
    "unjudged": "ended: could no longer be seen",
    "absent": "ended: nobody there",
    "gap": "ended: no pictures came",
    "clock": "ended: the clock was set back",
    "paused": "ended: paused",
    "stopped": "ended: the node was stopped",
    "reloaded": "ended: new settings",
    "end_of_source": "ended: the recording ended",
    "aborted": "ended: the node was switched off",
}
"""Why an event began, or ended in another than the usual way."""

LEVELS = {"info": "for information", "advisory": "take note", "warning": "warning", "critical": "alarm"}
"""How urgent an event is."""

LOOKING = {"ahead": "ahead", "down": "down", "up": "up", "left": "to the left", "right": "to the right"}
"""Where the driver looks."""


def event_type(name: str) -> str:
    """A type of event in words."""
    return TYPES.get(name, name.replace("_", " "))


def reason(code: str) -> str:
    """A reason in words."""
    return REASONS.get(code, code.replace("_", " "))


def level(name: str) -> str:
    """A level in words."""
    return LEVELS.get(name, name)


def looking(where: str) -> str:
    """A direction in words."""
    return LOOKING.get(where, where)
