"""Packs a source archive anew, so that the same sources give the same bytes: ``make dist``.

setuptools leaves in it when and by whom it was made. Here members are sorted, owned by root, and dated by
SOURCE_DATE_EPOCH.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile
from pathlib import Path


def repack(path: Path, epoch: int) -> None:
    """Replace a ``.tar.gz`` by one with the same files; ``epoch`` is their time, seconds since 1970."""
    raw = io.BytesIO()
    with tarfile.open(path) as given, tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as made:
        for member in sorted(given.getmembers(), key=lambda each: each.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = epoch, 0, 0, "root", "root"
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            made.addfile(member, given.extractfile(member) if member.isfile() else None)
    path.write_bytes(gzip.compress(raw.getvalue(), 9, mtime=epoch))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        repack(Path(name), int(os.environ["SOURCE_DATE_EPOCH"]))
