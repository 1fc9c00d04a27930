"""A Debian system of another architecture whose programs run here through qemu-user, and what it takes to make one.

Debian's own packages are unpacked, not configured: their maintainer scripts start hundreds of small programs,
each of which takes qemu a second or more. What the scripts would write and somebody needs is written here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from tests.deploy.debian import BASES, SUITES

PROCESSOR = {"12": "cortex-a72", "13": "cortex-a76"}
"""Those of a Raspberry Pi 4 and 5: without and with dot products, so the networks run through different kernels. qemu's
own choice has every extension there is and takes twice as long."""
PACKAGES = ("python3", "python3-venv", "ca-certificates", "systemd", "mosquitto")


MOUNTED = (("proc", "proc", ()), ("devpts", "dev/pts", ("-o", "newinstance,ptmxmode=0666")))
WRITTEN = {
    "etc/hosts": "127.0.0.1 localhost\n",
    # Without these two LiteRT's library complains on the standard error of every program.
    "sys/devices/system/cpu/possible": "0\n",
    "sys/devices/system/cpu/present": "0\n",
}


class Emulated:
    """The root of an arm64 system; ``work`` is a folder seen as /trial inside. Its programs share this network.

    It has /proc and terminals while it is entered. Nothing mounts /sys: LiteRT crashes with it under qemu.
    """

    def __init__(self, release: str, root: Path) -> None:
        self.release, self.root, self.work = release, root, root / "trial"
        self.work.mkdir(exist_ok=True)
        for name, text in WRITTEN.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        # Debian 13's pip begins by reading the system's bundle, with or without an index.
        bundle = root / "etc/ssl/certs/ca-certificates.crt"
        certificates = sorted((root / "usr/share/ca-certificates/mozilla").glob("*.crt"))
        bundle.write_text("".join(path.read_text() for path in certificates))

    def __enter__(self) -> Emulated:
        for kind, folder, options in MOUNTED:
            if not (self.root / folder).is_mount():
                subprocess.run(["mount", "-t", kind, *options, kind, self.root / folder], check=True)
        return self

    def __exit__(self, *_: object) -> None:
        # Lazily: a program that a test left behind must not keep them.
        subprocess.run(["umount", "--lazy", *(self.root / folder for _, folder, _ in MOUNTED)], check=True)

    def run(self, *command: str, timeout: float = 10800.0, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A program inside, with the variables that stand before it; says how long it took.

        qemu is named its processor by the environment, in which each program starts the next.
        """
        processor = {"QEMU_CPU": PROCESSOR[self.release]}
        began = time.monotonic()
        paths = "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        done = subprocess.run(
            ["chroot", self.root, "/usr/bin/env", "-i", paths, "HOME=/root", "LG_WD=/tmp",
             *(f"{name}={value}" for name, value in processor.items()), *command],
            capture_output=True, text=True, timeout=timeout, check=False, env={**os.environ, **processor},
        )  # fmt: skip
        shown = " ".join(word for word in command if "=" not in word[:30])[:70]
        print(f"Debian {self.release} arm64: {shown!r}: {time.monotonic() - began:.0f} s, exit {done.returncode}")
        assert not check or done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done

    def python(self, *arguments: str, timeout: float = 10800.0) -> subprocess.CompletedProcess[str]:
        """The package's Python with its own packages."""
        return self.run("/usr/lib/fer-edge/bin/python3", *arguments, timeout=timeout)


def arm64_debian(release: str) -> Path:
    """The root of that release for arm64, made once: a minute, 400 MB."""
    base = BASES / f"debian-{release}-arm64"
    if (base / ".complete").exists():
        return base
    shutil.rmtree(base, ignore_errors=True)
    base.parent.mkdir(parents=True, exist_ok=True)
    wanted = f"--include={','.join(PACKAGES)}"
    command = ["debootstrap", "--arch=arm64", "--foreign", "--variant=minbase", wanted, SUITES[release], str(base)]
    subprocess.run(command, check=True, timeout=900, stdout=subprocess.DEVNULL)
    archives = base / "var/cache/apt/archives"
    for package in sorted(archives.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, base], check=True)
    shutil.rmtree(archives)
    for name in ("passwd", "group"):
        shutil.copy(base / f"usr/share/base-passwd/{name}.master", base / "etc" / name)
    for folder in ("run/lock", "etc/systemd/system"):
        (base / folder).mkdir(parents=True, exist_ok=True)
    (base / ".complete").touch()
    return base
