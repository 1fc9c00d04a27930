"""What ``fer-edge doctor`` looks at: each check answers with findings, and none changes anything."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fer_edge.addresses import without_credentials
from fer_edge.errors import FerEdgeError, UnavailableError
from fer_edge.settings import Settings

if TYPE_CHECKING:
    from fer_edge.core import Frame, Image

Verdict = Literal["ok", "warn", "fail"]

CAMERA_S = 2.0
"""How long frames are counted, seconds."""
PATIENCE_S = 12.0
"""A camera without a first frame, or a driver that does not return, is given up after so long, seconds."""
BROKER_S = 6.0
"""A broker that has not accepted us after so long is called unreachable, seconds."""
SLOW = 0.8
"""A camera that gives a smaller share of the frames asked for is worth a word."""
HOT_C = 75.0
"""A Raspberry Pi slows down from 80 °C (documentation of the firmware's temp_limit)."""
DISK_WARN_MB, DISK_FAIL_MB = 200, 20
"""10,000 waiting events take some 10 MB; the rest is the system's need."""
SERVICE_STATE = Path("/var/lib/fer-edge")
SERVICE_PASSWORD = Path("/etc/credstore/fer-edge.mqtt-password")
UNIT_FILE = Path("/etc/systemd/system/fer-edge.service")


@dataclass(frozen=True)
class Finding:
    """One line of the verdict: ``says`` what is, ``do`` what to do about it (empty where nothing is)."""

    name: str
    verdict: Verdict
    says: str
    do: str = ""


def fault(name: str, error: Exception, verdict: Verdict = "fail") -> Finding:
    """A finding from an error; the errors of fer-edge end in what to do, after a semicolon."""
    says, _, do = str(error).rpartition("; ")
    return Finding(name, verdict, says or do, do if says else "")


# --- what is seen -------------------------------------------------------------------------------


def camera(settings: Settings) -> Iterator[Finding]:
    """The configured source opens, and how many frames a second it really gives."""
    from fer_edge.sources import cameras

    found = cameras()
    yield Finding("cameras here", "ok", ", ".join(found) if found else "none with a /dev/video*")
    source = without_credentials(settings.camera.source)
    try:
        frames = _frames(settings)
    except FerEdgeError as error:
        if "busy" in str(error) and service_active():
            yield Finding("camera", "ok", f"{source}: in use by the running service")
        else:
            yield fault("camera", error)
        return
    yield _rate(settings, frames)
    if _unlit(frames[-1]):
        yield Finding(
            "picture", "warn", f"{source}: dark or covered", "uncover the lens, turn on a light or the infrared lamp"
        )
    from fer_edge.perception.mounting import turn_of

    if turn := turn_of([_grey(frame) for frame in frames[:: max(len(frames) // 4, 1)]], settings.perception):
        rotation = (settings.camera.rotation + (-turn if settings.camera.mirror else turn)) % 360
        lies = "stands on its head" if turn == 180 else "lies on its side"
        yield Finding("picture", "warn", f"{source}: the face in it {lies}", f"set camera.rotation: {rotation}")


def _frames(settings: Settings) -> list[Frame]:
    """The frames of about 2 s; at least one. Raises FerEdgeError; also for a driver that hangs."""
    from fer_edge.errors import SourceUnavailable
    from fer_edge.sources import make_source

    source = make_source(settings.camera.source, settings.camera, paced=True)
    frames: list[Frame] = []
    faults: list[FerEdgeError] = []

    def read() -> None:
        try:
            source.open()
            while not frames or frames[-1].at - frames[0].at < CAMERA_S:
                frames.append(source.read())
        except FerEdgeError as error:
            faults.append(error)
        finally:
            source.close()

    # In a thread of its own: a call that hangs in a driver cannot be ended.
    reader = threading.Thread(target=read, name="doctor's camera", daemon=True)
    reader.start()
    reader.join(PATIENCE_S)
    if frames:
        return list(frames)
    if faults:
        raise faults[0]
    raise SourceUnavailable(f"{source.name}: no frame in {PATIENCE_S:.0f} s; unplug it and plug it in again")


def _rate(settings: Settings, frames: list[Frame]) -> Finding:
    height, width = frames[-1].image.shape[:2]
    seconds = frames[-1].at - frames[0].at
    rate = (len(frames) - 1) / seconds if seconds > 0 else 0.0
    says = f"{without_credentials(settings.camera.source)}: {width} x {height}, {rate:.1f} frames/s"
    wanted = settings.camera.fps
    if rate >= SLOW * wanted or settings.camera.source.startswith("sim:"):
        return Finding("camera", "ok", says)
    return Finding(
        "camera",
        "warn",
        f"{says} of {wanted:g} asked for",
        "more light, camera.pixel_format: MJPG, or a smaller picture",
    )


def _unlit(frame: Frame) -> bool:
    from fer_edge.core import Lens
    from fer_edge.perception import quality

    return quality.lens(_grey(frame)) is not Lens.CLEAR


def _grey(frame: Frame) -> Image:
    import cv2

    return frame.image if frame.image.ndim == 2 else cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)


def models(settings: Settings) -> Iterator[Finding]:
    """Every model loads, matches its card's hash, and runs in which interpreter."""
    from fer_edge.perception.reader import Perception

    try:
        loaded = Perception(settings).models
    except FerEdgeError as error:
        yield fault("models", error)
        return
    names = ", ".join(f"{model.name} {str(model.card.get('sha256') or 'no hash')[:8]}" for model in loaded)
    yield Finding("models", "ok", names or "none needed")
    yield Finding("runtime", "ok", ", ".join(sorted({model.runtime for model in loaded})) or "none needed")


# --- where it goes ------------------------------------------------------------------------------


def broker(settings: Settings) -> Iterator[Finding]:
    """The broker accepts us: name, TCP, TLS, user and password; one on this machine is open to others."""
    from fer_edge.commands import reach
    from fer_edge.sinks.subscriber import Subscriber

    mqtt = settings.mqtt
    where = f"{mqtt.host}:{mqtt.port}"
    if not mqtt.enabled:
        yield Finding("broker", "ok", "switched off (mqtt.enabled)")
        return
    _take_the_services_password()
    try:
        subscriber = Subscriber(mqtt, (f"{mqtt.topic_prefix}/{settings.node}/status",))
    except FerEdgeError as error:
        yield fault("broker", error)
        return
    ends = time.monotonic() + BROKER_S
    for _ in subscriber.messages(0.1):
        if subscriber.connected or subscriber.fault or time.monotonic() > ends:
            break
    if subscriber.connected:
        yield Finding("broker", "ok", f"{where}: accepts us")
    else:
        why = subscriber.fault or f"{where}: no answer; check mqtt.host, mqtt.port and the network"
        why = reach.explained(mqtt, why.removeprefix("broker ").removesuffix("; connecting again"))
        yield fault("broker", UnavailableError(why))
    up = subscriber.connected
    subscriber.close()
    if up and reach.is_here(mqtt.host) and (address := reach.own_address()) and not reach.listens(address, mqtt.port):
        says = f"{where}: hears this machine only (nothing listens on {address})"
        yield Finding("broker reach", "warn", says, f"fine if nobody else subscribes; else {reach.GUIDE}")


def _take_the_services_password() -> None:
    """As root: the password that systemd gives the service, unless one is given already."""
    from fer_edge.sinks.mqtt import VARIABLE

    given = {"CREDENTIALS_DIRECTORY", VARIABLE} & os.environ.keys()
    if not given and os.access(SERVICE_PASSWORD, os.R_OK):
        os.environ[VARIABLE] = SERVICE_PASSWORD.read_text("utf-8").rstrip("\r\n")


# --- the machine --------------------------------------------------------------------------------


def clock(settings: Settings) -> Iterator[Finding]:
    """Whether the wall clock can be believed."""
    from fer_edge.sinks.clock import SystemClock, iso

    if SystemClock(settings.mqtt.trust_clock).wall_ok():
        yield Finding("clock", "ok", f"{iso(time.time())}, set")
    else:
        yield Finding(
            "clock",
            "warn",
            f"{iso(time.time())}, not known to be set: events will say time_ok false",
            "connect to a network and: sudo timedatectl set-ntp true",
        )


def heat(_: Settings) -> Iterator[Finding]:
    """Temperature, and whether the processor is held back."""
    from fer_edge.service.health import temperature_c, throttled

    warm = temperature_c()
    if warm is None:
        yield Finding("temperature", "ok", "not measured by this machine")
    elif warm < HOT_C:
        yield Finding("temperature", "ok", f"{warm:.0f} °C")
    else:
        yield Finding("temperature", "warn", f"{warm:.0f} °C, it slows down at 80", "a heat sink, a fan, or shade")
    if throttled():
        yield Finding(
            "throttling", "warn", "the processor is held back now", "a stronger power supply or better cooling"
        )


def permissions(settings: Settings) -> Iterator[Finding]:
    """State can be written, and cameras may be opened."""
    folder = state_folder(settings)
    try:
        tempfile.TemporaryFile(dir=_there(folder)).close()
        yield Finding("state folder", "ok", f"{folder}: can be written")
    except OSError as error:
        yield Finding(
            "state folder",
            "fail",
            f"{folder}: cannot be written ({(error.strerror or str(error)).lower()}): events live in memory only",
            "correct its owner, or name another one in state_dir",
        )
    shut = [path for path in sorted(Path("/dev").glob("video*")) if not os.access(path, os.R_OK | os.W_OK)]
    if shut:
        yield Finding(
            "permissions", "fail", f"{shut[0]}: not for this user", "sudo usermod -aG video $USER, then log in again"
        )


def state_folder(settings: Settings) -> Path:
    """Where the daemon keeps its state; for root on a machine with the service, the service's."""
    from fer_edge.service.memory import state_dir

    if settings.state_dir or "STATE_DIRECTORY" in os.environ or os.geteuid() != 0 or not SERVICE_STATE.exists():
        return state_dir(settings.state_dir)
    return SERVICE_STATE


def _there(folder: Path) -> Path:
    """The folder, or what there is of the way to it."""
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def disk(settings: Settings) -> Iterator[Finding]:
    """Room for events that wait for the broker."""
    there = _there(state_folder(settings))
    free_mb = shutil.disk_usage(there).free // 1_000_000
    verdict: Verdict = "ok" if free_mb >= DISK_WARN_MB else "warn" if free_mb >= DISK_FAIL_MB else "fail"
    yield Finding("disk", verdict, f"{there}: {free_mb} MB free", "" if verdict == "ok" else "free some space there")


def service(_: Settings) -> Iterator[Finding]:
    """The installed service, if there is one."""
    if not UNIT_FILE.exists() or not Path("/run/systemd/system").exists():
        return
    if service_active():
        yield Finding("service", "ok", "runs")
    else:
        yield Finding(
            "service",
            "warn",
            "installed, but it does not run",
            "journalctl -u fer-edge, then sudo systemctl start fer-edge",
        )


def service_active() -> bool:
    """Whether systemd runs fer-edge here."""
    try:
        return subprocess.run(["systemctl", "is-active", "--quiet", "fer-edge"], check=False, timeout=5).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    models,
    camera,
    broker,
    clock,
    heat,
    permissions,
    disk,
    service,
)
