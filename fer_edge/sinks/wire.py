"""Payloads as bytes and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def encode(payload: str | Mapping[str, Any]) -> bytes:
    """A word as it is, an object as compact JSON in UTF-8."""
    if isinstance(payload, str):
        return payload.encode()
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def decode(payload: bytes) -> Any:
    """JSON where it is JSON, else the text, damaged bytes replaced."""
    text = payload.decode("utf-8", errors="replace")
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)  # Python reads NaN and Infinity, too, which are not JSON
    except (ValueError, RecursionError):
        return text
    return value
