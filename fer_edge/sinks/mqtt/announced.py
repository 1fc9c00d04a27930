"""What was announced to Home Assistant, kept in the state folder: what is no more must be taken back."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer_edge import durable

_log = logging.getLogger(__name__)

_MOST_BYTES = 1_000_000


class Announced:
    """The platform of every component by its name, of every discovery topic that this node has used.

    ``path`` None remembers it for this run only. A file that cannot be read or written costs what it would
    remember, never the run.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._topics = {} if path is None else _load(path)

    def before(self, topic: str) -> Mapping[str, str]:
        """The components that were announced there."""
        return self._topics.get(topic, {})

    def others(self, topic: str | None) -> list[str]:
        """Topics of other names, or all of them, that still announce this device."""
        return [known for known in self._topics if known != topic]

    def note(self, topic: str, payload: Mapping[str, Any]) -> None:
        """Remember what is announced now, with what was taken back: until the broker has it, that may be lost."""
        self._put({**self._topics, topic: {name: part["platform"] for name, part in payload["components"].items()}})

    def forget(self, topic: str) -> None:
        """The broker has the word that it is no more."""
        self._put({known: parts for known, parts in self._topics.items() if known != topic})

    def _put(self, topics: dict[str, dict[str, str]]) -> None:
        if topics == self._topics:
            return
        self._topics = topics
        if self._path is None:
            return
        try:
            durable.write(self._path, json.dumps(topics).encode())
        except OSError as fault:
            _log.debug("%s: cannot be written (%s)", self._path, fault)


def _load(path: Path) -> dict[str, dict[str, str]]:
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(_MOST_BYTES))
        return {str(topic): {str(name): str(kind) for name, kind in parts.items()} for topic, parts in told.items()}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
