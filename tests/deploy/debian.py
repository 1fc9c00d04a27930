"""A fresh Debian 12 to install into: made once by debootstrap, then copied on write by every test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

BASE = Path(os.environ.get("FER_EDGE_DEBIAN", ROOT / "build" / "debian-12"))
"""Where the fresh system lives; making it takes a minute or two and 300 MB."""


def fresh_debian() -> Path:
    """The root of a minimal Debian 12 with systemd. Skips where it cannot be made."""
    if (BASE / "usr/bin/dpkg").exists() and not (BASE / "debootstrap").exists():
        return BASE
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        pytest.skip("a fresh Debian needs root and debootstrap (sudo apt install debootstrap)")
    shutil.rmtree(BASE, ignore_errors=True)
    BASE.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["debootstrap", "--variant=minbase", "--include=systemd-sysv,ca-certificates", "bookworm", str(BASE)],
        check=True,
        timeout=900,
    )
    return BASE


def pip_environment() -> dict[str, str]:
    """This machine's pip settings that come from the environment, for the pip inside."""
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.endswith("_proxy")}


def pip_binds() -> dict[Path, str]:
    """Folders and files of this machine that its pip settings name, and the file they stand in."""
    told = subprocess.run([sys.executable, "-m", "pip", "config", "debug"], capture_output=True, text=True, check=True)
    named = re.findall(r"(?:file://)?(/[\w./+-]+)", told.stdout)
    named += [word for value in pip_environment().values() for word in re.findall(r"(/[\w./+-]+)", value)]
    # An index in a folder links to files beside it; a folder inside a bound one comes with it.
    paths = {Path(name).parent if name.endswith("/simple") else Path(name) for name in named if Path(name).exists()}
    return {
        path: str(path)
        for path in sorted(paths)
        if not any(path != other and path.is_relative_to(other) for other in paths)
    }
