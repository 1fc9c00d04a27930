"""The file that a container's health check looks at: touched by progress, and never a reason to stop."""

from __future__ import annotations

from pathlib import Path

from fer_edge.service.systemd import Notifier


def test_progress_touches_the_file_and_silence_leaves_it(tmp_path: Path) -> None:
    file = tmp_path / "alive"
    notifier = Notifier({"FER_EDGE_ALIVE": str(file)})
    assert not file.exists()
    notifier.alive()
    assert file.exists()
    file.unlink()
    notifier.alive()
    assert not file.exists(), "not at every frame: a memory card wears out"


def test_a_place_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    Notifier({"FER_EDGE_ALIVE": str(tmp_path / "missing" / "alive")}).alive()
    Notifier({}).alive()
