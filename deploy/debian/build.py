"""Builds the Debian packages: ``make deb``. One for each release and architecture, none of which this machine must be.

A Python environment laid out in a package: wheels from the index for the release's Python and the
architecture are unpacked, never built, so no emulator and no chroot is needed. They are those of requirements.lock,
by their hashes, so the same commit gives the same package.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from packaging.requirements import Requirement

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PYTHON = {"12": "3.11", "13": "3.13"}
"""The Python of each Debian release."""
MACHINE = {"amd64": "x86_64", "arm64": "aarch64"}
GLIBC = {"12": 36, "13": 41}
"""The minor version of each release's glibc 2: wheels for it or an older one run there."""
HOME = Path("usr/lib/fer-edge")


def main() -> int:
    """Build every package asked for into ``--out``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path, help="the wheel of fer-edge")
    parser.add_argument("--release", action="append", choices=PYTHON, help="Debian release (default: all)")
    parser.add_argument("--arch", action="append", choices=MACHINE, help="architecture (default: all)")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder of the packages (default: dist)")
    args = parser.parse_args()
    if shutil.which("dpkg-deb") is None:
        parser.error("dpkg-deb is missing; build on Debian, or: sudo apt install dpkg")
    for release in args.release or PYTHON:
        for arch in args.arch or MACHINE:
            began = time.monotonic()
            made = build(args.wheel.resolve(), release, arch, args.out)
            print(f"{made}: {made.stat().st_size / 1e6:.0f} MB in {time.monotonic() - began:.0f} s")  # noqa: T201
    return 0


def build(wheel: Path, release: str, arch: str, out: Path) -> Path:
    """One package; ``dist/fer-edge_VERSION~debRELEASE_ARCH.deb``."""
    version = f"{wheel.name.split('-')[1]}~deb{release}"
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"fer-edge_{version}_{arch}.deb"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        environment(root, wheel, release, arch)
        files(root, version)
        control(root, version, release, arch)
        set_rights(root)
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "--build", str(root), str(target)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return target


def environment(root: Path, wheel: Path, release: str, arch: str) -> None:
    """A virtual environment as the release's Python would make it, filled with wheels for it."""
    python = PYTHON[release]
    home = root / HOME
    site = home / "lib" / f"python{python}" / "site-packages"
    machine = MACHINE[arch]
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC[release], 16, -1)]
    platforms.append(f"manylinux2014_{machine}")
    pip = [sys.executable, "-m", "pip"]
    quiet = ["--quiet", "--quiet", "--disable-pip-version-check"]
    target = ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}"]
    target += [f"--platform={one}" for one in platforms]
    with tempfile.TemporaryDirectory() as wheels:
        # In two steps: to install for another Python, pip compares with its own.
        wanted = Path(wheels) / "wanted.txt"
        wanted.write_text(locked(python, machine))
        download = [*pip, "download", *quiet, *target, "--no-deps", "--require-hashes"]
        subprocess.run([*download, f"--dest={wheels}", "-r", str(wanted)], check=True)
        found = [*sorted(map(str, Path(wheels).glob("*.whl"))), str(wheel)]
        alone = ["--no-deps", "--no-index", "--no-compile", "--ignore-requires-python", f"--target={site}"]
        subprocess.run([*pip, "install", *quiet, *target, *alone, *found], check=True)
    forget_where_from(site)
    shutil.rmtree(site / "bin", ignore_errors=True)
    shutil.rmtree(site / "ai_edge_litert/vendors", ignore_errors=True)  # compilers for other makers' accelerators
    for library in site.glob("ai_edge_litert/libLiteRt*Accelerator.so"):  # for graphics processors
        library.unlink()
    share = root / "usr/share"
    share.mkdir(parents=True)
    shutil.move(site / "share/fer-edge", share / "fer-edge")
    shutil.rmtree(site / "share")
    (home / "bin").mkdir()
    (home / "bin/python3").symlink_to(f"../../../bin/python{python}")
    program = home / "bin/fer-edge"
    program.write_text(f"#!/{HOME}/bin/python3\nfrom fer_edge.cli import program\n\nprogram()\n")
    program.chmod(0o755)
    (home / "pyvenv.cfg").write_text(f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {python}\n")


def locked(python: str, machine: str, without: tuple[str, ...] = ("setuptools",)) -> str:
    """The part of requirements.lock for a Python and a machine; pip would judge its markers by this machine.

    setuptools builds a checkout, and the wheel is built already.
    """
    target = {"python_full_version": f"{python}.0", "platform_machine": machine, "sys_platform": "linux"}
    text = ROOT.joinpath("deploy/requirements.lock").read_text()
    chosen = []
    for entry in re.split(r"\n(?=[a-z])", text.rstrip())[1:]:
        first, _, hashes = entry.partition(" \\\n")
        wanted = Requirement(first)
        if wanted.name not in without and (wanted.marker is None or wanted.marker.evaluate(target)):
            chosen.append(f"{wanted.name}{wanted.specifier} \\\n{hashes}\n")
    return "".join(chosen)


def forget_where_from(site: Path) -> None:
    """Remove what pip notes of the folder that a wheel was installed from: it is gone, and another each time."""
    notes = ("direct_url.json", "REQUESTED")
    for record in site.glob("*.dist-info/RECORD"):
        for name in notes:
            record.with_name(name).unlink(missing_ok=True)
        lines = record.read_text().splitlines(keepends=True)
        record.write_text("".join(line for line in lines if line.split(",")[0].rpartition("/")[2] not in notes))


def files(root: Path, version: str) -> None:
    """What stands around it: command, unit, manual, papers. postinst writes the configuration."""
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/fer-edge").symlink_to("../lib/fer-edge/bin/fer-edge")
    deploy = root / "usr/share/fer-edge/deploy"
    deploy.joinpath("install.sh").unlink()
    unit = deploy.joinpath("fer-edge.service").read_text()
    deploy.joinpath("fer-edge.service").unlink()
    place(root / "usr/lib/systemd/system/fer-edge.service", unit.replace("/opt/fer-edge/current/bin/", "/usr/bin/"))
    papers = root / "usr/share/doc/fer-edge"
    place(papers / "copyright", HERE.joinpath("copyright").read_text())
    day = time.strftime(
        "%a, %d %b %Y %H:%M:%S +0000", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())))
    )
    log = f"fer-edge ({version}) stable; urgency=medium\n\n  * See /usr/share/doc/fer-edge/CHANGELOG.md.gz.\n\n"
    zipped(papers / "changelog.gz", f"{log} -- fer-edge maintainers <maintainers@fer-edge.invalid>  {day}\n")
    zipped(papers / "CHANGELOG.md.gz", ROOT.joinpath("CHANGELOG.md").read_text())
    zipped(root / "usr/share/man/man1/fer-edge.1.gz", manual())
    place(root / "usr/share/lintian/overrides/fer-edge", HERE.joinpath("lintian-overrides").read_text())


def control(root: Path, version: str, release: str, arch: str) -> None:
    """What dpkg reads: the description, maintainer scripts, checksums."""
    python = PYTHON[release]
    following = f"3.{int(python.split('.')[1]) + 1}"
    size = sum(file.lstat().st_size for file in root.rglob("*") if not file.is_dir()) // 1024
    told = {"VERSION": version, "ARCH": arch, "PYTHON": python, "NEXT": following, "SIZE": str(size)}
    text = re.sub("@([A-Z]+)@", lambda found: told[found[1]], HERE.joinpath("control").read_text())
    sums = [
        subprocess.run(["md5sum", file.relative_to(root)], cwd=root, capture_output=True, text=True, check=True).stdout
        for file in sorted(root.rglob("*"))
        if file.is_file() and not file.is_symlink()
    ]
    place(root / "DEBIAN/control", text)
    place(root / "DEBIAN/md5sums", "".join(sums))
    for script in ("postinst", "prerm", "postrm"):
        place(root / "DEBIAN" / script, HERE.joinpath(script).read_text())
        (root / "DEBIAN" / script).chmod(0o755)


def manual() -> str:
    """The manual page: every command with its line."""
    sys.path.insert(0, str(ROOT))
    from fer_edge.commands.catalogue import COMMANDS

    lines = "".join(
        f".TP\n.B fer-edge {name.replace('-', chr(92) + '-')}\n{about}\n" for name, about in COMMANDS.items()
    )
    return (
        '.TH FER\\-EDGE 1 "" "fer-edge" "User Commands"\n'
        ".SH NAME\nfer\\-edge \\- driver monitoring from a camera to MQTT\n"
        ".SH SYNOPSIS\n.B fer\\-edge\n.I COMMAND\n[options]\n.SH COMMANDS\n" + lines + ".SH FILES\n"
        ".I /etc/fer\\-edge/config.yaml\n.br\n.I /var/lib/fer\\-edge\n"
        ".SH SEE ALSO\n.B fer\\-edge COMMAND \\-\\-help\nlists the options of a command.\n"
    )


def place(path: Path, text: str) -> None:
    """Write a file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def zipped(path: Path, text: str) -> None:
    """The same, compressed without a name or a time, so that the same text is the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def set_rights(root: Path) -> None:
    """Debian's modes; programs and the scripts of deploy/ can be started, libraries and modules need not be."""
    starts = (HOME / "bin", Path("DEBIAN"), Path("usr/share/fer-edge"))
    for file in root.rglob("*"):
        if file.is_symlink():
            continue
        runs = file.is_dir() or (
            file.stat().st_mode & 0o111 and any(file.relative_to(root).is_relative_to(one) for one in starts)
        )
        file.chmod(0o755 if runs else 0o644)


if __name__ == "__main__":
    sys.exit(main())
