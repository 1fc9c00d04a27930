"""arm64, run and not assumed: package, installer and the product's own tests on emulated Debian 12 and 13.

`make deb test-arm64`, for one release `make deb test-arm64 RELEASES=12`. Times under qemu say nothing about a
Raspberry Pi.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fer_edge import __version__
from fer_edge.perception.interpreter import MODELS, Model
from tests.conftest import ROOT, Run
from tests.deploy.emulated import Emulated, arm64_debian
from tests.deploy.test_install import film
from tests.deploy.test_same_bytes import script
from tests.test_runtimes import pictures

pytestmark = [
    pytest.mark.skipif("FER_EDGE_TEST_ARM64" not in os.environ, reason="takes many minutes: make deb test-arm64"),
    pytest.mark.timeout(10800),
]

RELEASES = os.environ.get("FER_EDGE_ARM64_RELEASES", "12 13").split()
PYTHON = {"12": "3.11", "13": "3.13"}
QEMU_FOR_13 = 10
"""7.2 ends in a segmentation fault as LiteRT loads a model, 10.0 does not; nothing between was tried."""
WORST_STEPS, MEAN_STEPS = 16.0, 2.0
"""How far answers may lie apart, in steps (of 256) of an output's range: as between two runtimes on one processor."""
ANSWERS = """
import sys, numpy as np
from fer_edge.perception.interpreter import MODELS, Model
with np.load("/trial/in.npz") as given:
    told = {}
    for name in given.files:
        model = Model(MODELS / f"{name}.tflite")
        told[name] = np.stack([np.concatenate([v.ravel() for v in model.run(p)]) for p in given[name]])
np.savez("/trial/out.npz", **told)
"""
HOURS_OF_DRIVES = ("accuracy", "learning", "simulation")
"""Statistics over hours of simulated driving, in Python alone: a third of all, and nothing in them is a processor's."""
WITHOUT_SPAWN = "import subprocess; subprocess._USE_POSIX_SPAWN = False"
"""qemu-user cannot share memory with a spawned child, so posix_spawn, which Python 3.13 takes more often, calls a
program started that cannot be. Python documents this switch for such systems."""
OWN_TESTS = {
    "monitoring": " ".join(
        ["tests/monitoring", *(f"--ignore=tests/monitoring/test_{name}.py" for name in HOURS_OF_DRIVES)]
    ),
    "perception": "tests/perception",
    "sinks": "tests/sinks",
    "sources": "tests/sources",
    "commands": "tests/test_classify.py tests/test_annotate.py tests/test_commands.py",
}


@pytest.fixture(scope="module", params=RELEASES)
def emulated(request: pytest.FixtureRequest) -> Iterator[Emulated]:
    release: str = request.param
    if os.geteuid() != 0 or shutil.which("debootstrap") is None or shutil.which("qemu-aarch64-static") is None:
        pytest.skip("needs root: sudo apt install debootstrap qemu-user-static binfmt-support")
    said = subprocess.run(["qemu-aarch64-static", "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"version (\d+)", said)
    if release == "13" and (version is None or int(version[1]) < QEMU_FOR_13):
        pytest.skip(
            f"LiteRT for Python 3.13 crashes in {said.split('(')[0].strip()}: install qemu 10 (docs/operations.md)"
        )
    package = ROOT / f"dist/fer-edge_{__version__}~deb{release}_arm64.deb"
    if not package.exists():
        pytest.skip(f"no arm64 package for Debian {release} in dist/: make deb")
    base = arm64_debian(release)
    shutil.rmtree(base / "usr/lib/fer-edge", ignore_errors=True)
    subprocess.run(["dpkg-deb", "-x", package, base], check=True)
    with Emulated(release, base) as system:
        probe = system.run("/usr/bin/python3", "-c", "import platform; print(platform.machine())", check=False)
        if probe.stdout.strip() != "aarch64":
            pytest.skip(f"arm64 programs do not run here (binfmt_misc): {probe.stderr[-200:]}")
        checkout(system.work / "src")
        yield system


def checkout(target: Path) -> None:
    """A copy of this checkout without what was built in it."""
    shutil.rmtree(target, ignore_errors=True)
    skipped = shutil.ignore_patterns("__pycache__")
    for name in ("fer_edge", "tests", "deploy", "docs"):
        shutil.copytree(ROOT / name, target / name, ignore=skipped)
    for name in ("pyproject.toml", "config.yaml", "README.md"):
        shutil.copy(ROOT / name, target)


@pytest.fixture(scope="module")
def tests_site(emulated: Emulated) -> None:
    """What the tests need and the package does not have, unpacked from wheels for that Python."""
    site, python = emulated.work / "tests-site", PYTHON[emulated.release]
    packages = emulated.root / f"usr/lib/fer-edge/lib/python{python}/site-packages"
    # For the programs that tests start, too.
    (packages / "tests.pth").write_text(f"/trial/tests-site\n{WITHOUT_SPAWN}\n")
    if (site / ".complete").exists():
        return
    pip = [sys.executable, "-m", "pip"]
    target = ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}", "--quiet", "--quiet"]
    target += [f"--platform=manylinux_2_{n}_aarch64" for n in (28, 17)] + ["--platform=manylinux2014_aarch64"]
    needs = ["pytest", "pytest-timeout", "hypothesis", "jinja2", "jsonschema"]
    wheels = emulated.work / "wheels"
    subprocess.run([*pip, "download", *target, f"--dest={wheels}", *needs], check=True)
    # What the package brings itself comes from the package.
    brought = ("numpy-", "opencv")
    found = sorted(str(path) for path in wheels.glob("*.whl") if not path.name.startswith(brought))
    alone = ["--no-deps", "--no-index", "--ignore-requires-python", f"--target={site}"]
    subprocess.run([*pip, "install", *target, *alone, *found], check=True)
    (site / ".complete").touch()


def test_every_shipped_model_answers_as_on_this_machine(emulated: Emulated) -> None:
    models = {path.stem: Model(path, runtime="litert") for path in sorted(MODELS.glob("*.tflite"))}
    shown = {name: pictures(model) for name, model in models.items()}
    np.savez(emulated.work / "in.npz", **shown)
    emulated.python("-c", ANSWERS)
    with np.load(emulated.work / "out.npz") as told:
        for name, model in models.items():
            here = np.stack([np.concatenate([v.ravel() for v in model.run(p)]) for p in shown[name]])
            ends = np.cumsum(model.output_sizes)[:-1]
            reach = [part.max() - part.min() for part in np.split(here, ends, axis=1)]
            steps = np.concatenate([np.full(n, r / 256) for n, r in zip(model.output_sizes, reach, strict=True)])
            apart = np.abs(here - told[name]) / steps
            print(f"{name}: {apart.max():.2f} steps apart at worst, {apart.mean():.3f} in the mean")
            assert apart.max() <= WORST_STEPS and apart.mean() <= MEAN_STEPS, name


def test_a_clip_is_told_as_on_this_machine(emulated: Emulated, fer_edge: Run) -> None:
    film(emulated.work / "driver.avi", seconds=5)
    here = fer_edge("replay", emulated.work / "driver.avi", "--json").stdout.splitlines()[:60]
    there = emulated.run("fer-edge", "replay", "/trial/driver.avi", "--json").stdout.splitlines()
    assert len(there) > 60
    for mine, theirs in zip(map(json.loads, here), map(json.loads, there[:60]), strict=True):
        assert (mine["kind"], mine.get("n")) == (theirs["kind"], theirs.get("n"))
        if mine["kind"] == "frame" and mine["face"] and theirs["face"]:
            assert np.allclose(mine["face"]["box"], theirs["face"]["box"], atol=4)
            if mine["yaw"] is not None and theirs["yaw"] is not None:
                assert abs(mine["yaw"] - theirs["yaw"]) < 4


def test_a_pin_library_is_there_and_the_alarm_says_what_is_missing(emulated: Emulated) -> None:
    emulated.python("-c", "import lgpio, gpiozero; assert hasattr(lgpio, 'gpiochip_open'), 'an empty stub'")
    refused = emulated.run(
        "fer-edge", "run", "--source=/trial/driver.avi", "--set=mqtt.enabled=false", "--set=alarm.gpio.pin=17",
        "--set=state_dir=/trial/state", check=False,
    )  # fmt: skip
    assert refused.returncode == 69 and "pin 17 cannot be used" in refused.stderr, refused.stderr


@pytest.mark.parametrize("what", OWN_TESTS)
def test_its_own_tests_pass_there(emulated: Emulated, tests_site: None, what: str) -> None:
    # hypothesis's own profile for slow machines has no deadline.
    options = "-v -p no:cacheprovider --timeout=900 -rfEs --durations=10 --hypothesis-profile=ci"
    command = f"cd /trial/src && /usr/lib/fer-edge/bin/python3 -m pytest {options} {OWN_TESTS[what]}"
    # A later run writes a log of its own: an hour of emulation is not lost to the next.
    log = emulated.work / f"{what}-{time.strftime('%m%dT%H%M')}.log"
    print(f"progress: tail -f {log}")
    variables = ("PYTHONPATH=/trial/src", "FER_EDGE_TEST_PATIENCE_S=900")
    done = emulated.run(*variables, "sh", "-c", f"{command} >/trial/{log.name} 2>&1", check=False)
    lines = log.read_text().splitlines()
    print("\n".join([line for line in lines if line.startswith("SKIPPED")] + lines[-1:]))
    failures = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
    assert done.returncode == 0, "\n".join([f"{log}:", *failures, *lines[-1:]])


def locked_wheels(emulated: Emulated) -> list[str]:
    """pip's settings for a folder of the locked wheels: qemu is too slow for the index's TLS handshake."""
    python, folder = PYTHON[emulated.release], emulated.work / "locked"
    folder.mkdir(exist_ok=True)
    wanted = folder / "wanted.txt"
    wanted.write_text(script("debian/build.py").locked(python, "aarch64", without=()))
    target = ["--only-binary=:all:", "--no-deps", "--implementation=cp", f"--python-version={python}"]
    target += [f"--platform=manylinux_2_{n}_aarch64" for n in range(36, 16, -1)] + ["--platform=manylinux2014_aarch64"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--quiet", *target, "--require-hashes"]
    subprocess.run([*command, f"--dest={folder}", "-r", str(wanted)], check=True)
    return ["PIP_NO_INDEX=1", "PIP_FIND_LINKS=/trial/locked"]


def test_install_sh_installs_a_checkout_and_removes_it_again(emulated: Emulated) -> None:
    settings = locked_wheels(emulated)
    film(emulated.work / "driver.avi", seconds=5)
    for folder in ("etc/fer-edge", "opt/fer-edge"):  # the package's configuration, and an earlier try's version
        shutil.rmtree(emulated.root / folder, ignore_errors=True)
    installer = "/trial/src/deploy/install.sh"
    installed = emulated.run(*settings, installer, check=False)
    log = emulated.root / "var/log/fer-edge-install.log"
    assert installed.returncode == 0, installed.stdout + installed.stderr + log.read_text()[-3000:]
    assert emulated.run("/usr/local/bin/fer-edge", "--version").stdout.startswith("fer-edge ")
    assert emulated.run("stat", "-c", "%a %U:%G", "/etc/fer-edge/config.yaml").stdout.strip() == "640 root:video"
    assert emulated.run("systemctl", "is-enabled", "fer-edge.service").stdout.strip() == "enabled"
    frames = emulated.run("/usr/local/bin/fer-edge", "replay", "/trial/driver.avi", "--json").stdout.splitlines()
    assert sum(json.loads(line).get("face") is not None for line in frames) > 50
    size = sum(file.lstat().st_size for file in (emulated.root / "opt/fer-edge").rglob("*"))
    print(f"/opt/fer-edge: {size / 1e6:.0f} MB")
    assert "already installed" in emulated.run(*settings, installer).stdout
    emulated.run(installer, "--uninstall", "--purge")
    left = emulated.run("find", "/opt", "/etc", "/usr/local", "/var/lib", "-name", "*fer-edge*").stdout
    assert left == ""
