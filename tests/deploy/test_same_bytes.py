"""What is built from one commit is the same file whoever builds it, whenever: archives can be compared by checksum."""

from __future__ import annotations

import importlib.util
import io
import json
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import ROOT


def script(name: str) -> ModuleType:
    """A script of deploy/, which is no package."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, ROOT / "deploy" / name)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def archive(path: Path, names: list[str], when: int, owner: int) -> Path:
    with tarfile.open(path, "w:gz") as made:
        for name in names:
            member = tarfile.TarInfo(name)
            member.mtime, member.uid, member.gid, member.uname = when, owner, owner, f"user{owner}"
            member.mode = 0o775 if name.endswith(".sh") else 0o664
            member.size = len(name)
            made.addfile(member, io.BytesIO(name.encode()))
    return path


def test_a_source_archive_does_not_say_when_and_by_whom_it_was_made(tmp_path: Path) -> None:
    one = archive(tmp_path / "one.tar.gz", ["x/a.py", "x/run.sh", "x/b.py"], 1_700_000_000, 1000)
    two = archive(tmp_path / "two.tar.gz", ["x/b.py", "x/a.py", "x/run.sh"], 1_790_000_000, 0)
    assert one.read_bytes() != two.read_bytes()
    for path in (one, two):
        script("repack.py").repack(path, 1_795_000_000)
    assert one.read_bytes() == two.read_bytes()
    with tarfile.open(one) as packed:
        assert packed.getnames() == ["x/a.py", "x/b.py", "x/run.sh"]
        assert {(m.mtime, m.uid, m.uname) for m in packed.getmembers()} == {(1_795_000_000, 0, "root")}
        assert [m.mode for m in packed.getmembers()] == [0o644, 0o644, 0o755]
        member = packed.extractfile("x/b.py")
        assert member is not None and member.read() == b"x/b.py"


def test_a_wheel_does_not_say_which_modes_its_files_had(tmp_path: Path) -> None:
    for name, mode in (("one.whl", 0o664), ("two.whl", 0o640)):
        with zipfile.ZipFile(tmp_path / name, "w") as made:
            for file, rights in (("x/a.py", mode), ("x/run.sh", mode | 0o111)):
                member = zipfile.ZipInfo(file)
                member.external_attr = (0o100000 | rights) << 16
                made.writestr(member, file)
        script("repack.py").repack_wheel(tmp_path / name)
    assert (tmp_path / "one.whl").read_bytes() == (tmp_path / "two.whl").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.whl") as packed:
        assert [oct(each.external_attr >> 16) for each in packed.infolist()] == ["0o100644", "0o100755"]
        assert packed.read("x/a.py") == b"x/a.py"


@pytest.mark.parametrize(
    ("python", "machine", "pins"),
    [
        ("3.11", "x86_64", None),
        ("3.13", "x86_64", None),
        ("3.11", "aarch64", "lgpio=="),
        ("3.13", "aarch64", "adafruit-lgpio=="),
    ],
)
def test_a_debian_package_contains_the_versions_of_the_lock(python: str, machine: str, pins: str | None) -> None:
    lines = script("debian/build.py").locked(python, machine).splitlines()
    packages = [line.removesuffix(" \\") for line in lines if not line.startswith(" ")]
    assert {"numpy", "ai-edge-litert", "aiohttp", "gpiozero"} <= {name.partition("==")[0] for name in packages}
    assert [name for name in packages if "lgpio" in name] == [
        name for name in packages if pins and name.startswith(pins)
    ]
    assert (pins is None) == (not any("lgpio" in name for name in packages))
    assert not any(";" in line or line.startswith("setuptools") for line in lines)
    assert sum("--hash=sha256:" in line for line in lines) > len(packages)


def test_it_does_not_say_from_which_folder_its_packages_came(tmp_path: Path) -> None:
    info = tmp_path / "numpy-2.0.dist-info"
    info.mkdir()
    (info / "direct_url.json").write_text(json.dumps({"url": "file:///tmp/tmpx1y2/numpy-2.0.whl"}))
    (info / "RECORD").write_text("numpy/core.py,sha256=a,1\nnumpy-2.0.dist-info/direct_url.json,sha256=b,2\n")
    script("debian/build.py").forget_where_from(tmp_path)
    assert [path.name for path in info.iterdir()] == ["RECORD"]
    assert (info / "RECORD").read_text() == "numpy/core.py,sha256=a,1\n"
