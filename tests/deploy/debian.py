"""A fresh Debian to install into: made once by debootstrap, then copied on write by every test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

BASES = Path(os.environ.get("FER_EDGE_DEBIAN", ROOT / "build"))
"""Where the fresh systems live; making one takes a minute or two and 300 MB."""
SUITES = {"12": "bookworm", "13": "trixie"}


def fresh_debian(release: str = "12", packages: tuple[str, ...] = ()) -> Path:
    """The root of a minimal Debian with systemd and these packages. Skips where it cannot be made."""
    base = BASES / "-".join(("debian", release, *packages))
    if (base / "usr/bin/dpkg").exists() and not (base / "debootstrap").exists():
        return base
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        pytest.skip("a fresh Debian needs root and debootstrap (sudo apt install debootstrap)")
    shutil.rmtree(base, ignore_errors=True)
    base.parent.mkdir(parents=True, exist_ok=True)
    wanted = ",".join(("systemd-sysv", "ca-certificates", *packages))
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={wanted}", SUITES[release], str(base)],
        check=True,
        timeout=900,
    )
    return base


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
