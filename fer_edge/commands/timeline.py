"""What a person sees of a replay: events as they come, and how far it has got."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Self

from fer_edge.core import Phase

if TYPE_CHECKING:
    from fer_edge.core import DriverState, Event, Signals

_MARKS = {Phase.START: "▶", Phase.UPDATE: "▲", Phase.END: "■"}


class Timeline:
    """A sink that prints one readable line an event, and a summary; ``clear`` makes way on a terminal."""

    def __init__(self, stream: IO[str], clear: Callable[[], None] = lambda: None) -> None:
        self._stream = stream
        self._clear = clear
        self._frames = self._faces = 0
        self._last_types: dict[int, str] = {}

    def state(self, state: DriverState, signals: Signals) -> None:
        """Count the frame."""
        self._frames += 1
        self._faces += signals.face is not None

    def event(self, event: Event) -> None:
        """One line: when, what, how urgent, how long."""
        self._last_types[event.key] = event.event_type
        self._clear()
        details = "  ".join(f"{name} {_short(value)}" for name, value in event.details.items() if value is not None)
        self._stream.write(
            f"{clock(event.at)}  {_MARKS[event.phase]} {event.event_type:<14}{event.phase:<7}"
            f"{event.level:<9}{event.held_s:5.1f} s  {details}".rstrip()
            + "\n"
        )

    def summary(self, seconds: float, cpu_ms_per_frame: float | None) -> None:
        """The last lines: length, faces, events counted once each, cost."""
        counts: dict[str, int] = {}
        for name in self._last_types.values():
            counts[name] = counts.get(name, 0) + 1
        events = ", ".join(f"{count} × {name}" for name, count in counts.items()) or "no events"
        share = 100 * self._faces / self._frames if self._frames else 0
        cost = "" if cpu_ms_per_frame is None else f", {cpu_ms_per_frame:.1f} ms CPU a frame"
        frames = "1 frame" if self._frames == 1 else f"{self._frames} frames"
        self._stream.write(f"{clock(seconds)}  {frames}, a face in {share:.1f} %{cost}\n            {events}\n")

    def close(self) -> None:
        """Flush; the stream stays open."""
        self._stream.flush()


class Progress:
    """A progress bar on a terminal; silent anywhere else."""

    def __init__(self, stream: IO[str], total: int | None, *, wanted: bool = True) -> None:
        self._stream = stream
        self._total = total
        self._shown = wanted and stream.isatty()
        self._began_at = self._drawn_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Leave the line to what is written next; the bar comes back below it."""
        if self._shown:
            self._stream.write("\r\033[K")
            self._stream.flush()

    def at(self, count: int) -> None:
        """So many frames are done."""
        now = time.monotonic()
        if not self._shown or now - self._drawn_at < 0.1:
            return
        self._drawn_at = now
        rate = count / max(now - self._began_at, 1e-6)
        text = f"{count} frames, {rate:.0f} frames/s"
        if self._total:
            share = min(1.0, count / self._total)
            bar = "█" * round(24 * share)
            text = f"{bar:░<24} {share:4.0%}  {text}, {max(0, self._total - count) / max(rate, 1e-6):.0f} s left"
        width = os.get_terminal_size(self._stream.fileno()).columns or 80
        self._stream.write(f"\r\033[K{text[: width - 1]}")  # what runs on into another line could not be cleared
        self._stream.flush()


def clock(seconds: float) -> str:
    """Seconds as minutes:seconds, for example ``01:08.40``."""
    hundredths = round(100 * seconds)
    return f"{hundredths // 6000:02d}:{hundredths % 6000 / 100:05.2f}"


def _short(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
