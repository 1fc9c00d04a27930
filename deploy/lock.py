"""Writes requirements.lock beside this file: every package of extras web and gpio with its version and its hashes.

The versions are those of the environment this runs in, so what is installed is what the tests ran with. Needs uv
(pip install uv) and a package index.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
HEAD = """\
# What install.sh installs beside fer-edge itself: every package with its version and its hashes, extras web and gpio.
# Made by `make lock` from pyproject.toml and the versions that the tests ran with. pip refuses any other file.
"""


def main() -> int:
    """Write the file; 0, 1 where it cannot be resolved, 69 without uv."""
    with tempfile.TemporaryDirectory() as folder:
        here, made = Path(folder) / "here.txt", Path(folder) / "lock.txt"
        # setuptools only builds, and an environment may have an old one.
        known = {dist.name: dist.version for dist in metadata.distributions() if dist.name not in ("setuptools", "pip")}
        known.pop("fer-edge", None)
        here.write_text("".join(f"{name}=={version}\n" for name, version in sorted(known.items())))
        options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
        extras = ["--extra", "web", "--extra", "gpio", "--no-emit-index-url", "-c", str(here), "-o", str(made), "-q"]
        command = ["uv", "pip", "compile", str(HERE.parent / "pyproject.toml"), *options, *extras]
        try:
            done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        except FileNotFoundError:
            sys.stderr.write("uv is not installed: pip install uv\n")
            return 69
        if done.returncode:
            return 1
        each = re.split(r"\n(?=[a-z])", made.read_text().strip())
    linux = [package for package in each if "sys_platform == 'win32'" not in package.splitlines()[0]]
    (HERE / "requirements.lock").write_text(HEAD + "\n".join(linux) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
