"""A model of one's own: refused with what is wrong with it, and what to do about a file that no package brings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fer_edge.errors import ModelError
from fer_edge.perception import interpreter
from fer_edge.perception.detector import Tiny
from fer_edge.perception.emotion import Expression
from fer_edge.perception.interpreter import Model, read_card, shipped
from fer_edge.settings.perception import TinyDetector


@pytest.fixture
def own(tmp_path: Path) -> Path:
    for name in (shipped("mouth"), shipped("mouth").with_suffix(".json")):
        shutil.copy(name, tmp_path)
    return tmp_path / "mouth.tflite"


def test_a_network_for_mouths_reads_no_expressions_and_finds_no_faces(own: Path) -> None:
    with pytest.raises(ModelError, match=r"mouth\.tflite: its card says task mouth; choose .* for task expression$"):
        Expression(own)
    with pytest.raises(ModelError, match=r"mouth\.tflite: its card says task mouth; choose .* for task detector$"):
        Tiny(TinyDetector(path=str(own)))


def test_a_card_that_names_no_task_is_taken_at_its_labels(own: Path) -> None:
    card = json.loads(own.with_suffix(".json").read_text("utf-8"))
    del card["task"]
    own.with_suffix(".json").write_text(json.dumps({**card, "labels": ["happy", "neutral"]}), "utf-8")
    assert Expression(own).model.labels == ("happy", "neutral")


def test_nobody_is_sent_to_reinstall_a_model_of_their_own(own: Path) -> None:
    card, whole = own.with_suffix(".json"), own.read_bytes()
    said = card.read_text("utf-8")
    own.write_bytes(whole[:-1])
    assert told(own) == "copy both files again, from one conversion"
    own.write_bytes(b"a Keras archive")
    card.write_text(json.dumps({**json.loads(said), "sha256": ""}), "utf-8")
    assert told(own) == "give a .tflite file, as fer-edge-convert quantize writes it"
    own.write_bytes(whole[: len(whole) // 2])
    assert told(own) == "convert it again or choose another runtime"
    card.write_text("{}", "utf-8")
    assert told(own) == "correct it, or convert the model again"
    card.write_text("{", "utf-8")
    assert told(own) == "correct it, or copy it there again"
    card.unlink()
    assert told(own) == "copy it there, too (fer-edge-convert quantize writes it)"
    own.unlink()
    assert told(own) == "correct the path"


def test_a_shipped_model_comes_back_with_the_package(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "MODELS", own.parent)
    own.write_bytes(own.read_bytes()[:-1])
    assert told(own) == "reinstall fer-edge"
    own.with_suffix(".json").unlink()
    with pytest.raises(ModelError, match="card is missing; reinstall fer-edge"):
        read_card(own)


def told(model: Path) -> str:
    """What is to be done about a faulty model."""
    with pytest.raises(ModelError) as fault:
        Model(model)
    return str(fault.value).rpartition("; ")[2]
