"""The page of the documentation that explains every setting, made from the settings themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from fer_edge.settings import Settings

_HEAD = """# Configuration

<!-- Made by `fer-edge check-config --markdown > docs/configuration.md`; edit the descriptions in fer_edge/settings. -->

fer-edge reads its settings from a YAML file. A setting that the file omits has the default shown below.

`--config` or `FER_EDGE_CONFIG` names the file.
Without either, an installed fer-edge (package, `install.sh`) reads `/etc/fer-edge/config.yaml`.
In an environment of your own, `config.yaml` in the current folder comes first.

`fer-edge check-config --defaults` prints a complete file to start from.
`fer-edge check-config FILE` reports every error with its line.
`systemctl reload fer-edge` (SIGHUP) reloads the file between two frames.
If the file has errors, it is rejected and the old configuration stays active.

Any setting can be overridden on the command line:
`--set mqtt.host=broker.local --set monitoring.closure.sleep_s=2.5`

*empty* means no value. Times are in seconds; shares and probabilities are from 0 to 1.
"""
_LIMITS = (("ge", "≥ {}"), ("gt", "> {}"), ("le", "≤ {}"), ("lt", "< {}"))


def markdown() -> str:
    """Every setting with default, range and description, as Markdown."""
    return "\n".join((_HEAD, *_section(Settings(), ()))).rstrip() + "\n"


def each(group: BaseModel, path: tuple[str, ...] = ()) -> Iterator[tuple[str, FieldInfo, Any]]:
    """Every plain setting of a group and its sub-groups: its full name, its field, its value."""
    for name, field in type(group).model_fields.items():
        value = getattr(group, name)
        if isinstance(value, BaseModel):
            yield from each(value, (*path, name))
        else:
            yield ".".join((*path, name)), field, value


def _section(group: BaseModel, path: tuple[str, ...]) -> Iterator[str]:
    """The plain settings of a group as a table, then its sub-groups."""
    fields = type(group).model_fields
    choices = {name: _choices(field) for name, field in fields.items()}
    groups = [name for name in fields if isinstance(getattr(group, name), BaseModel) and not choices[name]]
    yield f"{'#' * min(2 + len(path) - 1, 4)} `{'.'.join(path)}`" if path else "## Top level"
    yield ""
    if path:
        yield f"{(type(group).__doc__ or '').strip().splitlines()[0]}\n"
    plain = [name for name in fields if name not in groups and not choices[name]]
    if plain:
        yield "| setting | default | values | what it does |\n|---|---|---|---|"
        for name in plain:
            yield _row(name, fields[name])
        yield ""
    for name in fields:
        if choices[name]:
            yield from _tagged(name, fields[name], choices[name], path)
    for name in groups:
        yield from _section(getattr(group, name), (*path, name))


def _tagged(name: str, field: FieldInfo, kinds: list[type[BaseModel]], path: tuple[str, ...]) -> Iterator[str]:
    """A choice between groups, or a list of one kind of them: one table a kind."""
    full = ".".join((*path, name))
    chosen = getattr(field.default, "kind", None)
    yield f"### `{full}`\n\n{sentence(field)}{f' Default: `kind: {chosen}`.' if chosen else ''}\n"
    for kind in kinds:
        told = (kind.__doc__ or "").strip().splitlines()[0]
        yield f"`kind: {kind.model_fields['kind'].default}`: {told}\n" if chosen else f"Each entry: {told}\n"
        yield "| setting | default | values | what it does |\n|---|---|---|---|"
        for inner, about in kind.model_fields.items():
            if inner != "kind":
                yield _row(inner, about)
        yield ""


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | {_default(field)} | {values(field)} | {sentence(field)} |"


def sentence(field: FieldInfo) -> str:
    """What a setting does."""
    text = (field.description or "which kind it is").replace("|", "\\|")
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '…')) else '.'}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    if field.default is None:
        return "*empty*"
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("\n").removesuffix("\n...")
    return f"`{text.strip()}`"


def values(field: FieldInfo) -> str:
    """The limits, the words allowed, or the kind of value."""
    annotation = field.annotation
    words = [
        str(w) for part in (annotation, *get_args(annotation)) if get_origin(part) is Literal for w in get_args(part)
    ]
    if words:
        listed = get_origin(annotation) in (tuple, list)
        return ("list of " if listed else "") + ", ".join(f"`{word}`" for word in words)
    limits = [
        text.format(f"{getattr(each, name):g}")
        for each in field.metadata
        for name, text in _LIMITS
        if getattr(each, name, None) is not None
    ]
    if limits:
        return ", ".join(limits)
    if get_origin(annotation) in (tuple, list):
        return "list"
    kinds = {bool: "`true`, `false`", str: "text", int: "whole number", float: "number"}
    return next((text for kind, text in kinds.items() if kind in (annotation, *get_args(annotation))), "any")


def _choices(field: FieldInfo) -> list[type[BaseModel]]:
    """The groups of a tagged choice; empty for anything else."""
    parts: list[Any] = [part for part in get_args(field.annotation) if isinstance(part, type)]
    return [part for part in parts if issubclass(part, BaseModel)]
