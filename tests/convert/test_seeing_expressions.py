"""How right the product is about expressions, from the picture to the answer."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.cli import main
from fer_edge.perception.interpreter import shipped
from fer_edge.sources.sim.portrait import load_photograph


def test_faces_are_found_and_judged_and_what_is_no_face_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    face = cv2.cvtColor(load_photograph(), cv2.COLOR_BGR2GRAY)[44:192, 148:296]
    smiling = cv2.resize(face, (48, 48), interpolation=cv2.INTER_AREA)
    wall = np.full((48, 48), 90, np.uint8)
    np.savez(tmp_path / "faces.npz", images=np.stack([smiling, wall, smiling]), labels=np.array([3, 3, 0]))
    model = shipped("expression")
    assert main(["evaluate", str(model), "--data", str(tmp_path / "faces.npz"), "--product", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["product"] == {"pictures": 3, "found": 2, "accuracy": 0.5, "accuracy_as_cut": 0.5}
    assert told["n"] == 3
