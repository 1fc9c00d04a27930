"""The state in the words of COVESA's Vehicle Signal Specification, a topic for each signal.

The same derivation as the fleet side's view ``vss``; docs/fleet.md says how each is derived. Levels are percent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fer_edge.sinks.payloads import Payload

Value = int | bool | None

_FULL_PERCLOS = 0.16
_FATIGUE = {"sleep": 100, "unresponsive": 100, "microsleep": 75}
_LEVELS = {"critical": 100, "warning": 75}
_DRIVER, _DMS = "Vehicle.Driver.", "Vehicle.ADAS.DMS."
NAMES = (
    *(_DRIVER + name for name in ("FatigueLevel", "DistractionLevel", "AttentiveProbability", "IsEyesOnRoad")),
    *(_DMS + name for name in ("IsEnabled", "IsWarning", "IsError")),
)


def signals(state: Payload, camera: str) -> dict[str, Value]:
    """Every signal by its name, None where unknown. ``state`` is the payload, ``camera`` the word on that topic."""
    open_events = {one["event_type"]: str(one["level"]) for one in state["open_events"]}
    blind = camera == "offline" or state["lens"] != "clear" or "view_degraded" in open_events
    known = not blind and not state["paused"] and bool(state["present"])
    fatigue = _fatigue(state, open_events) if known else None
    distraction = _distraction(state, open_events) if known else None
    warning = state["level"] in _LEVELS if known and state["level"] is not None else None
    eyes = _eyes_on_road(state) if known else None
    values = (fatigue, distraction, _attentive(fatigue, distraction), eyes, not state["paused"], warning, blind)
    return dict(zip(NAMES, values, strict=True))


def _fatigue(state: Payload, open_events: Mapping[str, str]) -> int | None:
    said = [] if state["perclos"] is None else [min(round(state["perclos"] / _FULL_PERCLOS * 100), 100)]
    for kind, level in open_events.items():
        if kind in _FATIGUE:
            said.append(_FATIGUE[kind])
        elif kind == "drowsy":
            said.append(_LEVELS.get(level, 50))
    return max(said, default=None)


def _distraction(state: Payload, open_events: Mapping[str, str]) -> int | None:
    if "distracted" in open_events:
        return _LEVELS.get(open_events["distracted"], 50)
    return None if state["looking"] is None else 0


def _attentive(fatigue: int | None, distraction: int | None) -> int | None:
    if 100 in (fatigue, distraction):
        return 0
    return None if fatigue is None or distraction is None else 100 - max(fatigue, distraction)


def _eyes_on_road(state: Payload) -> bool | None:
    """False as soon as one thing says so; None where nothing does and one is unknown."""
    ahead = None if state["looking"] is None else state["looking"] == "ahead"
    parts = (ahead, _not(state["eyes_closed"]), _not(state["eyes_down"]))
    return False if False in parts else None if None in parts else True


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


class VehicleSignals:
    """Says each signal that has changed, and all of them when what was said is about to expire.

    ``set_topic`` is the publisher's, ``base`` what a node's topics begin with; times are monotonic seconds.
    """

    def __init__(self, set_topic: Callable[..., None], base: str, qos: int, repeat_s: float) -> None:
        self._set, self._base, self._qos, self._repeat_s = set_topic, base, qos, repeat_s
        self._said: dict[str, Value] = {}
        self._said_at = float("-inf")

    def tell(self, state: Payload, camera: str, now: float, expiry_s: int | None) -> None:
        """What a new state says."""
        again = now - self._said_at >= self._repeat_s
        if again:
            self._said_at = now
        for name, value in signals(state, camera).items():
            if again or self._said.get(name, ...) != value:
                self._say(name, value, expiry_s)

    def forget(self) -> None:
        """Nobody watches: every signal is unknown."""
        for name in NAMES:
            self._say(name, None, None)

    def _say(self, name: str, value: Value, expiry_s: int | None) -> None:
        self._said[name] = value
        payload = "null" if value is None else str(value).lower()
        self._set(f"{self._base}/vss/{name.replace('.', '/')}", payload, qos=self._qos, expiry_s=expiry_s)
