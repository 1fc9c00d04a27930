"""What the live page costs: a daemon with no viewer, one, and ten, side by side in one run.

Viewers are WebSocket clients of another process's event loop that take every picture at once, as a browser does.
"""

from __future__ import annotations

import asyncio
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.benchmark.material import clip
from fer_edge.benchmark.process import cpu_s
from fer_edge.errors import MissingExtra
from fer_edge.settings import AlarmSettings, CameraSettings, MqttSettings, WebSettings

if TYPE_CHECKING:
    import aiohttp

    from fer_edge.settings import Settings

COUNTS = (0, 1, 10)
WARM_S = 3.0
PATIENCE_S = 60.0
FILES = ("", "page.css", "page.js", "manifest.webmanifest", "icon.svg")


def measure(settings: Settings, spec: str, seconds: float, fps: float) -> dict[str, Any]:
    """Processor, latency and lost updates for each count of viewers, ``seconds`` each, and the size of the page.

    Raises MissingExtra without aiohttp.
    """
    try:
        import aiohttp  # noqa: F401
    except ImportError as error:
        raise MissingExtra("--page needs aiohttp; install it: pip install aiohttp") from error
    with clip(settings, spec, fps) as video, _daemon(settings, video, fps) as (process, url):
        rounds = [asyncio.run(_look(url, process.pid, count, seconds)) for count in COUNTS]
        size = sum(len(_get(url + name)) for name in (*FILES, *_modules(_get(f"{url}page.js").decode())))
    alone = rounds[0]
    for each in rounds[1:]:
        each["more_cpu_percent"] = each["cpu_percent"] - alone["cpu_percent"]
        each["latency_ratio"] = each["latency_ms_p95"] / alone["latency_ms_p95"]
    return {"fps": fps, "page_bytes": size, "viewers": rounds}


async def _look(url: str, pid: int, count: int, seconds: float) -> dict[str, Any]:
    """Look with so many for so long. One more listens to the node's health and takes no picture."""
    import aiohttp

    headers = {"Origin": url.rstrip("/")}
    async with aiohttp.ClientSession(url, headers=headers) as session:
        seen = [_Viewer(looks=True) for _ in range(count)]
        listener = _Viewer(looks=False)
        tasks = [asyncio.create_task(each.run(session)) for each in (*seen, listener)]
        await asyncio.sleep(WARM_S)
        for each in (*seen, listener):
            each.reset()
        spent, began = cpu_s(pid), time.monotonic()
        await asyncio.sleep(seconds)
        took, spent = time.monotonic() - began, cpu_s(pid) - spent
        broken = sum(task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    pictures = [each.pictures / took for each in seen]
    return {
        "viewers": count,
        "cpu_percent": 100 * spent / took,
        "latency_ms_p95": statistics.median(listener.latencies) if listener.latencies else float("nan"),
        "frames_per_s": statistics.median(listener.rates) if listener.rates else float("nan"),
        "pictures_per_s": min(pictures, default=0.0),
        "dropped_samples": sum(each.dropped for each in (*seen, listener)),
        "broken": broken,
    }


class _Viewer:
    """One browser: takes each picture at once, and counts samples of the timeline that never came."""

    def __init__(self, looks: bool) -> None:
        self.looks = looks
        self.reset()
        self._last: float | None = None

    def reset(self) -> None:
        """Count anew."""
        self.pictures = self.dropped = 0
        self.latencies: list[float] = []
        self.rates: list[float] = []

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Look until cancelled."""
        import aiohttp

        async with session.ws_connect("/live", max_msg_size=0) as socket:
            if self.looks:
                await socket.send_json({"look": True})
            async for message in socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    self.pictures += 1
                    await socket.send_json({"drawn": True})
                elif message.type is aiohttp.WSMsgType.TEXT:
                    self._hear(json.loads(message.data))

    def _hear(self, said: dict[str, Any]) -> None:
        if said["kind"] in ("samples", "hello"):
            self._count(said["samples"])
        elif said["kind"] == "health":
            for kept, name in ((self.latencies, "latency_ms_p95"), (self.rates, "fps")):
                if said.get(name) is not None:
                    kept.append(float(said[name]))

    def _count(self, samples: Sequence[Sequence[float]]) -> None:
        for sample in samples:
            if self._last is not None and sample[0] - self._last > 1.0:
                self.dropped += 1
            self._last = sample[0]


@contextmanager
def _daemon(settings: Settings, video: Path, fps: float) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A daemon of its own with a page at a free port; gives its process and the page's address."""
    with tempfile.TemporaryDirectory(prefix="fer-edge-benchmark-") as folder:
        changes = {
            "camera": CameraSettings(source=str(video), loop=True, fps=fps),
            "mqtt": MqttSettings(enabled=False),
            "web": WebSettings(enabled=True, port=0),
            "alarm": AlarmSettings(),
            "state_dir": folder,
            "log_level": "info",
        }
        file, told = Path(folder) / "config.yaml", Path(folder) / "log"
        file.write_text(settings.model_copy(update=changes).model_dump_json())
        command = [sys.executable, "-m", "fer_edge", "run", "--config", str(file)]
        with told.open("w") as log, subprocess.Popen(command, stderr=log, text=True) as process:
            try:
                yield process, _address(told, process)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE_S)


def _address(told: Path, process: subprocess.Popen[str]) -> str:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        for line in told.read_text().splitlines():
            if "live page: http" in line:
                return line.split("live page: ")[1].split()[0]
        time.sleep(0.05)
    raise RuntimeError(f"no page within {PATIENCE_S:g} s: {told.read_text()[-400:]}")


def _modules(script: str) -> list[str]:
    """The modules that a script names."""
    return sorted({part.split('"')[0] for part in script.split('"./')[1:]})


def _get(url: str) -> bytes:
    with suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())
    return b""
