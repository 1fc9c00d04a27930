"""Explain an event: which condition held, since when, and what would have prevented it.

A node stores the signals (numbers, no pictures) around each fatigue and attention event in its state folder.
Without ID, stored events are listed. A trace is a file that can be shared and replayed. It is explained with the
settings that it was recorded with; fer-edge replay judges it with others.

example:
  sudo fer-edge explain
  sudo fer-edge explain 7c1e9a02-411
  sudo fer-edge explain 7c1e9a02-411 --false-alarm
  fer-edge replay 7c1e9a02-411.trace.json.gz --set monitoring.closure.sleep_s=3.5
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge import words
from fer_edge.commands import options
from fer_edge.commands.whole import VIDEOS
from fer_edge.errors import FerEdgeError, UnavailableError, UsageError

if TYPE_CHECKING:
    from fer_edge.reports.explanation import Explanation
    from fer_edge.sinks.traces import Trace, TraceStore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "id", nargs="?", metavar="ID", help="an event id or a trace file; without it, stored events are listed"
    )
    parser.add_argument(
        "--false-alarm", action="store_true", help="mark the event as a false alarm; it is then kept longer"
    )
    parser.add_argument("--json", action="store_true", help="print JSON on stdout")
    options.add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Explain one event, or list those that are kept."""
    from fer_edge.commands.checkup.machine import state_folder
    from fer_edge.reports.explanation import explain
    from fer_edge.sinks.traces import TraceStore, load

    settings = options.settings(args)
    store = TraceStore(state_folder(settings), settings.traces)
    if args.id is None:
        if args.false_alarm:
            raise UsageError("--false-alarm needs an event id; fer-edge explain lists them")
        _need_readable(store.folder)
        return _list(store, as_json=args.json)
    if args.id.startswith("sim:") or Path(args.id).suffix.lower() in VIDEOS:
        raise UsageError(f"{args.id}: is a video, not a stored event; for its events use fer-edge replay {args.id}")
    path = Path(args.id) if Path(args.id).is_file() else _find(store, args.id)
    if path is None:
        raise UsageError(
            f"{args.id}: no such event in {store.folder}; events are stored 10 s after their end, or one minute "
            "after their start; fer-edge explain lists them"
        )
    if args.false_alarm:
        _mark(store, path, args.id)
        path = store.find(args.id)
        assert path is not None
    trace = load(path)
    found = explain(trace)
    if rules := [given for given in args.set if given.startswith(("monitoring.", "profile="))]:
        again = shlex.join(["fer-edge", "replay", str(path), *(word for given in rules for word in ("--set", given))])
        sys.stderr.write(f"fer-edge: explained by the settings of the recording; for others: {again}\n")
    if args.json:
        json.dump(_as_json(trace, found), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write("\n".join(_lines(trace, found, path)) + "\n")
    return 0


def _need_readable(folder: Path, event_id: str = "") -> None:
    """Raises UnavailableError for a folder that cannot be read; one that does not exist yet has no events."""
    try:
        os.scandir(folder).close()
    except FileNotFoundError:
        return
    except PermissionError:
        again = f"sudo fer-edge explain {event_id}".strip()
        raise UnavailableError(f"{folder}: cannot be read (permission denied); try: {again}") from None
    except OSError as fault:
        why = (fault.strerror or str(fault)).lower()
        raise UnavailableError(f"{folder}: cannot be read ({why}); check state_dir") from None


def _find(store: TraceStore, event_id: str) -> Path | None:
    _need_readable(store.folder, event_id)
    return store.find(event_id)


def _mark(store: TraceStore, path: Path, event_id: str) -> None:
    if path.parent != store.folder:
        raise UsageError(f"{path}: only events stored in {store.folder} can be marked; give the event id")
    try:
        store.mark(event_id)
    except OSError as fault:
        raise UsageError(f"{path}: cannot be marked ({fault.strerror}); try sudo") from None


def _list(store: TraceStore, *, as_json: bool) -> int:
    from fer_edge.sinks.traces import load

    kept = []
    for path in store.all():
        try:
            kept.append(load(path))
        except FerEdgeError as fault:
            sys.stderr.write(f"{fault}\n")
    if as_json:
        rows = [{"id": t.id, "time": t.time, "event_type": t.event_type, "false_alarm": t.false_alarm} for t in kept]
        sys.stdout.write(json.dumps(rows) + "\n")
        return 0
    for trace in kept:
        mark = "  false alarm" if trace.false_alarm else ""
        last = trace.phases[-1]
        sys.stdout.write(f"{trace.time[:19]}Z  {trace.event_type:<13}{last.held_s:6.1f} s  {trace.id}{mark}\n")
    if not kept:
        sys.stderr.write(f"no events are stored in {store.folder}\n")
    return 0


def _began(trace: Trace) -> datetime:
    """When the node's clock, on which frames are, stood at 0."""
    first = trace.phases[0]
    return datetime.fromisoformat(trace.time) - timedelta(seconds=first.at - first.held_s)


def _clock(moment: datetime) -> str:
    """Hours to hundredths of a second."""
    return f"{moment + timedelta(milliseconds=5):%H:%M:%S.%f}"[:-4]


def _as_json(trace: Trace, found: Explanation) -> dict[str, Any]:
    from fer_edge.sinks.clock import iso

    began = _began(trace)

    def utc(at: float | None) -> str | None:
        return None if at is None else iso((began + timedelta(seconds=at)).timestamp())

    return {
        "id": trace.id,
        "node": trace.node,
        "time": trace.time,
        "event_type": trace.event_type,
        "false_alarm": trace.false_alarm,
        "reproduced": found.told is not None,
        "conditions": [{**asdict(each), "since": utc(each.since)} for each in found.conditions],
        "preventions": [{**asdict(each), "change": each.change} for each in found.preventions],
        "frames": found.frames,
        "seconds": round(found.seconds, 3),
    }


def _lines(trace: Trace, found: Explanation, path: Path) -> Iterator[str]:
    began, last = _began(trace), trace.phases[-1]
    marked = "  (marked as a false alarm)" if trace.false_alarm else ""
    yield f"{words.event_type(trace.event_type)}, {trace.time[:19].replace('T', ' ')} UTC, node {trace.node}{marked}"
    for phase in trace.phases:
        reason = phase.details.get("reason")
        why = f", {words.reason(str(reason))}" if reason else ""
        moment = _clock(began + timedelta(seconds=phase.at))
        yield f"  {moment}  {phase.event_type} {phase.phase} ({phase.level}), {phase.held_s:.2f} s{why}"
    yield ""
    if found.told is None:
        yield "The stored signals do not reproduce it: the cause began before they start."
    else:
        yield "Triggered because"
        for condition in found.conditions:
            at = condition.since
            since = "" if at is None else f"  since {_clock(began + timedelta(seconds=at))}"
            yield f"  {condition.what:<46} {condition.value:<10} {condition.limit}{since}".rstrip()
        yield ""
        yield from _nearest(found)
    yield (
        f"Stored: {found.seconds:.1f} s, {found.frames} frames, a face in {100 * found.faces:.0f} %, "
        f"eyes judged in {100 * found.eyes:.0f} %"
    )
    yield f"Replay: fer-edge replay {path}" + (f"  (lasted {last.held_s:.1f} s)" if last.phase == "end" else "")


def _nearest(found: Explanation) -> Iterator[str]:
    if not found.preventions:
        yield "No single setting, changed by up to a factor of three, would have prevented it."
        return
    yield "Settings that would have prevented it, each alone, closest first (this shows the cause, not what to change)"
    for each in found.preventions[:3]:
        change = f"{each.prevents:.3g} instead of {each.value:g}, {100 * each.change:.0f} % away"
        yield f"  {each.setting} ({change}): {each.words}"
