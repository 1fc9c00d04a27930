"""Every shipped model gives the same answers in LiteRT and in tflite-runtime.

tflite-runtime needs numpy < 2, so it lives in an environment of its own: `make test-runtimes` makes it
and names its Python in FER_EDGE_OTHER_PYTHON.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fer_edge.perception.interpreter import MODELS, Model
from tests.conftest import ROOT

pytestmark = pytest.mark.runtimes

WORST_STEPS, MEAN_STEPS = 16.0, 2.0
"""The kernels round differently, layer upon layer: so many steps (of 256) of an output's range may lie between.

The deepest network is the expression's: over 3,522 faces 15 steps at worst, 0.6 in the mean, the same answer on 98.8 %.
"""

OTHER = """
import sys, numpy as np
from fer_edge.perception.interpreter import Model
model = Model(sys.argv[1], runtime="tflite-runtime")
with np.load(sys.argv[2]) as pictures:
    answers = [np.concatenate([v.ravel() for v in model.run(p)]) for p in pictures["pictures"]]
np.savez(sys.argv[3], answers=np.stack(answers))
"""


@pytest.fixture(scope="module")
def other_python() -> str:
    named = os.environ.get("FER_EDGE_OTHER_PYTHON")
    if not named:
        pytest.skip("needs an environment with tflite-runtime: make test-runtimes")
    return named


def pictures(model: Model) -> np.ndarray:  # type: ignore[type-arg]
    """Pictures of many kinds: noise, gradients, flat, and a face where one is at hand."""
    generator = np.random.default_rng(1)
    height, width, channels = model.shape[1:]
    made = [generator.integers(0, 256, (height, width, channels), dtype=np.uint8) for _ in range(8)]
    ramp = np.linspace(0, 255, width, dtype=np.uint8)
    made += [np.broadcast_to(ramp[None, :, None], (height, width, channels)).copy()]
    made += [np.full((height, width, channels), level, np.uint8) for level in (0, 90, 255)]
    try:
        import cv2
    except ImportError:
        return np.stack(made)
    from fer_edge.sources.sim.portrait import load_photograph

    face = cv2.cvtColor(load_photograph()[60:200, 160:300], cv2.COLOR_BGR2GRAY)
    for angle in range(-40, 41, 10):
        turn = cv2.getRotationMatrix2D((70, 70), angle, 1.0)
        small = cv2.resize(cv2.warpAffine(face, turn, (140, 140)), (width, height))
        made.append(np.repeat(small[:, :, None], channels, axis=2))
    return np.stack(made)


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.tflite")), ids=lambda path: path.stem)
def test_both_interpreters_agree(path: Path, other_python: str, tmp_path: Path) -> None:
    model = Model(path, runtime="litert")
    shown = pictures(model)
    here = np.stack([np.concatenate([value.ravel() for value in model.run(picture)]) for picture in shown])
    np.savez(tmp_path / "in.npz", pictures=shown)
    arguments = [other_python, "-c", OTHER, str(path), str(tmp_path / "in.npz"), str(tmp_path / "out.npz")]
    # Only PYTHONPATH: what this environment has installed must not leak into the other.
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    result = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    with np.load(tmp_path / "out.npz") as file:
        there = file["answers"]
    assert here.shape == there.shape
    ends = np.cumsum(model.output_sizes)[:-1]
    ranges = [part.max() - part.min() for part in np.split(here, ends, axis=1)]
    steps = np.concatenate([np.full(n, reach / 256) for n, reach in zip(model.output_sizes, ranges, strict=True)])
    difference = np.abs(here - there) / steps
    told = f"{path.stem}: {difference.max():.1f} steps apart at worst, {difference.mean():.2f} in the mean"
    print(told)
    assert difference.max() <= WORST_STEPS and difference.mean() <= MEAN_STEPS, told
    if model.labels and len(model.labels) > 1:
        assert np.mean(here.argmax(1) == there.argmax(1)) >= 0.9


def test_there_are_models_to_compare() -> None:
    assert (MODELS / "expression.tflite").is_file()
