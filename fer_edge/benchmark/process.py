"""The daemon as a process of its own: how soon it sees, what it costs at a camera's pace, how much memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.benchmark.brokers import broker
from fer_edge.benchmark.material import clip
from fer_edge.sinks.subscriber import Subscriber
from fer_edge.sinks.wire import decode

if TYPE_CHECKING:
    from fer_edge.settings import Settings

PATIENCE_S = 60.0
WARM_S = 3.0
"""Not measured after the first state: imports and first inferences are over by then."""


def measure(settings: Settings, spec: str, seconds: float, fps: float) -> dict[str, Any]:
    """Run ``fer-edge run`` on a clip at ``fps`` frames a second for so long and watch it from outside."""
    with ExitStack() as stack:
        video = stack.enter_context(clip(settings, spec, fps))
        port, kind = stack.enter_context(broker())
        mqtt = settings.mqtt.model_copy(update={"host": "127.0.0.1", "port": port})
        base = f"{mqtt.topic_prefix}/{settings.node}/"
        subscriber = Subscriber(mqtt, (f"{base}#",))
        stack.callback(subscriber.close)
        began = time.monotonic()
        process = stack.enter_context(_daemon(settings, video, port, fps))
        online_s, face_s = _wait_for_a_face(subscriber, base, began)
        _drain(subscriber, WARM_S)
        cpu, wall = _cpu_s(process.pid), time.monotonic()
        states = _drain(subscriber, seconds)
        spent, took = _cpu_s(process.pid) - cpu, time.monotonic() - wall
        return {
            "broker": kind,
            "fps": fps,
            "online_s": online_s,
            "first_state_with_face_s": face_s,
            "cpu_percent": 100 * spent / took,
            "memory_mb": _memory_mb(process.pid),
            "messages": states,
        }


@contextmanager
def _daemon(settings: Settings, video: Path, port: int, fps: float) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.TemporaryDirectory(prefix="fer-edge-benchmark-") as folder:
        overrides = {
            "node": settings.node,
            "profile": settings.profile,
            "camera.source": str(video),
            "camera.loop": "true",
            "camera.fps": fps,
            "perception.threads": settings.perception.threads,
            "perception.runtime": settings.perception.runtime,
            "emotion.enabled": str(settings.emotion.enabled).lower(),
            "mqtt.host": "127.0.0.1",
            "mqtt.port": port,
            "state_dir": folder,
        }
        command = [sys.executable, "-m", "fer_edge", "run", *(f"--set={k}={v}" for k, v in overrides.items())]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=folder) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE_S)


def _wait_for_a_face(subscriber: Subscriber, base: str, began: float) -> tuple[float | None, float | None]:
    """Seconds until the node was online, and until a state had the driver in it."""
    online_s: float | None = None
    for message in subscriber.messages(0.05):
        now = time.monotonic() - began
        if now > PATIENCE_S:
            return online_s, None
        if message is None:
            continue
        if message.topic == f"{base}status":
            online_s = online_s or now
        if message.topic == f"{base}state" and decode(message.payload).get("present"):
            return online_s, now
    return online_s, None


def _drain(subscriber: Subscriber, seconds: float) -> int:
    """Listen for so long; how many messages came."""
    until, count = time.monotonic() + seconds, 0
    for message in subscriber.messages(0.1):
        count += message is not None
        if time.monotonic() >= until:
            break
    return count


def _cpu_s(pid: int) -> float:
    """User and system seconds of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    """Resident memory in MB (10^6 bytes)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
