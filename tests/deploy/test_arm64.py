"""The arm64 packages run on emulated Debian 12 and 13 systems, and say what amd64 says. `make deb test-arm64`.

The systems are made of Debian's own packages, unpacked and not configured: qemu would take an hour for the
maintainer scripts. Times under qemu say nothing about a Raspberry Pi. Nothing mounts /sys: LiteRT crashes with it
under qemu.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fer_edge.perception.interpreter import MODELS, Model
from tests.conftest import ROOT, Run
from tests.deploy.debian import BASES, SUITES
from tests.deploy.test_install import film
from tests.test_runtimes import pictures

pytestmark = [
    pytest.mark.skipif("FER_EDGE_TEST_ARM64" not in os.environ, reason="takes many minutes: make deb test-arm64"),
    pytest.mark.timeout(3600),
]

PYTHON = {"12": "3.11", "13": "3.13"}
QEMU_FOR_13 = 10
"""7.2 ends in a segmentation fault as LiteRT loads a model, 10.0 does not; nothing between was tried."""
WORST_STEPS, MEAN_STEPS = 16.0, 2.0
"""How far answers may lie apart, in steps (of 256) of an output's range: as between two runtimes on one processor."""
ANSWERS = """
import sys, numpy as np
from fer_edge.perception.interpreter import Model
with np.load("/trial/in.npz") as given:
    told = {}
    for name in given.files:
        model = Model("/usr/lib/fer-edge/lib/python%d.%d/site-packages/fer_edge/models/%s.tflite" % (*sys.version_info[:2], name))
        told[name] = np.stack([np.concatenate([v.ravel() for v in model.run(p)]) for p in given[name]])
np.savez("/trial/out.npz", **told)
"""  # noqa: E501
WHAT = os.environ.get("FER_EDGE_ARM64_TESTS", "tests/monitoring tests/perception tests/sinks/test_outbox.py").split()


class Emulated:
    """The root of an arm64 system; ``work`` is a folder seen as /trial inside."""

    def __init__(self, release: str, root: Path) -> None:
        self.release, self.root, self.work = release, root, root / "trial"
        self.work.mkdir(exist_ok=True)

    def run(self, *command: str, timeout: float = 3000.0, check: bool = True) -> subprocess.CompletedProcess[str]:
        began = time.monotonic()
        done = subprocess.run(
            ["chroot", self.root, "/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "HOME=/root", "LG_WD=/tmp", *command],
            capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        print(f"Debian {self.release} arm64: {' '.join(command)[:70]!r}: {time.monotonic() - began:.0f} s")
        assert not check or done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done

    def python(self, *arguments: str, **options: float) -> subprocess.CompletedProcess[str]:
        return self.run(
            "PYTHONPATH=/trial/tests-site:/trial/src", "/usr/lib/fer-edge/bin/python3", *arguments, **options
        )


@pytest.fixture(scope="module", params=["12", "13"])
def emulated(request: pytest.FixtureRequest) -> Emulated:
    release: str = request.param
    if os.geteuid() != 0 or shutil.which("debootstrap") is None or shutil.which("qemu-aarch64-static") is None:
        pytest.skip("needs root: sudo apt install debootstrap qemu-user-static binfmt-support")
    said = subprocess.run(["qemu-aarch64-static", "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"version (\d+)", said)
    if release == "13" and (version is None or int(version[1]) < QEMU_FOR_13):
        pytest.skip(
            f"LiteRT for Python 3.13 crashes in {said.split('(')[0].strip()}: install qemu 10 (docs/operations.md)"
        )
    package = sorted((ROOT / "dist").glob(f"fer-edge_*~deb{release}_arm64.deb"))
    if not package:
        pytest.skip(f"no arm64 package for Debian {release} in dist/: make deb")
    base = BASES / f"debian-{release}-arm64"
    if not (base / ".complete").exists():
        shutil.rmtree(base, ignore_errors=True)
        include = "--include=python3,python3-venv,ca-certificates"
        command = ["debootstrap", "--arch=arm64", "--foreign", "--variant=minbase", include, SUITES[release], str(base)]
        subprocess.run(command, check=True, timeout=900)
        for one in sorted(base.glob("var/cache/apt/archives/*.deb")):
            subprocess.run(["dpkg-deb", "-x", one, base], check=True)
        (base / ".complete").touch()
    shutil.rmtree(base / "usr/lib/fer-edge", ignore_errors=True)
    subprocess.run(["dpkg-deb", "-x", package[-1], base], check=True)
    system = Emulated(release, base)
    probe = system.run("/usr/bin/python3", "-c", "import platform; print(platform.machine())", check=False)
    if probe.stdout.strip() != "aarch64":
        pytest.skip(f"arm64 programs do not run here (binfmt_misc): {probe.stderr[-200:]}")
    return system


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
    film(emulated.work / "driver.avi")
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


def test_its_own_tests_pass_there(emulated: Emulated) -> None:
    site, python = emulated.work / "tests-site", PYTHON[emulated.release]
    if not site.exists():
        pip = [sys.executable, "-m", "pip"]
        target = ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}", "--quiet", "--quiet"]
        target += [f"--platform=manylinux_2_{n}_aarch64" for n in (28, 17)] + ["--platform=manylinux2014_aarch64"]
        needs = ["pytest", "pytest-timeout", "hypothesis", "jsonschema"]
        wheels = emulated.work / "wheels"
        subprocess.run([*pip, "download", *target, f"--dest={wheels}", *needs], check=True)
        found = sorted(map(str, wheels.glob("*.whl")))
        alone = ["--no-deps", "--no-index", "--ignore-requires-python", f"--target={site}"]
        subprocess.run([*pip, "install", *target, *alone, *found], check=True)
    src = emulated.work / "src"
    shutil.rmtree(src, ignore_errors=True)
    skipped = shutil.ignore_patterns("__pycache__")
    for name in ("fer_edge", "tests", "deploy"):
        shutil.copytree(ROOT / name, src / name, ignore=skipped)
    for name in ("pyproject.toml", "config.yaml"):
        shutil.copy(ROOT / name, src)
    pytest_there = "/usr/lib/fer-edge/bin/python3 -m pytest -q -p no:cacheprovider --timeout=600"
    command = f"cd /trial/src && {pytest_there} {' '.join(WHAT)}"
    done = emulated.run("PYTHONPATH=/trial/tests-site:/trial/src", "sh", "-c", command, check=False)
    print(done.stdout[-600:])
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
