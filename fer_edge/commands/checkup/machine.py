"""The machine: clock, temperature, permissions, disk, alarms, service."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from fer_edge.commands.checkup.finding import Finding, Verdict
from fer_edge.rights import readable_by_others
from fer_edge.settings import Settings

HOT_C = 75.0
"""A Raspberry Pi slows down from 80 °C (documentation of the firmware's temp_limit)."""
DISK_WARN_MB, DISK_FAIL_MB = 200, 20
"""10,000 waiting events take some 10 MB; the rest is the system's need."""
SERVICE_STATE = Path("/var/lib/fer-edge")
UNIT_FILES = tuple(Path(folder, "fer-edge.service") for folder in ("/etc/systemd/system", "/usr/lib/systemd/system"))
"""The installer's and the package's."""
SYSTEMD_RUNS = Path("/run/systemd/system")


def clock(settings: Settings) -> Iterator[Finding]:
    """Whether the wall clock can be believed."""
    from fer_edge.sinks.clock import SystemClock, iso

    if SystemClock(settings.mqtt.trust_clock).wall_ok():
        yield Finding("clock", "ok", f"{iso(time.time())}, set")
    else:
        yield Finding(
            "clock",
            "warn",
            f"{iso(time.time())}, not confirmed as set: events will have time_ok: false",
            "connect to a network and: sudo timedatectl set-ntp true",
        )


def heat(_: Settings) -> Iterator[Finding]:
    """Temperature, and whether the processor is held back."""
    from fer_edge.service.health import temperature_c, throttled

    warm = temperature_c()
    if warm is None:
        yield Finding("temperature", "ok", "not available on this machine")
    elif warm < HOT_C:
        yield Finding("temperature", "ok", f"{warm:.0f} °C")
    else:
        yield Finding("temperature", "warn", f"{warm:.0f} °C, it slows down at 80", "add a heat sink, a fan or shade")
    if throttled():
        yield Finding(
            "throttling", "warn", "the processor is being throttled", "use a stronger power supply or better cooling"
        )


def permissions(settings: Settings) -> Iterator[Finding]:
    """State can be written, and cameras may be opened."""
    folder = state_folder(settings)
    try:
        file = next((path for path in (folder, *folder.parents) if path.is_file()), None)
        if file is not None:
            yield Finding("state folder", "fail", f"{file}: is a file", "set state_dir to a folder")
        else:
            tempfile.TemporaryFile(dir=_there(folder)).close()
            yield Finding("state folder", "ok", f"{folder}: writable")
    except OSError as error:
        yield Finding(
            "state folder",
            "fail",
            f"{folder}: cannot be written ({(error.strerror or str(error)).lower()}): events are kept in memory only",
            "correct its owner, or set a different state_dir",
        )
    named = (settings.mqtt.password_file, settings.mqtt.tls.key_file, settings.web.token_file)
    for path in (Path(name) for name in named if name):
        if open_to := readable_by_others(path):
            told, _, mend = open_to.partition("; ")
            yield Finding("secrets", "warn", told, mend)
    shut = [path for path in sorted(Path("/dev").glob("video*")) if not os.access(path, os.R_OK | os.W_OK)]
    if shut:
        yield Finding(
            "permissions",
            "fail",
            f"{shut[0]}: no access for this user",
            "sudo usermod -aG video $USER, then log in again",
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
    try:
        there = _there(state_folder(settings))
    except PermissionError:
        return  # which is what the finding on the state folder says
    free_mb = shutil.disk_usage(there).free // 1_000_000
    verdict: Verdict = "ok" if free_mb >= DISK_WARN_MB else "warn" if free_mb >= DISK_FAIL_MB else "fail"
    yield Finding("disk", verdict, f"{there}: {free_mb} MB free", "" if verdict == "ok" else "free some space there")


def alarm(settings: Settings) -> Iterator[Finding]:
    """What the alarms on this machine need: player and pin to start the daemon at all, programs when they are due."""
    if (sound := settings.alarm.sound).enabled:
        player = sound.player[0]
        if shutil.which(player):
            yield Finding(
                "alarm", "ok", f"sounds: {player} plays them; the service needs sound.conf for that (docs/alarms.md)"
            )
        else:
            says = f"alarm.sound.player: {player} is not installed, so the service does not start"
            yield Finding("alarm", "fail", says, "sudo apt install alsa-utils, or choose another player")
    if settings.alarm.gpio.pin is not None and find_spec("gpiozero") is None:
        says = "alarm.gpio: gpiozero is not installed, so the service does not start"
        yield Finding("alarm", "fail", says, "docs/alarms.md says which packages this Python needs")
    for n, command in enumerate(settings.alarm.commands):
        if shutil.which(command.run[0]) is None:
            says = f"alarm.commands.{n}.run: {command.run[0]} does not exist or is not executable"
            yield Finding("alarm", "fail", says, "correct its path, or make it executable (chmod +x)")


def service(_: Settings) -> Iterator[Finding]:
    """The installed service, if there is one."""
    if not any(path.exists() for path in UNIT_FILES) or not SYSTEMD_RUNS.exists():
        return
    active = service_active()
    if active:
        yield Finding("service", "ok", "running")
    elif active is None:
        yield Finding("service", "ok", "installed; cannot tell whether it is running (try with sudo)")
    else:
        yield Finding(
            "service",
            "warn",
            "installed, but not running",
            "journalctl -u fer-edge, then sudo systemctl start fer-edge",
        )


def service_active() -> bool | None:
    """Whether systemd runs fer-edge here; None where it does not answer, as without a message bus."""
    command = ["systemctl", "is-active", "fer-edge"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.returncode == 0 if asked.stdout.strip() else None
