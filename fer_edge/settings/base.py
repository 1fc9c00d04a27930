"""What all settings have in common."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """A frozen group of settings; an unknown key is a fault, not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _true_is_no_number(cls, data: object) -> object:
        """Python takes True for 1, and ``port: true`` would be port 1: as text it is told for what it is."""
        if not isinstance(data, dict):
            return data
        numbers = {name for name, field in cls.model_fields.items() if _only_numbers(field.annotation)}
        return {name: _no_bool(value) if name in numbers else value for name, value in data.items()}


def _no_bool(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_no_bool(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else value


def _only_numbers(annotation: Any) -> bool:
    kinds = _kinds(annotation)
    return bool not in kinds and bool(kinds & {int, float})


def _kinds(annotation: Any) -> set[Any]:
    """The plain types inside an annotation, through unions, tuples, Annotated and Literal."""
    if get_origin(annotation) is Literal:
        return {type(each) for each in get_args(annotation)}
    if isinstance(annotation, type) and not get_args(annotation):
        return {annotation}
    return {kind for inner in get_args(annotation) for kind in _kinds(inner)}
