"""Payloads against the schemas that ship with the package."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator


def load(name: str) -> dict[str, Any]:
    return json.loads(files("fer_edge.schemas").joinpath(f"{name}.json").read_text("utf-8"))


def _closed(schema: Any) -> Any:
    """The same schema without room for fields it does not tell of: ours must all be documented."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(item) for name, item in schema.items()}
    if "properties" in schema and "required" in schema and "additionalProperties" not in schema and "type" in schema:
        closed["additionalProperties"] = False
    return closed


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = load(name)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(_closed(schema))


def conform(name: str, payload: Any) -> None:
    """Raise with every fault where the payload is not as ``schemas/<name>.json`` says."""
    # Through JSON and back: what a subscriber gets, NaN refused.
    seen = json.loads(json.dumps(payload, allow_nan=False))
    faults = [f"{name} {error.json_path}: {error.message}" for error in _validator(name).iter_errors(seen)]
    assert not faults, "\n".join(faults)
