"""What the installer installs is what was tested: every dependency is locked, with hashes, and meets pyproject.toml."""

from __future__ import annotations

import re
import tomllib

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

LOCK = (ROOT / "deploy" / "requirements.lock").read_text()
PINS = re.compile(r"^([a-z0-9-]+)==([^ ;]+)", re.MULTILINE)
MACHINES = [
    {"python_version": version, "python_full_version": f"{version}.0", "platform_machine": machine}
    for version in ("3.11", "3.12", "3.13")
    for machine in ("x86_64", "aarch64")
]


def test_every_package_has_its_hashes() -> None:
    for package in re.split(r"\n(?=[a-z])", LOCK.split("\n", 2)[2].strip()):
        assert re.match(r"[a-z0-9-]+==", package) and "--hash=sha256:" in package, package[:80]
    assert "://" not in LOCK


def test_it_has_every_dependency_in_a_version_that_is_allowed_on_every_machine() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    locked = dict(PINS.findall(LOCK))
    for wanted in map(Requirement, [*project["dependencies"], *extras["web"], *extras["gpio"]]):
        for machine in MACHINES:
            environment = {**default_environment(), "sys_platform": "linux", **machine}
            if wanted.marker is None or wanted.marker.evaluate(environment):
                assert wanted.specifier.contains(locked[canonicalize_name(wanted.name)]), wanted


def test_it_brings_what_the_wheel_is_built_with() -> None:
    """install.sh builds a checkout without asking the index for anything more."""
    needs = Requirement("setuptools>=70.1")  # from there on it brings bdist_wheel
    assert needs.specifier.contains(dict(PINS.findall(LOCK))["setuptools"])
