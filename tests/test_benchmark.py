"""The benchmark says what it measured; how fast a test machine is, no test asks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fer_edge.benchmark import baseline, speed, tables
from fer_edge.timing import Stages
from tests.conftest import Run

STAGES = {"capture", "colour", "detect", "landmarks", "pose", "eyes", "mouth", "quality", "monitoring", "publish"}
QUICK = ("--seconds", "1", "--set=camera.width=320", "--set=camera.height=240")


def test_every_stage_and_model_is_measured_and_compared_number_by_number(program: Run, tmp_path: Path) -> None:
    """At 5 frames a second the whole picture is searched once in five frames: however slow the machine, it is due."""
    result = program("benchmark", "--json", "--set=camera.fps=5", *QUICK)
    assert result.returncode == 0, result.stderr
    (tmp_path / "before.json").write_text(result.stdout)
    fast = json.loads(result.stdout)["speed"]
    assert STAGES | {"expression", "other"} <= set(fast["stages"])
    for stage in fast["stages"].values():
        assert 0 <= stage["p50_ms"] <= stage["p95_ms"] <= stage["p99_ms"]
    assert sum(stage["share"] for stage in fast["stages"].values()) == pytest.approx(1)
    within = [stage["cpu_ms_per_frame"] for name, stage in fast["stages"].items() if name != "capture"]
    assert sum(within) == pytest.approx(fast["cpu_ms_per_frame"]), "nothing of a frame is left out"
    assert fast["frames"] > 0 and fast["fps"] > 0 and fast["memory_mb"] > 10
    assert {"expression", "landmarks", "eyes"} <= {model["name"] for model in fast["models"]}
    assert all(model["gmac_per_s"] > 0 and model["bytes"] > 1000 for model in fast["models"])

    told = program("benchmark", "--compare", "before.json", *QUICK)
    assert told.returncode == 0, told.stderr
    assert "speed.cpu_ms_per_frame" in told.stdout and "ratio" in told.stdout


def test_a_long_run_counts_every_call_though_only_the_newest_are_kept() -> None:
    stages = Stages(keep=10)
    for _ in range(100):
        stages.add("eyes", wall_s=0.002, cpu_s=0.001)
    told = speed._stage_table(stages, frames_count=100)["eyes"]
    assert (told["calls"], told["cpu_ms_per_frame"]) == (100, pytest.approx(1.0))


@pytest.mark.parametrize(
    ("content", "says"),
    [("[]", "not a result of a benchmark"), ("{", "not JSON"), (None, "cannot be read (No such file or directory)")],
)
def test_what_is_no_earlier_result_is_refused(here: Run, tmp_path: Path, content: str | None, says: str) -> None:
    if content is not None:
        (tmp_path / "other.json").write_text(content)
    done = here("benchmark", "--compare", "other.json", "--seconds", "600")
    assert done.returncode == 2
    assert done.stderr == (
        f"fer-edge: --compare other.json: {says}; give a file written by fer-edge benchmark --json\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--plot", "no/such/cost.png"), 2, "no/such/cost.png: the folder does not exist"),
        (("--plot", "cost.doc"), 2, "--plot cost.doc: unknown picture format"),
        (("--drives", "1s", "--plot", "cost.png"), 2, "--drives: cannot be combined with --plot"),
        (("--drives", "1s", "--latency"), 2, "--drives: cannot be combined with --latency"),
        (("--pictures",), 2, "--pictures: only for simulated drives; add --drives TIME"),
        (("--drives", "1s", "--pictures", "--networks", "ideal"), 2, "--networks: only for drives without --pictures"),
        (("--minutes", "2"), 2, "--minutes: only for the live page; add --page"),
        (
            ("--drives", "1s", "--set", "monitoring.yawn.open_s=long"),
            78,
            "--set monitoring.yawn.open_s: must be a number",
        ),
    ],
)
def test_what_cannot_be_measured_or_written_is_told_before_it_begins(
    here: Run, arguments: tuple[str, ...], code: int, told: str
) -> None:
    result = here("benchmark", "--seconds", "600", *arguments)
    assert result.returncode == code and result.stdout == "", result.stderr
    assert told in result.stderr and result.stderr.count("\n") == 1


def test_what_was_measured_is_told_though_it_cannot_be_drawn(fer_edge: Run, tmp_path: Path) -> None:
    (tmp_path / "cost.png").symlink_to("/dev/full")
    result = fer_edge("benchmark", "--json", "--plot", "cost.png", *QUICK)
    assert result.returncode == 2 and json.loads(result.stdout)["speed"]["frames"] > 0
    assert "cost.png: cannot be written (No space left on device)" in result.stderr


def test_ratios_are_now_over_before() -> None:
    rows = tables.compare({"speed": {"fps": 50.0, "n": 3}}, {"speed": {"fps": 100.0, "gone": 1.0}})
    assert rows == [{"name": "speed.fps", "before": 100.0, "now": 50.0, "ratio": 0.5}]


def test_the_daemon_is_measured_as_a_process_and_latency_through_a_broker(fer_edge: Run) -> None:
    asked = ("--daemon", "--latency", "--sustain", "1", "--fps", "10")
    result = fer_edge("benchmark", "--json", *asked, *QUICK, timeout=110)
    assert result.returncode == 0, result.stderr
    parts = json.loads(result.stdout)
    assert parts["daemon"]["first_state_with_face_s"] > 0
    assert parts["daemon"]["memory_mb"] > 10 and parts["daemon"]["cpu_percent"] > 0
    assert parts["latency"]["events"] >= 9 and parts["latency"]["p50_ms"] > 0
    assert parts["sustain"]["frames"] == 10


def test_the_usual_way_runs_side_by_side_and_it_is_drawn(
    here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baseline, "COUNT", 24)
    result = here("benchmark", "--json", "--baseline", "--plot", "cost.png", *QUICK)
    assert result.returncode == 0, result.stderr
    both = json.loads(result.stdout)["baseline"]
    assert both["ratio"] == pytest.approx(both["usual"]["cpu_ms_per_frame"] / both["ours"]["cpu_ms_per_frame"])
    assert both["ours"]["faces"] >= 0.95
    assert (tmp_path / "cost.png").read_bytes().startswith(b"\x89PNG")
