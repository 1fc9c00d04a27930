"""Install or remove the systemd service of a pip environment, or copy the example files.

install writes the unit, starts it, and enables it at boot; an existing configuration is kept. files copies
everything in deploy/: the unit, broker set-up, container, Home Assistant, examples. The Debian package and install.sh
do all of this themselves.

example:
  sudo python3 -m venv /opt/fer-edge && sudo /opt/fer-edge/bin/pip install 'fer_edge-0.2.0-py3-none-any.whl[web]'
  sudo /opt/fer-edge/bin/fer-edge service install
  fer-edge service files deploy
"""

from __future__ import annotations

import argparse
import grp
import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from fer_edge import durable
from fer_edge.errors import FerEdgeError, UnavailableError, UsageError

UNIT = "fer-edge.service"
INSTALLED_AS = "/opt/fer-edge/current/bin/fer-edge"
"""Where deploy/fer-edge.service expects the program."""
_UNREACHABLE = ("home", "root", "run/user", "tmp", "var/tmp")
"""What ProtectHome= and PrivateTmp= hide from the service."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("action", choices=("install", "remove", "files"), help="what to do")
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="files: where to copy them")
    parser.add_argument("--no-start", action="store_true", help="install: do not start it now")
    parser.add_argument(
        "--root", type=Path, default=Path("/"), metavar="DIR", help="root of another system, for example a mounted card"
    )


def run(args: argparse.Namespace) -> int:
    """Carry out one action."""
    if args.action == "files":
        return _copy(args.folder)
    if args.folder is not None:
        raise UsageError(f"service {args.action}: takes no folder; for another system use --root {args.folder}")
    if os.geteuid() != 0:
        raise FerEdgeError(f"service {args.action}: must be run as root; try: sudo {sys.argv[0]} service {args.action}")
    if not args.root.is_dir():
        raise UsageError(f"--root {args.root}: no such folder; give the root of a mounted system")
    try:
        return _install(args.root, args.no_start) if args.action == "install" else _remove(args.root)
    except PermissionError as fault:
        raise FerEdgeError(f"service {args.action}: {fault.filename} cannot be written: {fault.strerror}") from None


def deploy_folder() -> Path:
    """The files of deploy/: of the wheel's environment, of the Debian package, or of the checkout."""
    places = (
        Path(sys.prefix) / "share/fer-edge/deploy",
        Path("/usr/share/fer-edge/deploy"),
        Path(__file__).parents[2] / "deploy",
    )
    for place in places:
        if (place / "mosquitto").is_dir():
            return place
    raise UnavailableError(f"service: the files of deploy/ are not in {places[0]}; reinstall the wheel")


def _copy(folder: Path | None) -> int:
    if folder is None:
        raise UsageError("service files: give the folder to copy them to, for example: fer-edge service files deploy")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"service files {folder}: exists and is not empty; choose a new folder")
    source = deploy_folder()
    try:
        shutil.copytree(source, folder, dirs_exist_ok=True)
    except OSError as fault:
        why = fault.strerror or "the folder cannot be created"
        raise UsageError(f"service files {folder}: cannot be written ({why}); choose a different folder") from None
    count = sum(file.is_file() for file in folder.rglob("*"))
    sys.stderr.write(f"{folder}: {count} files\n")
    return 0


def _install(root: Path, no_start: bool) -> int:
    source, program = deploy_folder(), _program(root)
    if (root / "usr/lib/systemd/system" / UNIT).exists():
        raise UsageError(
            "service install: the Debian package already provides the service; see systemctl status fer-edge"
        )
    unit = (source / UNIT).read_text("utf-8").replace(INSTALLED_AS, program)
    _write(root / "etc/systemd/system" / UNIT, unit)
    for name in _drop_ins(root):
        _write(root / f"etc/systemd/system/{UNIT}.d" / name, (source / name).read_text("utf-8"))
    _configure(source, root)
    if not (root / program.lstrip("/")).exists():
        sys.stderr.write(f"the service starts {program}: install fer-edge there on the target, too\n")
    if shutil.which("systemctl") is None:
        sys.stderr.write(
            "systemctl is missing here: enable the service on the target with systemctl enable --now fer-edge\n"
        )
        return 0
    here = root == Path("/") and Path("/run/systemd/system").is_dir()
    _systemctl(root, "enable", UNIT)
    if not here:
        sys.stderr.write("systemd is not running here: the service starts at the next boot\n")
    else:
        _systemctl(root, "daemon-reload")
        if not no_start:
            _systemctl(root, "restart", UNIT)
    return 0


def _remove(root: Path) -> int:
    unit = root / "etc/systemd/system" / UNIT
    if not unit.exists():
        raise UsageError(f"service remove: there is no {unit}")
    if shutil.which("systemctl") is not None:
        here = root == Path("/") and Path("/run/systemd/system").is_dir()
        _systemctl(root, "disable", *(["--now"] if here else []), UNIT)
    unit.unlink()
    for name in ("gpio.conf", "clock.conf", "sound.conf"):
        unit.with_name(f"{UNIT}.d").joinpath(name).unlink(missing_ok=True)
    with suppress(OSError):
        unit.with_name(f"{UNIT}.d").rmdir()
    sys.stderr.write(f"{unit}: removed; {root / 'etc/fer-edge'} and /var/lib/fer-edge are kept\n")
    return 0


def _program(root: Path) -> str:
    """The program that the service starts; raises where the service could not reach it."""
    program = Path(sys.prefix) / "bin/fer-edge"
    if not program.exists():
        raise UsageError(f"service install: there is no {program}; install fer-edge with pip in its own environment")
    inside = program.relative_to(root) if program.is_relative_to(root) else program.relative_to("/")
    if any(inside.is_relative_to(place) for place in _UNREACHABLE):
        raise UsageError(
            f"service install: the service cannot reach {program}: /home, /root and /tmp are hidden from it; "
            "create the environment in /opt/fer-edge"
        )
    return f"/{inside}"


def _drop_ins(root: Path) -> list[str]:
    """Which of deploy/'s additions this machine needs: pins, and a clock that another program sets."""
    with suppress(OSError):
        groups = {line.split(":")[0] for line in (root / "etc/group").read_text("utf-8", "replace").splitlines()}
        clock = any((root / "usr/sbin" / name).exists() for name in ("chronyd", "ntpd"))
        return [*(["gpio.conf"] if "gpio" in groups else []), *(["clock.conf"] if clock else [])]
    return []


def _configure(source: Path, root: Path) -> None:
    """Write the configuration once, named after the machine; later installations leave it alone."""
    file = root / "etc/fer-edge/config.yaml"
    if file.exists():
        sys.stderr.write(f"{file}: kept\n")
        return
    host = "".join(letter for letter in socket.gethostname().split(".")[0] if letter.isalnum() or letter in "-_")
    lines = (source / "config.yaml").read_text("utf-8").splitlines(keepends=True)
    named = (f"node: {host.lstrip('-_') or 'fer-edge'}\n" if line.startswith("node: ") else line for line in lines)
    _write(file, "".join(named), 0o640)
    # A stream's address may hold a password. Members of group video may see cameras anyway.
    with suppress(KeyError, OSError):
        os.chown(file, 0, grp.getgrnam("video").gr_gid)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file whole or not at all, and say so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    durable.write(path, text.encode(), mode=0o600)
    path.chmod(mode)
    sys.stderr.write(f"{path}: written\n")


def _systemctl(root: Path, *arguments: str) -> None:
    command = ["systemctl", *([] if root == Path("/") else [f"--root={root}"]), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise FerEdgeError(f"service: {' '.join(command)} failed: {why[0]}; see journalctl -u fer-edge")
