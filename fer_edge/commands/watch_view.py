"""What ``fer-edge watch`` shows: messages as lines, or one node as a page. Pure text, no terminal codes but colour."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any

from fer_edge import words

_COLOURS = {"info": "36", "advisory": "33", "warning": "33;1", "critical": "31;1", "online": "32", "offline": "31;1"}
_BAR = 24
_EVENTS_SHOWN = 8


def line(tail: str, payload: Any, *, colour: bool = False) -> str:
    """One message as one line; ``tail`` is the topic below the node."""
    if tail.startswith("event/") and isinstance(payload, Mapping):
        return event_line(payload, colour=colour)
    if tail == "state" and isinstance(payload, Mapping):
        level = str(payload.get("level") or "-")
        return (
            f"{clock(payload)}  state     {_words(payload)}  level {_paint(level, level, colour)}  "
            f"PERCLOS {_percent(payload.get('perclos'))}  expression {payload.get('emotion') or '-'}"
        )
    if isinstance(payload, Mapping):
        text = " ".join(
            f"{name}={_short(value)}"
            for name, value in payload.items()
            # Groups and what is not known are for --json.
            if name not in ("v", "time", "time_ok") and value is not None and not isinstance(value, Mapping | list)
        )
        return f"{clock(payload)}  {tail:9} {shorten(text, 160, placeholder=' …')}"
    return f"{clock({})}  {tail:9} {_paint(str(payload), str(payload), colour)}"


def event_line(event: Mapping[str, Any], *, colour: bool = False) -> str:
    """One phase of an event."""
    level = str(event.get("level", "-"))
    what = f"{event.get('event_type', '?')} {event.get('phase', '?')}"
    shares = (("PERCLOS", event.get("perclos")), ("judged", event.get("coverage")))
    more = [f"{name} {_percent(share)}" for name, share in shares if share is not None]
    more += [said for said in [words.details(event)] if said]
    if event.get("historical"):
        more.append("from earlier")
    held = _number(event.get("held_s"), "s")
    return f"{clock(event)}  {what:22} {_paint(f'{level:9}', level, colour)} {held:>8}  {', '.join(more)}".rstrip()


def plain(value: Any) -> Any:
    """The same without control characters: a message must not drive the reader's terminal."""
    try:
        return _plain(value)
    except RecursionError:  # nested as no message of a node is
        return "�"


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return "".join(c if c.isprintable() else "�" for c in value)
    if isinstance(value, Mapping):
        return {_plain(name): _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def clock(payload: Mapping[str, Any]) -> str:
    """Hours, minutes and seconds of a payload's time (UTC), blank where it has none."""
    time = payload.get("time")
    text = time[11:19] if isinstance(time, str) and len(time) >= 19 else ""
    return f"{text:8}" + ("?" if text and payload.get("time_ok") is False else " ")


@dataclass
class NodeView:
    """The newest of every topic of one node."""

    node: str
    status: str = "?"
    camera: str = "?"
    state: Mapping[str, Any] = field(default_factory=dict)
    stats: Mapping[str, Any] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)
    events: deque[Mapping[str, Any]] = field(default_factory=lambda: deque(maxlen=_EVENTS_SHOWN))

    def update(self, tail: str, payload: Any) -> None:
        """Take one message in; what is not of the expected kind is left out."""
        if tail in ("status", "camera"):
            setattr(self, tail, str(payload)[:20])
        elif isinstance(payload, Mapping):
            if tail.startswith("event/"):
                self.events.append(payload)
            elif tail in ("state", "stats", "info"):
                setattr(self, tail, payload)

    def page(self, *, connected: bool, colour: bool) -> list[str]:
        """The page as lines."""
        state = self.state
        status = self.status if connected else "no broker"
        version = self.info.get("version", "")
        head = f"fer-edge {version}  node {self.node}  {_paint(status, status if connected else 'offline', colour)}"
        if self.status == "offline":
            # A broker that speaks MQTT 3.1.1 keeps the state of a killed node for ever.
            since = f"; last seen at {clock(state).strip()} UTC" if state else ""
            return [head, "", f"nobody is watched{since}", "", *self._recent(colour)]
        lines = [f"{head}  camera {_paint(self.camera, self.camera, colour)}", ""]
        if not state:
            return [*lines, "waiting for a state …"]
        lines += [*self._driver(colour), ""]
        emotions = _group(state.get("emotions"))
        for name, share in sorted(emotions.items(), key=lambda item: -_share(item[1])):
            lines.append(f"{name:10} {_bar(share)}{' ◀' if name == state.get('emotion') else ''}")
        return [*lines, "", self._health(), "", *self._recent(colour)]

    def _recent(self, colour: bool) -> list[str]:
        recent = [event_line(event, colour=colour) for event in reversed(self.events)]
        if any(event.get("time_ok") is False for event in self.events):
            recent += ["", "? after a time: the node's clock has not been set"]
        return recent

    def _driver(self, colour: bool) -> list[str]:
        state = self.state
        level = str(state.get("level") or "unknown")
        opened = ", ".join(
            f"{e.get('event_type')} {_number(e.get('held_s'), 's')}" for e in _groups(state.get("open_events"))
        )
        calibration = _group(state.get("calibration"))
        angles = "  ".join(f"{name} {_number(state.get(name), '°')}" for name in ("yaw", "pitch", "roll"))
        return [
            f"{'level':10} {_paint(level, level, colour)}  {opened}".rstrip(),
            f"{'driver':10} {_words(state)}, {calibration.get('state', '?')}",
            f"{'eyes':10} {_bar(state.get('openness'))}  {_eyes(state)}",
            f"{'PERCLOS':10} {_bar(state.get('perclos'))}  judged {_percent(state.get('coverage'))}",
            f"{'head':10} {angles}",
            f"{'looking':10} {state.get('looking') or 'unknown'}",
        ]

    def _health(self) -> str:
        """What is known of the node's health, which it tells once a minute."""
        stats, waiting = self.stats, _group(self.stats.get("outbox")).get("waiting")
        parts = (
            _known(self.state.get("fps"), "{:.1f} fps"),
            _known(stats.get("latency_ms_p95"), "latency {:.0f} ms (p95)"),
            _known(stats.get("memory_mb"), "{:.0f} MB"),
            _known(stats.get("temperature_c"), "{:.1f} °C"),
            _known(waiting, "events waiting {:g}"),
        )
        return "  ".join(part for part in parts if part)


def _words(state: Mapping[str, Any]) -> str:
    if state.get("paused"):
        return f"paused for {_number(state.get('paused_s'), 's')}"
    if state.get("profile") == "kiosk":
        count = len(_groups(state.get("people")))
        return f"{count} {'person' if count == 1 else 'people'}"
    present = {"True": "present", "False": "absent"}.get(str(state.get("present")), "unknown")
    return present if state.get("lens", "clear") == "clear" else f"{present}, lens {state.get('lens')}"


def _eyes(state: Mapping[str, Any]) -> str:
    closed = state.get("eyes_closed")
    if closed is None:
        return "unknown"
    if state.get("eyes_down"):
        return f"lowered for {_number(state.get('lids_down_s'), 's')}"
    return f"closed for {_number(state.get('closure_s'), 's')}" if closed else "open"


def _group(value: Any) -> Mapping[str, Any]:
    """What should be an object; empty where it is missing or anything else: who publishes may be anybody."""
    return value if isinstance(value, Mapping) else {}


def _groups(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _share(value: Any) -> float:
    return value if isinstance(value, (int, float)) else 0.0


def _bar(share: Any) -> str:
    if not isinstance(share, (int, float)):
        return f"{'·' * _BAR}    -  "
    full = round(_BAR * min(max(share, 0.0), 1.0))
    return f"{'█' * full}{'░' * (_BAR - full)} {_percent(share):>6}"


def _percent(share: Any) -> str:
    return f"{100 * share:.0f} %" if isinstance(share, (int, float)) else "-"


def _number(value: Any, unit: str) -> str:
    return f"{value:z.1f}{unit}" if isinstance(value, (int, float)) else "-"


def _known(value: Any, form: str) -> str:
    return form.format(value) if isinstance(value, (int, float)) else ""


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{k}:{_short(v)}" for k, v in value.items()) + "}"
    return "-" if value is None else str(value)


def _paint(text: str, kind: str, colour: bool) -> str:
    return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if colour and kind in _COLOURS else text
