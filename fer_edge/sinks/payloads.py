"""What subscribers read: values of core as plain dictionaries, and nothing else.

Every function is pure. The fields are those of contract and ``schemas/``; None stays null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fer_edge import __version__
from fer_edge.addresses import without_credentials
from fer_edge.core import DriverState, Event, Face, OpenEvent, Person, PersonState, Quality, Signals
from fer_edge.settings import Settings

SCHEMA_VERSION = 1
"""``v`` of every JSON payload; it rises when a field changes its meaning or goes away."""

Payload = dict[str, Any]

_NOT_SHOWN = {"username", "password_file", "key_file", "token_file"}


def event_payload(
    event: Event,
    *,
    id: str,
    seq: int,
    time: str | None = None,
    time_ok: bool | None = None,
    historical: bool = False,
) -> Payload:
    """One phase of an event. ``time`` is ISO 8601 in UTC; without it the payload has no time."""
    return stamp_event(event_body(event), id=id, seq=seq, time=time, time_ok=time_ok, historical=historical)


def event_body(event: Event) -> Payload:
    """What the rules said, without what publishing adds (id, seq, time)."""
    return {
        "category": event.category,
        "event_type": event.event_type,
        "phase": str(event.phase),
        "level": str(event.level),
        "held_s": _round(event.held_s, 2),
        **{name: rounded(value) for name, value in event.details.items()},
    }


def stamp_event(
    body: Mapping[str, Any], *, id: str, seq: int, time: str | None, time_ok: bool | None, historical: bool
) -> Payload:
    """A body of :func:`event_body` as it is published, fields in the order of the contract."""
    stamped = {"time": time, "time_ok": bool(time_ok)} if time is not None else {}
    head = ("category", "event_type", "phase", "level")
    rest = {name: value for name, value in body.items() if name not in head}
    return {
        "v": SCHEMA_VERSION,
        "id": id,
        "seq": seq,
        **{name: body[name] for name in head},
        **stamped,
        "historical": historical,
        **rest,
    }


def state_payload(
    state: DriverState, *, ids: Mapping[int, str] | None = None, time: str | None = None, time_ok: bool | None = None
) -> Payload:
    """The driver's state. ``ids`` gives the published id of an open event by its key."""
    known = ids or {}
    payload: Payload = {
        "v": SCHEMA_VERSION,
        "time": time,
        "time_ok": bool(time_ok),
        "profile": state.profile,
        "paused": state.paused_s is not None,
        "paused_s": _round(state.paused_s, 0),
        "present": state.present,
        "level": None if state.level is None else str(state.level),
        "open_events": [_open_event(event, state.at, known) for event in state.open_events],
        "emotion": state.emotion,
        "emotions": _probabilities(state.emotions),
        "eyes_closed": state.eyes_closed,
        "eyes_down": state.eyes_down,
        "lids_down_s": _round(state.lids_down_s, 2),
        "openness": _round(state.openness, 3),
        "closure_s": _round(state.closure_s, 2),
        "perclos": _round(state.perclos, 3),
        "coverage": _round(state.coverage, 3),
        "blinks_per_min": _round(state.blinks_per_min, 1),
        "yawns": state.yawns,
        "yaw": _round(state.yaw, 1),
        "pitch": _round(state.pitch, 1),
        "roll": _round(state.roll, 1),
        "gaze_yaw": _round(state.gaze_yaw, 1),
        "gaze_pitch": _round(state.gaze_pitch, 1),
        "looking": state.looking,
        "faces": state.faces,
        "lens": str(state.lens),
        "fps": _round(state.fps, 1),
        "degraded_rate": state.degraded_rate,
        "calibration": _calibration(state),
    }
    if state.profile == "kiosk":
        payload["people"] = [_person_state(person) for person in state.people]
    return payload


def info_payload(settings: Settings, models: Sequence[Mapping[str, Any]], outbox: Mapping[str, Any]) -> Payload:
    """What runs here. ``models`` have at least ``name`` and ``sha256``; no secret leaves."""
    return {
        "v": SCHEMA_VERSION,
        "node": settings.node,
        "version": __version__,
        "schema_version": SCHEMA_VERSION,
        "models": [dict(model) for model in models],
        "configuration": without_secrets(settings.model_dump(mode="json")),
        "outbox": dict(outbox),
    }


def stats_payload(values: Mapping[str, Any], *, time: str | None = None, time_ok: bool | None = None) -> Payload:
    """Health of the daemon as it measured it: fps, latency, skipped frames, temperature, memory."""
    return {"v": SCHEMA_VERSION, "time": time, "time_ok": bool(time_ok), **{k: rounded(v) for k, v in values.items()}}


def frame_line(signals: Signals, *, eyes_down: bool | None = None) -> Payload:
    """One frame of ``replay --json``; ``eyes_down`` is what the rules make of the lids."""
    line: Payload = {
        "kind": "frame",
        "n": signals.number,
        "t": round(signals.at, 3),
        "face": _face(signals.face),
        "faces": signals.faces,
        "eye_left": _round(signals.eye_left, 3),
        "eye_right": _round(signals.eye_right, 3),
        "eyes_closed": _round(signals.eyes_closed, 3),
        "eyes_lowered": _round(signals.eyes_lowered, 3),
        "eyes_narrowed": _round(signals.eyes_narrowed, 3),
        "eyes_down": eyes_down,
        "mouth_open": _round(signals.mouth_open, 3),
        "mouth_width": _round(signals.mouth_width, 3),
        "yaw": _round(signals.yaw, 1),
        "pitch": _round(signals.pitch, 1),
        "roll": _round(signals.roll, 1),
        "gaze_yaw": _round(signals.gaze_yaw, 1),
        "gaze_pitch": _round(signals.gaze_pitch, 1),
        "emotions": _probabilities(signals.emotions),
        "quality": _quality(signals.quality),
        "lens": str(signals.lens),
    }
    if signals.people:
        line["people"] = [_person(person) for person in signals.people]
    return line


def event_line(event: Event, *, id: str, seq: int) -> Payload:
    """One event of ``replay --json``: the MQTT payload without time, at ``t`` of the frame clock."""
    return {"kind": "event", "t": round(event.at, 3), **event_payload(event, id=id, seq=seq)}


def summary_line(*, frames: int, seconds: float, events: Mapping[str, int], cpu_ms_per_frame: float | None) -> Payload:
    """The last line of ``replay --json``; ``events`` counts each event once, under its last type."""
    return {
        "kind": "summary",
        "frames": frames,
        "seconds": round(seconds, 3),
        "events": dict(events),
        "cpu_ms_per_frame": _round(cpu_ms_per_frame, 2),
    }


def without_secrets(value: Any) -> Any:
    """A configuration as JSON without names of secret files, credentials in addresses, and arguments of programs."""
    if isinstance(value, Mapping):
        shown = {name: without_secrets(item) for name, item in value.items() if name not in _NOT_SHOWN}
        return shown | ({"run": list(shown["run"])[:1]} if "run" in shown else {})
    if isinstance(value, (list, tuple)):
        return [without_secrets(item) for item in value]
    return without_credentials(value) if isinstance(value, str) else value


def rounded(value: Any) -> Any:
    """A structure as JSON takes it, floats at three decimals: what a sensor's noise leaves worth sending."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        return {str(name): rounded(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    try:
        return _round(float(value), 3)
    except (TypeError, ValueError):
        return str(value)


def _round(value: float | None, digits: int) -> float | None:
    # JSON has no NaN; a number that is none is unknown.
    return None if value is None or not math.isfinite(value) else round(float(value), digits)


def _probabilities(values: Mapping[str, float] | None) -> Payload | None:
    return None if values is None else {name: _round(value, 3) for name, value in values.items()}


def _face(face: Face | None) -> Payload | None:
    if face is None:
        return None
    box = [round(side) for side in (face.box.x, face.box.y, face.box.width, face.box.height)]
    return {"box": box, "score": _round(face.score, 3)} | ({} if face.track is None else {"person": face.track})


def _quality(quality: Quality | None) -> Payload | None:
    if quality is None:
        return None
    return {
        "brightness": _round(quality.brightness, 3),
        "sharpness": _round(quality.sharpness, 3),
        "contrast": _round(quality.contrast, 3),
        "saturated": _round(quality.saturated, 3),
    }


def _person(person: Person) -> Payload:
    return {**(_face(person.face) or {}), "emotions": _probabilities(person.emotions)}


def _person_state(person: PersonState) -> Payload:
    return {
        "person": person.person,
        "present_s": _round(person.present_s, 1),
        "emotion": person.emotion,
        "emotions": _probabilities(person.emotions),
    }


def _open_event(event: OpenEvent, now: float, ids: Mapping[int, str]) -> Payload:
    return {
        "id": ids.get(event.key),
        "event_type": event.event_type,
        "level": str(event.level),
        "held_s": _round(event.held_s(now), 2),
    }


def _calibration(state: DriverState) -> Payload:
    learned = state.calibration
    return {
        "state": learned.state,
        "progress": _round(learned.progress, 2),
        "openness": _round(learned.openness, 3),
        "yaw": _round(learned.yaw, 1),
        "pitch": _round(learned.pitch, 1),
    }
