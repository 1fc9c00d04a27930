"""What is wrong with a setting, in the words of somebody who has the file before them."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from fer_edge.addresses import without_credentials
from fer_edge.config.handbook import each
from fer_edge.settings import Settings

_SENTENCES = {
    "less_than_equal": "must be at most {le:g}{got}",
    "less_than": "must be less than {lt:g}{got}",
    "greater_than_equal": "must be at least {ge:g}{got}",
    "greater_than": "must be more than {gt:g}{got}",
    "extra_forbidden": "no such setting{nearest}",
    "literal_error": "must be {expected}{got}",
    "missing": "is missing and has no default",
    "string_type": "must be text{got}; put it in quotes",
    "int_parsing": "must be a whole number{got}",
    "int_type": "must be a whole number{got}",
    "int_from_float": "must be a whole number{got}",
    "float_parsing": "must be a number{got}",
    "float_type": "must be a number{got}",
    "finite_number": "must be a number{got}",
    "bool_parsing": "must be true or false{got}",
    "bool_type": "must be true or false{got}",
    "string_pattern_mismatch": "has a character or form that is not allowed{got}{example}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters{got}",
    "too_short": "needs {min_length} values, has {actual_length}",
    "too_long": "takes {max_length} values, has {actual_length}",
    "tuple_type": "must be a list{got}",
    "model_type": "must be a group of settings, one 'key: value' per line below it{got}",
    "union_tag_invalid": "kind must be one of {expected_tags} (got {tag!r})",
    "union_tag_not_found": "must give its kind, for example 'kind: haar'",
    "value_error": "{error}",
}
"""pydantic's error types in our words; {got} is the value that stands in the file."""
_EMPTY = ("string_type", "int_type", "float_type", "bool_type", "tuple_type", "model_type")
_LONGEST = 80
"""Of a value shown in a message, characters."""


def merged(errors: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """pydantic's errors; of a list with too few values one, where pydantic has one for each value that is missing."""
    lacking = Counter(tuple(error["loc"][:-1]) for error in errors if _is_lacking(error))
    for error in errors:
        if not _is_lacking(error):
            yield error
        elif error["loc"][-1] == (has := len(error["input"])):
            group = tuple(error["loc"][:-1])
            lengths = {"min_length": has + lacking[group], "actual_length": has}
            yield {**error, "type": "too_short", "loc": group, "ctx": lengths}


def _is_lacking(error: Mapping[str, Any]) -> bool:
    return error["type"] == "missing" and isinstance(error["loc"][-1], int)


def sentence(error: Mapping[str, Any]) -> str:
    """One sentence for one of pydantic's errors: the limit, and what stands there."""
    if error["input"] is None and error["type"] in _EMPTY:
        return "is empty; give a value, or remove the line to use the default"
    # A text where several values belong may be a whole command, with a password among its arguments.
    line = isinstance(error["input"], str) and error["type"] in ("tuple_type", "model_type")
    plain = not line and not isinstance(error["input"], dict | list | tuple)
    words = {
        **error.get("ctx", {}),
        "got": f" (got {_short(error['input'])})" if plain else "",
        "nearest": _nearest(error["loc"]) if error["type"] == "extra_forbidden" else "",
        "example": _example(error["loc"]) if error["type"] == "string_pattern_mismatch" else "",
    }
    known = _SENTENCES.get(error["type"])
    if known:
        return known.format(**words)
    return f"{error['msg'][0].lower()}{error['msg'][1:]}{words['got']}"


def _short(value: object) -> str:
    shown = repr(without_credentials(value) if isinstance(value, str) else value)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…, {len(shown)} characters"


def _nearest(location: Sequence[str | int]) -> str:
    """'; did you mean …?' for a key that is misspelt or stands in the wrong group, or where to look."""
    *group, key = (str(part) for part in location)
    known = [name.split(".") for name, _, _ in each(Settings())]
    written = [*group, *key.split(".")]
    if "." in key and written in known:
        # As --set and the handbook write it; in the file each part has its line.
        return f"; write {': {'.join(key.split('.'))}: …{'}' * key.count('.')}"
    near = difflib.get_close_matches(key, list(_fields(location)), n=1)
    elsewhere = [".".join(name) for name in known if name[-1] == key]
    if near or len(elsewhere) == 1:
        return f"; did you mean {(near or elsewhere)[0]}?"
    return "; fer-edge check-config --defaults lists them all"


def _example(location: Sequence[str | int]) -> str:
    """'; write it like …' where the setting has an example: a pattern says nothing to most people."""
    field = _fields(location).get(str(location[-1]))
    return f"; write it like {field.examples[0]}" if field is not None and field.examples else ""


def _fields(location: Sequence[str | int]) -> Mapping[str, FieldInfo]:
    """The settings of the group that a location is in."""
    model: Any = Settings
    for part in location[:-1]:
        fields = getattr(model, "model_fields", {})
        model = _model_of(fields[str(part)].annotation) if str(part) in fields else _tagged(model, str(part))
    return getattr(model, "model_fields", {})


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Every settings group inside an annotation, through unions and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models(inner)]


def _model_of(annotation: Any) -> Any:
    found = _models(annotation)
    return found[0] if len(found) == 1 else found


def _tagged(models: Any, tag: str) -> Any:
    """The group that a tag, or a place in a list, stands for."""
    if tag.isdigit():
        return models
    choices = models if isinstance(models, list) else []
    return next((model for model in choices if model.model_fields["kind"].default == tag), None)
