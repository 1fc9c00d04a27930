"""One daemon for one state folder, as far as the folder allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.errors import UnavailableError
from fer_edge.service.alone import alone
from tests.conftest import Run


def test_a_folder_that_cannot_be_made_hinders_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with alone(tmp_path / "file" / "state"), alone(tmp_path / "file" / "state"):
        pass


def test_a_folder_is_free_again_after_its_daemon(tmp_path: Path) -> None:
    for _ in range(2):
        with alone(tmp_path), pytest.raises(UnavailableError), alone(tmp_path):
            pass


def test_a_demo_leaves_the_folder_of_a_running_node_alone(fer_edge: Run, tmp_path: Path) -> None:
    with alone(tmp_path):
        done = fer_edge("demo", "--seconds=1", f"--set=state_dir={tmp_path}")
    assert done.returncode == 69 and "is in use by another fer-edge" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["running"]
