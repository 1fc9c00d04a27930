"""A trace: one event with the signals around it, as a file of compressed JSON that anyone can read."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fer_edge.core import Signals
from fer_edge.errors import UsageError
from fer_edge.sinks.traces import row

_MOST_BYTES = 64_000_000
"""A trace unpacked is far smaller; a file that unpacks to more is none of ours."""
_WHAT = "give a file ID.trace.json.gz, as fer-edge explain lists them"

Numbers = Annotated[list[float | None], Field(max_length=200_000)]


class TraceError(UsageError):
    """A file is no trace, or a damaged one."""


class TracedPhase(BaseModel):
    """One phase of the event as the rules told it; ``at`` on the clock of the rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    at: float
    phase: str
    event_type: str
    level: str
    held_s: float
    details: dict[str, Any] = {}


class Trace(BaseModel):
    """What a trace file says.

    ``id`` is the event's as it was published, ``time`` when it began (UTC), ``settings`` what the rules were given,
    ``memory`` what the monitor knew from before the first row. ``columns`` are those of
    :data:`fer_edge.sinks.traces.row.COLUMNS`, one value a frame. ``false_alarm`` is set by whoever says so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    v: int = Field(1, ge=1, le=1)
    id: str = Field(pattern=r"^[0-9A-Za-z._-]{1,64}$")
    node: str
    version: str
    category: str
    time: str
    time_ok: bool
    phases: list[TracedPhase] = Field(min_length=1, max_length=1000)
    settings: dict[str, Any]
    memory: dict[str, Any]
    columns: dict[str, Numbers]
    false_alarm: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Self:
        missing = [name for name in row.COLUMNS if name not in self.columns and name not in row.SINCE]
        if missing:
            raise ValueError(f"column {missing[0]} is missing")
        if len({len(values) for values in self.columns.values()}) != 1:
            raise ValueError("columns differ in length")
        if any(at is None for at in self.columns["at"]):
            raise ValueError("a frame has no time")
        return self

    @property
    def event_type(self) -> str:
        """The highest it rose to: the last type it was told by."""
        return self.phases[-1].event_type

    def frames(self) -> Iterator[tuple[Signals, float | None]]:
        """The signals of each frame, and the vehicle's speed at it, km/h."""
        speed = row.COLUMNS.index("km_h")
        unknown: Numbers = [None] * len(self.columns["at"])
        for values in zip(*(self.columns.get(name, unknown) for name in row.COLUMNS), strict=True):
            yield row.signals(values), values[speed]


def load(path: Path) -> Trace:
    """Read a trace. Raises TraceError in one line where that is none."""
    try:
        with gzip.open(path, "rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (gzip.BadGzipFile, zlib.error):
        raise TraceError(f"{path}: not a trace; {_WHAT}") from None
    except EOFError:
        raise TraceError(f"{path}: the file is cut short; copy it again") from None
    except OSError as fault:
        raise TraceError(f"{path}: cannot be read ({fault.strerror}); {_WHAT}") from None
    if len(content) > _MOST_BYTES:
        raise TraceError(f"{path}: unpacks to more than {_MOST_BYTES // 1_000_000} MB; this is not a trace")
    try:
        return Trace.model_validate(json.loads(content))
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(str(part) for part in first["loc"][:2]) or "the file"
        why = first["ctx"]["error"] if first["type"] == "value_error" else f"fault in {where}"
        raise TraceError(f"{path}: not a trace of this version ({why}); use the fer-edge that stored it") from None
    except (ValueError, RecursionError):
        raise TraceError(f"{path}: not a trace; {_WHAT}") from None


def dump(trace: Trace) -> bytes:
    """The file of a trace: the same trace gives the same bytes."""
    text = json.dumps(trace.model_dump(mode="json"), separators=(",", ":"), allow_nan=False)
    return gzip.compress(text.encode(), 6, mtime=0)
