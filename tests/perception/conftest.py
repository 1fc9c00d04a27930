"""A real face (the simulated driver's, public domain) and where the shared clips lie."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.core import Box, Face
from fer_edge.sources.sim.portrait import load_photograph

FACE = Box(178, 64, 88, 112)
"""The astronaut's face in her 512 x 512 picture."""


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    return cv2.cvtColor(load_photograph(), cv2.COLOR_BGR2GRAY)


@pytest.fixture
def face() -> Face:
    return Face(FACE, 1.0)


@pytest.fixture(scope="session")
def clips() -> Path:
    """The folder of marked clips, or a skip that says why."""
    root = Path(__file__).parents[2]
    data = Path(os.environ.get("FER_EDGE_DATA", root.parent / "shared" / "data"))
    if not (data / "videos" / "annotations.json").is_file():
        pytest.skip(f"no clips in {data}/videos; set FER_EDGE_DATA")
    return data / "videos"


class KnownFaces:
    """A finder that is told what to find: the real part's interface, for tests of what comes after."""

    def __init__(self, *faces: Face) -> None:
        self.faces = list(faces)
        self.asked = 0

    def find(self, grey: np.ndarray, colour: np.ndarray | None = None) -> list[Face]:
        self.asked += 1
        return list(self.faces)
