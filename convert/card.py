"""The card that goes with every shipped model: ``name.json`` beside ``name.tflite``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from convert.files import read_mapping, write_bytes, write_json
from convert.tflite import Runner, file_macs, parameters


def read_notes(path: Path | None) -> dict[str, Any]:
    """What a person says of a model (data, terms, crop, not_for), from YAML; empty without a file."""
    if path is None:
        return {}
    return read_mapping(path, "notes are a mapping of card entries")


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
    write_bytes(path, content)
    whole = {
        **card,
        **{name: value for name, value in notes.items() if name != "input"},
        "name": path.stem,
        "input": entry,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "macs": file_macs(path),
        "parameters": parameters(path),
    }
    write_json(path.with_suffix(".json"), whole)
    return whole
