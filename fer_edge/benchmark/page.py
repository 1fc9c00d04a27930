"""What the live page costs: a daemon with no viewer, one, and ten, side by side in one run; its size and first paint.

And whether it lasts: for as long as asked, is every update heard?
"""

from __future__ import annotations

import asyncio
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.benchmark import chromium, tables
from fer_edge.benchmark.material import clip
from fer_edge.benchmark.process import cpu_s
from fer_edge.benchmark.viewers import looking
from fer_edge.errors import MissingExtra
from fer_edge.settings import AlarmSettings, CameraSettings, MqttSettings

if TYPE_CHECKING:
    from fer_edge.settings import Settings

COUNTS = (0, 1, 10)
ROUNDS = 3
"""Each count has its turn so often: what else the machine does meanwhile falls on all of them alike."""
WARM_S = 3.0
PATIENCE_S = 60.0
SAY_S = 60.0
"""How often a long measurement says how it goes, on stderr."""
FILES = ("", "page.css", "page.js", "manifest.webmanifest", "icon.svg")


def measure(settings: Settings, spec: str, seconds: float, fps: float, minutes: float | None = None) -> dict[str, Any]:
    """Processor, latency and missed updates for each count of viewers, ``seconds`` each; size and first paint.

    ``minutes`` is how long one viewer and a browser, where there is one, then look on. Raises MissingExtra without
    aiohttp.
    """
    try:
        import aiohttp  # noqa: F401
    except ImportError as error:
        raise MissingExtra("--page needs aiohttp", "aiohttp") from error
    with clip(settings, spec, fps) as video, _daemon(settings, video, fps) as (process, url):
        told: dict[str, Any] = {"fps": fps, "page_bytes": size(url), "first_paint": None}
        if chromium.program():
            told["first_paint"] = asyncio.run(chromium.first_paint(url))
        rounds = [[asyncio.run(_look(url, process.pid, n, seconds / ROUNDS)) for n in COUNTS] for _ in range(ROUNDS)]
        told["viewers"] = [_together(each) for each in zip(*rounds, strict=True)]
        if minutes:
            told["lasting"] = asyncio.run(_look_on(url, process.pid, minutes * 60))
    alone = told["viewers"][0]
    for each in told["viewers"][1:]:
        each["more_cpu_percent"] = each["cpu_percent"] - alone["cpu_percent"]
        each["latency_ratio"] = each["latency_ms_p95"] / alone["latency_ms_p95"]
    return told


async def _look(url: str, pid: int, count: int, seconds: float) -> dict[str, Any]:
    """Look with so many for so long."""
    async with looking(url, count, WARM_S) as (seen, listener):
        spent, began = cpu_s(pid), time.monotonic()
        await asyncio.sleep(seconds)
        took, spent = time.monotonic() - began, cpu_s(pid) - spent
        pictures = [each.pictures / took for each in seen]
        return {
            "viewers": count,
            "cpu_percent": 100 * spent / took,
            "latency_ms_p95": statistics.median(listener.latencies) if listener.latencies else float("nan"),
            "frames_per_s": statistics.median(listener.rates) if listener.rates else float("nan"),
            "pictures_per_s": min(pictures, default=0.0),
            "picture_kb": sum(each.picture_bytes for each in seen) / 1000 / max(1, sum(each.pictures for each in seen)),
            "missed_updates": sum(each.missed for each in (*seen, listener)),
            "lost_connections": sum(each.lost for each in (*seen, listener)),
        }


async def _look_on(url: str, pid: int, seconds: float) -> dict[str, Any]:
    """One viewer and, where there is one, a browser for so long."""
    async with AsyncExitStack() as stack:
        seen, _ = await stack.enter_async_context(looking(url, 1, WARM_S))
        page: chromium.Tab | None = None
        if chromium.program():
            page = await stack.enter_async_context(chromium.tab())
            await page.open(url)
        spent, began = cpu_s(pid), time.monotonic()
        while True:
            await asyncio.sleep(min(SAY_S, max(0.0, began + seconds - time.monotonic())))
            took = time.monotonic() - began
            told = {
                "minutes": took / 60,
                "cpu_percent": 100 * (cpu_s(pid) - spent) / took,
                "client": {"heard": seen[0].heard, "missed": seen[0].missed, "lost_connections": seen[0].lost},
                "browser": await page.tally() if page else None,
            }
            if took >= seconds:
                return told
            sys.stderr.write(f"{tables.lasting(told)}\n")


def _together(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The turns of one count of viewers: sums of what was lost, medians of the rest."""
    lost = ("missed_updates", "lost_connections")
    return {name: (sum if name in lost else statistics.median)(each[name] for each in rounds) for name in rounds[0]}


@contextmanager
def _daemon(settings: Settings, video: Path, fps: float) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A daemon of its own with a page at a free port; gives its process and the page's address."""
    with tempfile.TemporaryDirectory(prefix="fer-edge-benchmark-") as folder:
        page = {"enabled": True, "host": "127.0.0.1", "port": 0, "token_file": None}
        changes = {
            "camera": CameraSettings(source=str(video), loop=True, fps=fps),
            "mqtt": MqttSettings(enabled=False),
            "web": settings.web.model_copy(update=page),
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


def size(url: str) -> int:
    """Bytes of the page's files with every module that any of them names."""
    known = {name: _get(url + name) for name in FILES}
    while fresh := {name for text in known.values() for name in modules(text)} - known.keys():
        known |= {name: _get(url + name) for name in fresh}
    return sum(map(len, known.values()))


def modules(script: bytes) -> list[str]:
    """The modules that a script names."""
    return sorted({part.split(b'"')[0].decode() for part in script.split(b'"./')[1:]})


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())
