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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.benchmark.brokers import broker, reached
from fer_edge.benchmark.material import clip
from fer_edge.settings import AlarmSettings, CameraSettings, WebSettings
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
        mqtt = reached(settings.mqtt, port)
        base = f"{mqtt.topic_prefix}/{settings.node}/"
        subscriber = Subscriber(mqtt, (f"{base}#",))
        stack.callback(subscriber.close)
        began = time.monotonic()
        process = stack.enter_context(_daemon(settings.model_copy(update={"mqtt": mqtt}), video, fps))
        heard = Heard(base, began)
        _listen(subscriber, heard, PATIENCE_S, until_a_face=True)
        _listen(subscriber, heard, WARM_S)
        cpu, wall, before = cpu_s(process.pid), time.monotonic(), heard.messages
        _listen(subscriber, heard, seconds)
        spent, took = cpu_s(process.pid) - cpu, time.monotonic() - wall
        return {
            "broker": kind,
            "fps": fps,
            "online_s": heard.online_s,
            "first_state_with_face_s": heard.face_s,
            "first_event_s": heard.event_s,
            "first_event": heard.event_type,
            "cpu_percent": 100 * spent / took,
            "memory_mb": _memory_mb(process.pid),
            "messages": heard.messages - before,
        }


@contextmanager
def _daemon(settings: Settings, video: Path, fps: float) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.TemporaryDirectory(prefix="fer-edge-benchmark-") as folder:
        file = Path(folder) / "config.yaml"
        file.write_text(configuration(settings, video, fps, folder))
        command = [sys.executable, "-m", "fer_edge", "run", "--config", str(file)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE_S)


def configuration(settings: Settings, video: Path, fps: float, folder: str) -> str:
    """These settings for a daemon of its own on a clip, without page and alarm, as JSON, which is YAML."""
    # The clip is as the camera's settings have turned and cut its pictures.
    camera = CameraSettings(source=str(video), loop=True, fps=fps)
    changes = {"camera": camera, "web": WebSettings(), "alarm": AlarmSettings(), "state_dir": folder}
    return settings.model_copy(update=changes).model_dump_json()


@dataclass
class Heard:
    """When a subscriber to ``base`` (``prefix/node/``) first heard what, seconds since ``began``; None until then."""

    base: str
    began: float
    online_s: float | None = None
    face_s: float | None = None
    event_s: float | None = None
    event_type: str | None = None
    messages: int = 0

    def hear(self, topic: str, payload: bytes, at: float) -> None:
        """Take note of one message that came at ``at`` (monotonic seconds)."""
        since, self.messages = at - self.began, self.messages + 1
        if topic == f"{self.base}status" and self.online_s is None:
            self.online_s = since
        elif topic == f"{self.base}state" and self.face_s is None and decode(payload).get("present"):
            self.face_s = since
        elif topic.startswith(f"{self.base}event/") and self.event_s is None:
            self.event_s, self.event_type = since, str(decode(payload).get("event_type"))


def _listen(subscriber: Subscriber, heard: Heard, seconds: float, *, until_a_face: bool = False) -> None:
    """Take note of what comes for so long, or until a state has a driver in it."""
    until = time.monotonic() + seconds
    for message in subscriber.messages(0.05):
        now = time.monotonic()
        if message is not None:
            heard.hear(message.topic, message.payload, now)
        if now >= until or (until_a_face and heard.face_s is not None):
            return


def cpu_s(pid: int) -> float:
    """User and system seconds of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    """Resident memory in MB (10^6 bytes)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
