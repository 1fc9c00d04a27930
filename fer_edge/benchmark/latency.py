"""From the moment a frame is taken to the broker's word for the event it caused."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.benchmark.brokers import broker, reached
from fer_edge.benchmark.material import some_frames
from fer_edge.benchmark.speed import percentiles
from fer_edge.core import Event, Frame, Level, Phase
from fer_edge.monitoring import Monitor
from fer_edge.perception.reader import Perception
from fer_edge.pipeline import Pipeline
from fer_edge.sinks.mqtt import MqttSink
from fer_edge.sinks.subscriber import Subscriber
from fer_edge.sinks.wire import decode

if TYPE_CHECKING:
    from fer_edge.settings import Settings

LOOP_FRAMES = 60
"""Frames kept in memory and shown again and again, so that no source's time is in the measurement."""


def measure(settings: Settings, spec: str, seconds: float, fps: float) -> dict[str, Any]:
    """Frames at ``fps``; every one also raises an event that goes through disk, broker and back to a subscriber.

    A subscriber hears it later than the broker confirms it, so the confirmation came sooner than what is told.
    """
    shown = some_frames(settings, spec, LOOP_FRAMES)
    with broker() as (port, kind), tempfile.TemporaryDirectory(prefix="fer-edge-benchmark-") as folder:
        mqtt = reached(settings.mqtt, port)
        settings = settings.model_copy(update={"mqtt": mqtt})
        subscriber = Subscriber(mqtt, (f"{mqtt.topic_prefix}/{settings.node}/event/view",))
        sink = MqttSink(settings, state_dir=Path(folder), info=dict)
        sink.start()
        try:
            _wait_connected(sink, subscriber)
            pipeline = Pipeline(Perception(settings), Monitor(settings), [sink])
            late_ms = _run(pipeline, sink, subscriber, shown, seconds, fps)
        finally:
            sink.close()
            subscriber.close()
    return {"broker": kind, "fps": fps, "events": len(late_ms), **percentiles([ms / 1000 for ms in late_ms])}


def _run(
    pipeline: Pipeline, sink: MqttSink, subscriber: Subscriber, shown: list[Frame], seconds: float, fps: float
) -> list[float]:
    """Milliseconds from each frame's time to its event at the subscriber."""
    taken: dict[int, float] = {}
    late_ms: list[float] = []
    began, count = time.monotonic(), round(seconds * fps)
    heard = subscriber.messages(0.001)
    for number in range(count):
        due = began + number / fps
        while time.monotonic() < due:
            _hear(next(heard), taken, late_ms)
        frame = Frame(shown[number % len(shown)].image, time.monotonic(), number)
        taken[number] = frame.at
        pipeline.step(frame)
        sink.event(_event(number, frame.at))
    until = time.monotonic() + 5
    while len(late_ms) < count and time.monotonic() < until:
        _hear(next(heard), taken, late_ms)
    return late_ms


def _event(number: int, at: float) -> Event:
    """Starts and ends in turn, so that nothing stays open."""
    phase = Phase.END if number % 2 else Phase.START
    return Event(-1 - number // 2, "view", "absent", phase, Level.INFO, at, at, 0.0, {"benchmark": number})


def _hear(message: Any, taken: dict[int, float], late_ms: list[float]) -> None:
    if message is None:
        return
    number = decode(message.payload).get("benchmark")
    if number in taken:
        late_ms.append(1000 * (time.monotonic() - taken.pop(number)))


def _wait_connected(sink: MqttSink, subscriber: Subscriber) -> None:
    until = time.monotonic() + 15
    for _ in subscriber.messages(0.05):
        if (sink.connected and subscriber.connected) or time.monotonic() > until:
            return
