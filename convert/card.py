"""The card that goes with every shipped model: ``name.json`` beside ``name.tflite``."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from convert.errors import UsageError
from convert.files import read_mapping, replacing
from convert.tflite import Runner, file_macs, parameters


def read_notes(path: Path | None) -> dict[str, Any]:
    """What a person says of a model (data, terms, crop, not_for), from YAML; empty without a file."""
    if path is None:
        return {}
    notes = read_mapping(path, "notes are a mapping of card entries")
    if not isinstance(notes.get("input", {}), dict):
        raise UsageError(f"{path}: input: a mapping is expected, to add to the card's input")
    for name, value in notes.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            raise UsageError(f"{path}: {name}: not what JSON can hold; put dates in quotes") from None
    return notes


def check_place(out: Path) -> None:
    """Raises UsageError where a model cannot be written to ``out``, or not without harm.

    Its card goes to ``name.json``, which may be a float model's card or architecture: that would be lost.
    """
    if out.suffix != ".tflite":
        raise UsageError(f"--out {out}: the name must end in .tflite")
    beside = out.with_suffix(".json")
    if beside.is_file() and not _of_a_tflite(beside):
        raise UsageError(f"--out {out}: its card would overwrite {beside}; choose a different name")


def _of_a_tflite(card: Path) -> bool:
    """Whether a file is the card of a .tflite file: only those have a checksum."""
    try:
        found = json.loads(card.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and "sha256" in found


def write_model(path: Path, content: bytes, card: dict[str, Any], notes: dict[str, Any]) -> dict[str, Any]:
    """Write the TFLite file and its card; returns the card.

    Shape, type, quantization, size, work and sha256 are read from the file itself. ``notes`` are
    merged over ``card``; ``notes["input"]`` adds to its input.
    """
    runner = Runner(content)
    detail = runner.input_detail
    scale, zero = detail["quantization"]
    entry = dict(card["input"]) | dict(notes.get("input", {}))
    entry |= {"shape": list(runner.shape), "dtype": detail["dtype"].__name__}
    if scale:
        entry["quantization"] = {"scale": float(scale), "zero_point": int(zero)}
    whole = {
        **card,
        **{name: value for name, value in notes.items() if name != "input"},
        "name": path.stem,
        "input": entry,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "macs": file_macs(content),
        "parameters": parameters(content),
    }
    text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    with replacing(path) as model, replacing(path.with_suffix(".json")) as card_file:
        model.write_bytes(content)
        card_file.write_text(text, encoding="utf-8")
    return whole
