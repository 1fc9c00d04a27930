"""Packs a source archive and a wheel anew, so that the same sources give the same bytes: ``make dist``.

setuptools leaves in them when, by whom and with which file modes they were made. Here members are sorted, owned by
root, readable by all, and dated by SOURCE_DATE_EPOCH.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile
import zipfile
from pathlib import Path

FILE, PROGRAM = 0o644, 0o755


def repack(path: Path, epoch: int) -> None:
    """Replace a ``.tar.gz`` by one with the same files; ``epoch`` is their time, seconds since 1970."""
    raw = io.BytesIO()
    with tarfile.open(path) as given, tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as made:
        for member in sorted(given.getmembers(), key=lambda each: each.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = epoch, 0, 0, "root", "root"
            member.mode = PROGRAM if member.isdir() or member.mode & 0o100 else FILE
            member.pax_headers = {}
            made.addfile(member, given.extractfile(member) if member.isfile() else None)
    path.write_bytes(gzip.compress(raw.getvalue(), 9, mtime=epoch))


def repack_wheel(path: Path) -> None:
    """Replace a wheel by one whose files have the same modes everywhere; setuptools dates and sorts them already."""
    raw = io.BytesIO()
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as made:
        for member in given.infolist():
            runs = (member.external_attr >> 16) & 0o100
            member.external_attr = (0o100000 | (PROGRAM if runs else FILE)) << 16
            made.writestr(member, given.read(member))
    path.write_bytes(raw.getvalue())


if __name__ == "__main__":
    for name in sys.argv[1:]:
        if name.endswith(".whl"):
            repack_wheel(Path(name))
        else:
            repack(Path(name), int(os.environ["SOURCE_DATE_EPOCH"]))
