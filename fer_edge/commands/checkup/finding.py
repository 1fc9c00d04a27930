"""One line of the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One line of the verdict: ``says`` what is, ``do`` what to do about it (empty where nothing is)."""

    name: str
    verdict: Verdict
    says: str
    do: str = ""


def fault(name: str, error: Exception, verdict: Verdict = "fail") -> Finding:
    """A finding from an error; the errors of fer-edge end in what to do, after a semicolon."""
    says, _, do = str(error).rpartition("; ")
    return Finding(name, verdict, says or do, do if says else "")
