"""Hands every type of event to the schemas: ``python -m fer_edge.schemas`` in a checkout; a test tells when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fer_edge.core import EVENT_TYPES

FOLDER = Path(__file__).parent
_TYPES = list(EVENT_TYPES)
_CATEGORIES = list(dict.fromkeys(kind.category for kind in EVENT_TYPES.values()))


def current(schema: Any) -> Any:
    """A schema, or a part of one, with the types and categories of today in place of those it lists."""
    if isinstance(schema, list):
        return [current(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    words = schema.get("enum")
    if isinstance(words, list) and {"sleep", "drowsy"} <= set(words):
        return schema | {"enum": _TYPES}
    if isinstance(words, list) and {"fatigue", "attention"} <= set(words):
        return schema | {"enum": _CATEGORIES}
    return {name: current(each) for name, each in schema.items()}


def text(path: Path) -> str:
    """What a schema's file should say."""
    return json.dumps(current(json.loads(path.read_text("utf-8"))), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for schema_file in FOLDER.glob("*.json"):
        schema_file.write_text(text(schema_file), "utf-8")
