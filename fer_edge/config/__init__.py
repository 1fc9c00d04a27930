"""Reads a configuration file and tells every fault at once, each with its line.

A fault reads ``config.yaml:12 mqtt.port: must be at most 65535 (got 99999)``.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from fer_edge.config.faults import merged, sentence
from fer_edge.config.template import template
from fer_edge.errors import ConfigError, UsageError
from fer_edge.settings import Settings

SERVICE_FILE = Path("/etc/fer-edge/config.yaml")
"""The configuration of the installed service."""
HERE_FILE = Path("config.yaml")
INSTALLED = (Path("/opt/fer-edge"), Path("/usr/lib/fer-edge"))
"""Where installer and package put the program: there, ``fer-edge doctor`` and the others are about the service."""

__all__ = ["SERVICE_FILE", "find", "load", "origins", "template", "why"]

Location = tuple[str, ...]


MOST_BYTES = 1_000_000
MOST_VALUES = 10_000
"""More is no configuration: a device given by mistake, or aliases that multiply."""


class _Loader(yaml.SafeLoader):
    """YAML 1.2's booleans and numbers: YAML 1.1 takes the key ``on`` for true and ``20:30`` for 1230."""


_OWN: tuple[tuple[str, str, str], ...] = (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]*|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+|\.(?:inf|Inf|INF))$|^\.(?:nan|NaN|NAN)$",
        "-+.0123456789",
    ),
)
_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag not in {own[0] for own in _OWN}]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _pattern, _letters in _OWN:
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), list(_letters))


def find() -> Path | None:
    """The configuration to use when the command line names none.

    FER_EDGE_CONFIG, then config.yaml in the current folder, then the service's; for an installed program the
    service's first, since it is often started in a checkout, which has a config.yaml of its own.
    """
    named = os.environ.get("FER_EDGE_CONFIG")
    if named:
        return Path(named)
    installed = any(Path(sys.prefix).is_relative_to(place) for place in INSTALLED)
    searched = (SERVICE_FILE, HERE_FILE) if installed else (HERE_FILE, SERVICE_FILE)
    return next((path for path in searched if path.is_file()), None)


def why(path: Path | None) -> str:
    """Why it is this file that :func:`find` found, and which one the service uses, in words."""
    if os.environ.get("FER_EDGE_CONFIG"):
        return "named by FER_EDGE_CONFIG"
    if path is None:
        return "no config.yaml here and none in /etc/fer-edge"
    if path == SERVICE_FILE:
        return "the service's configuration"
    own = f"the service uses {SERVICE_FILE}" if SERVICE_FILE.is_file() else "no service is installed"
    return f"found in {Path.cwd()}; {own}"


def load(path: Path | None, overrides: Sequence[str] = (), given: Iterable[tuple[str, Any]] = ()) -> Settings:
    """The settings of a file (None: the defaults) with ``key.sub=value`` overrides applied.

    ``given`` are overrides, too, applied last: a setting's name and its value as it is.
    Raises ConfigError naming every fault of file and overrides together.
    """
    data, lines, faults = _gathered(path, overrides, given)
    try:
        settings = Settings.model_validate(data)
    except ValidationError as invalid:
        origin = str(path) if path else "--set"
        faults = [*faults, *(_fault(error, data, lines, origin) for error in merged(invalid.errors()))]
    if faults:
        raise ConfigError(sorted(faults, key=_line))
    return settings


def origins(path: Path | None, overrides: Sequence[str] = (), given: Iterable[tuple[str, Any]] = ()) -> dict[str, str]:
    """Where each setting that is not left at its default comes from: ``FILE:LINE`` or ``command line``.

    Arguments as those of :func:`load`; raises ConfigError where the file cannot be read.
    """
    data, lines, faults = _gathered(path, overrides, given)
    if faults:
        raise ConfigError(faults)
    return {
        ".".join(key): "command line" if where.startswith("--set") else where
        for key, where in lines.items()
        if _stands(key, data)
    }


def _stands(key: Location, data: Any) -> bool:
    """Whether a key is in the data still: a changed kind takes the settings of the old one away."""
    for part in key:
        if not isinstance(data, dict) or part not in data:
            return False
        data = data[part]
    return True


def _gathered(
    path: Path | None, overrides: Sequence[str], given: Iterable[tuple[str, Any]]
) -> tuple[dict[str, Any], dict[Location, str], list[str]]:
    """File and overrides as one, where each key of it was said, and the keys that stand there twice."""
    data, lines, twice = _read(path) if path else ({}, {}, [])
    # A changed kind first: the settings of the kind that stood there go with it.
    wanted = [*map(_split, overrides), *((tuple(name.split(".")), value) for name, value in given)]
    for key, value in sorted(wanted, key=lambda item: item[0][-1] != "kind"):
        if len(key) > 1 and key[-1] == "kind":
            _put(data, key[:-1], {"kind": value})
        _put(data, key, value)
        # Its groups come from it, too, where the file has none: a misspelt one is told with it.
        for n in range(1, len(key)):
            lines.setdefault(key[:n], f"--set {'.'.join(key)}")
        lines[key] = f"--set {'.'.join(key)}"
    return data, lines, twice


def _read(path: Path) -> tuple[dict[str, Any], dict[Location, str], list[str]]:
    """A YAML file as plain data, where each key stands (``file:line``), and a fault for each that stands twice."""
    text = _text(path)
    try:
        root = yaml.compose(text, Loader=_Loader)
        lines: dict[Location, str] = {}
        twice: list[str] = []
        endless = list(_walk(root, (), str(path), lines, twice)) if root is not None else []
        data = {} if endless else yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        if fault.problem and r"'\t'" in fault.problem:
            raise ConfigError([f"{where}: has a tab where YAML allows none; replace it with spaces"]) from None
        raise ConfigError([f"{where}: not valid YAML ({fault.problem}); check indentation and quotes"]) from None
    except yaml.reader.ReaderError as fault:
        line = text.count("\n", 0, fault.position) + 1
        raise ConfigError([f"{path}:{line}: not valid YAML ({fault.reason}: #x{fault.character:04x})"]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        raise ConfigError([f"{path}: not valid YAML ({str(fault).splitlines()[0]})"]) from None
    if endless:
        raise ConfigError([*endless, *twice])
    if root is None:
        return {}, {}, []
    if not isinstance(data, dict):
        raise ConfigError([f"{path}:1: must be lines of 'key: value' (is a {type(data).__name__})"])
    return data, lines, twice


def _text(path: Path) -> str:
    """What stands in a file. An empty one is a save that failed, not the wish for the defaults."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        text = content.decode("utf-8")
    except FileNotFoundError:
        raise ConfigError([f"{path}: no such file; give an existing one with --config"]) from None
    except IsADirectoryError:
        raise ConfigError([f"{path}: is a folder; give the file in it"]) from None
    except UnicodeDecodeError as fault:
        raise ConfigError([f"{path}: not UTF-8 text (byte {fault.start}); save it as UTF-8"]) from None
    except OSError as fault:
        raise ConfigError([f"{path}: cannot be read ({fault.strerror}); check its permissions"]) from None
    if len(content) > MOST_BYTES:
        raise ConfigError(
            [f"{path}: longer than {MOST_BYTES // 1000} KB, so no configuration; choose a different file"]
        )
    if not content.strip() and path.is_file():
        raise ConfigError([f"{path}: is empty; write a new one: fer-edge check-config --defaults > FILE"])
    return text


def _walk(
    node: yaml.Node,
    at: Location,
    path: str,
    lines: dict[Location, str],
    twice: list[str],
    within: tuple[yaml.Node, ...] = (),
) -> Iterable[str]:
    """Notes the line of every key below a node, and each that stands twice; yields those that contain themselves."""
    if node in within:
        yield f"{lines[at]} {'.'.join(at)}: is an alias of a group that contains it"
        return
    if len(lines) > MOST_VALUES:
        raise ConfigError([f"{path}: more than {MOST_VALUES} values, including aliases; this is not a configuration"])
    within = (*within, node)
    if isinstance(node, yaml.SequenceNode):
        for n, child in enumerate(node.value):
            lines[(*at, str(n))] = f"{path}:{child.start_mark.line + 1}"
            yield from _walk(child, (*at, str(n)), path, lines, twice, within)
    if not isinstance(node, yaml.MappingNode):
        return
    for key, child in node.value:
        here = (*at, str(key.value))
        where = f"{path}:{key.start_mark.line + 1}"
        if here in lines:
            first = lines[here].rsplit(":", 1)[1]
            twice.append(f"{where} {'.'.join(here)}: appears twice (first on line {first})")
        lines[here] = where
        yield from _walk(child, here, path, lines, twice, within)


def _split(override: str) -> tuple[Location, Any]:
    key, sign, text = override.partition("=")
    if not sign or not all(key.split(".")):
        raise UsageError(f"--set {override}: write it as key=value, for example --set mqtt.port=8883")
    name = tuple(key.split("."))
    try:
        root = yaml.compose(text, Loader=_Loader)
        if root is not None and any(_walk(root, name, f"--set {key}", {name: ""}, [])):
            raise ConfigError([f"--set {key}: contains an alias of a group that contains it"])
        return name, yaml.load(text, Loader=_Loader)
    except ConfigError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: a date that the calendar has not
        return name, text


def _put(data: dict[str, Any], key: Location, value: Any) -> None:
    for n, part in enumerate(key[:-1]):
        inner = data.get(part)
        if inner is None:
            inner = data[part] = _default_group(key[: n + 1])
        elif not isinstance(inner, dict):
            raise UsageError(f"--set {'.'.join(key)}: {'.'.join(key[: n + 1])} is a single value, not a group")
        data = inner
    data[key[-1]] = value


def _default_group(key: Location) -> dict[str, Any]:
    """A group that the file leaves out, as ``--set`` finds it: only its tag, if it has one."""
    value: Any = Settings()
    for part in key:
        value = getattr(value, part, None)
    kind = getattr(value, "kind", None)
    return {"kind": kind} if kind else {}


def _fault(error: Mapping[str, Any], data: Mapping[str, Any], lines: Mapping[Location, str], origin: str) -> str:
    location = _in_data(tuple(str(part) for part in error["loc"]), data)
    known = location
    while known and known not in lines:
        known = known[:-1]
    where = lines.get(known, origin)
    name = ".".join(location)
    if where.startswith("--set"):
        # As it was given, unless something else is wrong with it: one of its values, or what has to go with it.
        told = where if f"{where}.".startswith(f"--set {name}.") else f"--set {name}"
        return f"{told}: {sentence(error)}"
    return f"{where} {name}: {sentence(error)}" if name else f"{where}: {sentence(error)}"


def _line(fault: str) -> int:
    """The line a fault stands at, for faults in the order of the file; 0 where it stands in none."""
    found = re.match(r"[^ ]*:(\d+)", fault)
    return int(found[1]) if found else 0


def _in_data(location: Location, data: Any) -> Location:
    """A pydantic location without the tags of tagged choices, which do not stand in the file."""
    kept: list[str] = []
    for n, part in enumerate(location):
        if isinstance(data, dict) and part not in data and data.get("kind") == part:
            continue
        kept.append(part)
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list | tuple) and part.isdigit() and int(part) < len(data):
            data = data[int(part)]
        elif n < len(location) - 1:
            break
    return tuple(kept)
