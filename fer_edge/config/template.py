"""The configuration file that says everything: every setting at its default, one comment line each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml
from pydantic import BaseModel

from fer_edge.settings import Settings


def template() -> str:
    """The whole configuration as YAML: every setting at its default, one comment line each."""
    head = "# Every setting of fer-edge at its default. Delete what you do not change.\n"
    return head + "\n".join(_lines(Settings(), 0)) + "\n"


def _lines(group: BaseModel, depth: int) -> Iterable[str]:
    indent = "  " * depth
    plain = group.model_dump(mode="json")
    for name, field in type(group).model_fields.items():
        value = getattr(group, name)
        if isinstance(value, BaseModel):
            about = field.description or (type(value).__doc__ or "").strip().splitlines()[0]
            yield f"\n{indent}# {about}" if depth == 0 else f"{indent}# {about}"
            yield f"{indent}{name}:"
            yield from _lines(value, depth + 1)
            continue
        if field.description:
            yield f"{indent}# {field.description}"
        yield f"{indent}{name}: {_scalar(plain[name])}".rstrip()


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    plain = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return plain.removesuffix("\n").removesuffix("\n...").strip()
