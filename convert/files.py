"""Files that are either whole or not there: write beside, then rename. And what is read by several."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from convert.errors import DataError, UsageError

RECIPES = Path(__file__).parent / "recipes"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its name when the block ends without an error.

    The temporary name keeps the suffix, which Keras and Matplotlib read the format from.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` whole or not at all."""
    with replacing(path) as beside:
        beside.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, whole or not at all."""
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def recipe_file(text: str) -> Path:
    """A file by its path, or one of the recipes that come with the program by its name, as an argparse type."""
    return _file_or_shipped(text, "recipe", lambda name: not name.endswith(".notes"))


def notes_file(text: str) -> Path:
    """The same for what a card is told of a network: ``mouth.notes``."""
    return _file_or_shipped(text, "notes", lambda name: name.endswith(".notes"))


def _file_or_shipped(text: str, kind: str, wanted: Callable[[str], bool]) -> Path:
    if Path(text).exists():
        return Path(text)
    shipped = RECIPES / (text if text.endswith(".yaml") else f"{text}.yaml")
    if not shipped.is_file():
        names = ", ".join(sorted(filter(wanted, (path.stem for path in RECIPES.glob("*.yaml")))))
        raise argparse.ArgumentTypeError(f"{text}: no such file, and no shipped {kind} of that name; there are {names}")
    return shipped


def read_mapping(path: Path, what: str) -> dict[str, Any]:
    """A YAML file that holds a mapping with names as keys. Raises UsageError."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise UsageError(f"{path}: {what}")
    return found


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file that holds an object. Raises DataError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise DataError(f"{path}: cannot be read as JSON ({getattr(fault, 'strerror', None) or fault})") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: a mapping of file names is expected")
    return found


def read_arrays(path: Path, *names: str) -> dict[str, NDArray[Any]]:
    """Every array of an .npz, at least those named. Raises DataError."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: not a readable .npz ({' '.join(str(error).split())})") from None
    missing = [repr(name) for name in names if name not in found]
    if missing:
        raise DataError(f"{path}: no array {' and '.join(missing)} (it has {', '.join(sorted(found)) or 'none'})")
    return found
