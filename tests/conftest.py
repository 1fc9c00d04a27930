"""What every test may use."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from fer_edge.sources.sim.portrait import load_photograph
from tests.warm import Starter, starter

ROOT = Path(__file__).parent.parent

Run = Callable[..., "subprocess.CompletedProcess[str]"]

PATIENCE_S = float(os.environ.get("FER_EDGE_TEST_PATIENCE_S", "60"))
"""How long one run of the command may take: an emulated processor is thirty times slower."""

NO_EMOTION = "--set=emotion.enabled=false"
"""An option of every command that looks at pictures: half of the time, where expressions are not the matter."""


FIRST = ("e2e", "web", "deploy", "sinks")
"""Folders whose tests wait longest begin first, so that no worker is left alone with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folders = {item: item.path.parent.name for item in items}
    items.sort(key=lambda item: FIRST.index(folders[item]) if folders[item] in FIRST else len(FIRST))


# Whether other programs leave a test the time that it is used to says nothing of the product.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


class _Database(sqlite3.Connection):
    """Warns where nobody closed it, as every one does from Python 3.13 on."""

    closed = False

    def close(self) -> None:
        self.closed = True
        super().close()

    def __del__(self) -> None:
        if not self.closed:
            warnings.warn(f"unclosed database in {self!r}", ResourceWarning, source=self, stacklevel=1)


if sys.version_info < (3, 13):
    sqlite3.connect = partial(sqlite3.connect, factory=_Database)


@pytest.fixture(scope="session")
def warm() -> Iterator[Starter]:
    """Starts fer-edge in processes of their own for a tenth of what a start costs."""
    with starter() as one:
        yield one


@pytest.fixture
def fer_edge(tmp_path: Path, warm: Starter) -> Run:
    """Runs the command line in a process of its own, away from any configuration or state of this machine."""

    def run(*args: str | Path, timeout: float = PATIENCE_S, **environment: str) -> subprocess.CompletedProcess[str]:
        arguments, clean = [str(arg) for arg in args], clean_environment(tmp_path) | environment
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            started = warm.start(arguments, folder=tmp_path, environment=clean, out=out, err=err)
            try:
                code = started.wait(timeout)
            finally:
                started.kill()
            for file in (out, err):
                file.seek(0)
            return subprocess.CompletedProcess(args, code, out.read(), err.read())

    return run


@pytest.fixture
def program(tmp_path: Path) -> Run:
    """The same as users start it, with an interpreter of its own; each command by a test."""

    def run(*args: str | Path, timeout: float = PATIENCE_S, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "fer_edge", *map(str, args)],
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=tmp_path,
            env=clean_environment(tmp_path) | environment,
            check=False,
        )

    return run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same in this process, where it does not matter which one: a start costs half a second of a processor."""
    from fer_edge.cli import main

    def run(*args: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        out, err = io.StringIO(), io.StringIO()
        with monkeypatch.context() as now, redirect_stdout(out), redirect_stderr(err):
            now.chdir(tmp_path)
            for name in set(os.environ) - set(clean := clean_environment(tmp_path)):
                now.delenv(name)
            for name, value in (clean | environment).items():
                now.setenv(name, value)
            try:
                code = main([str(arg) for arg in args])
            except SystemExit as ended:
                code = int(ended.code or 0)
        return subprocess.CompletedProcess(args, code, out.getvalue(), err.getvalue())

    return run


def clean_environment(home: Path) -> dict[str, str]:
    """The environment without what would change how fer-edge behaves."""
    dropped = (
        "FER_EDGE_",
        "NOTIFY_",
        "WATCHDOG_",
        "STATE_DIRECTORY",
        "RUNTIME_DIRECTORY",
        "XDG_RUNTIME_DIR",
        "CREDENTIALS_",
        "JOURNAL_",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | {"XDG_STATE_HOME": str(home / "state"), "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real clips and pictures; the test is skipped where it is missing."""
    folder = Path(os.environ.get("FER_EDGE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real clips here ({folder}); name their folder in FER_EDGE_DATA")
    return folder


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph with one face (public domain)."""
    path = tmp_path_factory.mktemp("pictures") / "portrait.png"
    cv2.imwrite(str(path), load_photograph())
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, portrait: Path) -> Path:
    """Two seconds of that face at 15 frames a second, as a real video file."""
    path = tmp_path_factory.mktemp("clips") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15.0, (320, 240))
    face = cv2.resize(cv2.imread(str(portrait))[0:300, 60:460], (320, 240))
    for n in range(30):
        writer.write(np.roll(face, n % 5, axis=1))
    writer.release()
    return path
