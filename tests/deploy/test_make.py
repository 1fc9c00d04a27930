"""What the Makefile builds stands beside what was built before. The tools that build are stand-ins; make is not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from fer_edge import __version__
from tests.conftest import ROOT

PYTHON = """#!/bin/sh
case $* in
    *"-m build "*) touch "dist/fer_edge-$V-py3-none-any.whl" "dist/fer_edge-$V.tar.gz" ;;
    *debian/build.py*) echo "$V new" >"dist/fer-edge_$V~deb12_$(dpkg --print-architecture).deb" ;;
esac
"""


@pytest.mark.skipif(
    None in (shutil.which("make"), shutil.which("dpkg")), reason="needs make and dpkg (sudo apt install make)"
)
def test_an_image_is_made_of_this_version_and_no_other_package_is_touched(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "fer_edge/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name, text in (
        (".venv-dist/bin/python", PYTHON),
        ("deploy/container/build.sh", "#!/bin/sh\nset -e\n[ $# -eq 1 ]\ncp $1 image\n"),
    ):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / ".venv-dist/.ready").touch()
    dist = tmp_path / "dist"
    dist.mkdir()
    # An older version to go back to, this one for another machine, and a package that is somebody else's.
    before = ("fer-edge_0.1.0~deb12_amd64.deb", "fer_edge-0.1.0-py3-none-any.whl", "theirs.deb")
    for name in (*before, f"fer-edge_{__version__}~deb13_riscv64.deb"):
        (dist / name).write_text("before")
    made = subprocess.run(
        ["make", "image", f"V={__version__}"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "image").read_text() == f"{__version__} new\n"
    for name in (*before, f"fer-edge_{__version__}~deb13_riscv64.deb"):
        assert (dist / name).read_text() == "before", name
    sums = (dist / "SHA256SUMS").read_text()
    assert f"fer-edge_{__version__}~deb13_riscv64.deb" in sums and "theirs.deb" not in sums
