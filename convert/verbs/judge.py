"""``judge``: what fer-edge says of marked clips, set against what people saw in them.

The folder holds the clips and annotations.json: per clip ``fps``, ``frames`` and, where somebody judged them, lists of
first and last frames: ``eyes_closed`` (shut, blinks too where they are marked), ``yawn``, ``eyes_down``, ``laugh``.
``judged`` lists the frames that were looked at, where that is not the whole clip; ``head_turned``, ``head_rolled``,
``head_up`` and ``head_down`` frames in which angles are told. What no list judges is counted neither for nor against.
Clips that judge are never trained on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from convert.clips import beside, runs, watch
from convert.errors import DataError, UsageError
from convert.files import read_json
from convert.seeing.altered import ALTERED
from fer_edge.core import Event, Phase
from fer_edge.errors import FerEdgeError
from fer_edge.perception.faces import YuNet
from fer_edge.pipeline import Step
from fer_edge.settings import Settings
from fer_edge.settings.perception import YuNetDetector

LONGEST_BLINK_S = 0.2
"""A closure that nobody marked counts from this length, seconds: marks leave blinks out."""
YAWN_S = 1.5
"""A mouth wide open for this long is a yawn, seconds."""
WITHIN_S = 0.2
"""The edges of a closure must be seen so exactly, seconds."""
LATE_S = 0.5
"""An event belongs to what was marked until so long after it, seconds."""
LEAST_JUDGED = 0.02
"""The share of frames judged may not fall by more than this against an earlier run: silence is no way out."""
ASLEEP = ("microsleep", "sleep", "unresponsive", "nod", "drowsy")

Span = tuple[float, float]


def add_arguments(parser: argparse.ArgumentParser, _task: None) -> None:
    """The options of ``judge``."""
    parser.add_argument("clips", nargs="*", help="names of clips (default: all annotated ones)")
    parser.add_argument("--data", type=Path, required=True, help="folder of clips with annotations.json")
    parser.add_argument(
        "--judged",
        action="append",
        default=[],
        metavar="CLIP:FIRST-LAST",
        help="only these frames of a clip were annotated; can be repeated",
    )
    parser.add_argument(
        "--as",
        dest="altered",
        action="append",
        choices=("it-is", *ALTERED, "all"),
        help="the clip as another camera would have seen it; can be repeated (it-is; all: every one)",
    )
    parser.add_argument("--before", type=Path, metavar="FILE", help="an earlier result of --json to compare with")
    parser.add_argument("--yunet", type=Path, help="YuNet's ONNX file, to compare the detector with")
    parser.add_argument("--detector", choices=("tiny", "haar"), default="tiny", help="face detector (tiny)")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: argparse.Namespace, _task: None) -> int:
    """Print what was found; 1 where a clip is not as it was marked."""
    listed = read_json(args.data / "annotations.json")
    marks = {name: known for name, known in listed.items() if isinstance(known, dict)}
    for text in args.judged:
        name, span = _judged(text)
        marks.setdefault(name, {}).setdefault("judged", []).append(span)
    earlier = _earlier(args.before)
    settings = Settings.model_validate(
        {"perception": {"detector": {"kind": args.detector}}, "emotion": {"enabled": False}}
    )
    yunet = YuNet(YuNetDetector(path=str(args.yunet)), "--yunet") if args.yunet else None
    results = []
    for name in args.clips or list(marks):
        if name not in marks:
            raise UsageError(f"{name}: not in {args.data}/annotations.json; there are {', '.join(marks)}")
        for altered in _altered(args.altered):
            seen = watch(args.data / name, settings, yunet, ALTERED.get(altered))
            result = {"as": altered} | judge(name, marks[name], seen.steps) | beside(seen, marks[name])
            if (name, altered) in earlier:
                before = result["judged_before"] = earlier[name, altered]["eyes_judged"]
                result["right"] &= result["eyes_judged"] >= before - LEAST_JUDGED
            results.append(result)
            if not args.json:
                print("\n".join(lines(result)), flush=True)
    right = all(result["right"] for result in results)
    if args.json:
        print(json.dumps({"right": right, "clips": results}))
    else:
        print(f"{sum(result['right'] for result in results)} of {len(results)} clips as annotated")
    return 0 if right else FerEdgeError.exit_code


def _judged(text: str) -> tuple[str, list[int]]:
    name, _, span = text.rpartition(":")
    first, _, last = span.partition("-")
    if not (name and first.isdigit() and last.isdigit() and int(first) <= int(last)):
        raise UsageError(f"--judged {text}: give a clip and frames like hemant.avi:162-222")
    return name, [int(first), int(last)]


def _altered(asked: Sequence[str] | None) -> Sequence[str]:
    asked = asked or ["it-is"]
    return ["it-is", *ALTERED] if "all" in asked else list(dict.fromkeys(asked))


def _earlier(path: Path | None) -> dict[tuple[str, str], Any]:
    if path is None:
        return {}
    try:
        return {(clip["clip"], clip.get("as", "it-is")): clip for clip in json.loads(path.read_text("utf-8"))["clips"]}
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{path}: no result of `judge --json`") from None


def judge(name: str, marks: Mapping[str, Any], steps: Sequence[Step]) -> dict[str, Any]:
    """One clip: closures and events found, missed and invented, with their times in seconds."""
    fps = float(marks.get("fps") or 30.0)
    times = [step.signals.at for step in steps]
    judged = [_span(pair, fps) for pair in marks.get("judged", [])] or [(times[0], times[-1] + 1 / fps)]
    shut = [_shut(step) for step in steps]
    seen = [(times[first], times[last] + 1 / fps) for first, last in runs(shut)]
    result: dict[str, Any] = {
        "clip": name,
        "frames": len(steps),
        "faces": round(sum(step.signals.face is not None for step in steps) / len(steps), 3),
        "eyes_judged": round(sum(_knows(step) for step in steps) / len(steps), 3),
        "told": [_told(event) for step in steps for event in step.events if event.phase is not Phase.END],
    }
    events = [event for step in steps for event in step.events if event.phase is not Phase.END]
    if "eyes_closed" in marks:
        closed = [_span(pair, fps) for pair in marks["eyes_closed"]]
        result["closures"] = _closures(closed, seen, judged)
        result["asleep"] = _events(_due(closed), [e for e in events if e.event_type in ASLEEP], closed, judged)
    if "yawn" in marks:
        yawns = [_span(pair, fps) for pair in marks["yawn"]]
        due = [(YAWN_S + start, "yawn") for start, end in yawns if end - start >= YAWN_S]
        result["yawns"] = _events(due, [e for e in events if e.event_type == "yawn"], yawns, judged)
    result["right"] = _right(result)
    return result


def _shut(step: Step) -> float | None:
    """The probability of shut eyes; 0 where monitoring took the lids for lowered."""
    return 0.0 if step.state.eyes_down else step.signals.eyes_closed


def _knows(step: Step) -> bool:
    return step.signals.eyes_closed is not None or step.state.eyes_down is True


def _span(pair: Sequence[int], fps: float) -> Span:
    """First and last frame as the times where they begin and end."""
    return pair[0] / fps, (pair[1] + 1) / fps


def _closures(marked: Sequence[Span], seen: Sequence[Span], judged: Sequence[Span]) -> dict[str, Any]:
    found, missed, used = [], [], set()
    for start, end in marked:
        hits = [n for n, other in enumerate(seen) if _overlap((start, end), other) > 0]
        if not hits:
            missed.append(_rounded((start, end)))
            continue
        used.update(hits)
        first, last = min(seen[n][0] for n in hits), max(seen[n][1] for n in hits)
        off = (first - start, last - end)
        found.append({"marked": _rounded((start, end)), "off_s": _rounded(off), "pieces": len(hits)})
    long = [own for n, own in enumerate(seen) if n not in used and own[1] - own[0] > LONGEST_BLINK_S]
    invented = [_rounded(own) for own in long if any(_overlap(own, span) > LONGEST_BLINK_S for span in judged)]
    return {"found": found, "missed": missed, "invented": invented}


def _due(closed: Sequence[Span]) -> list[tuple[float, str]]:
    rules = Settings().monitoring.closure
    stages = ((rules.microsleep_s, "microsleep"), (rules.sleep_s, "sleep"), (rules.unresponsive_s, "unresponsive"))
    return [(start + after, kind) for start, end in closed for after, kind in stages if end - start >= after]


def _events(
    due: Sequence[tuple[float, str]], told: Sequence[Event], marked: Sequence[Span], judged: Sequence[Span]
) -> dict[str, Any]:
    """Events against what was due: at most ``LATE_S`` off; an event outside of what was marked is invented."""
    found, missed = [], []
    for at, kind in due:
        near = [event.at - at for event in told if event.event_type == kind and abs(event.at - at) <= LATE_S]
        if near:
            late_s: float = min(near, key=abs)
            found.append({"event_type": kind, "due": round(at, 2), "late_s": round(late_s, 2)})
        else:
            missed.append({"event_type": kind, "due": round(at, 2)})
    stray = [event for event in told if not any(start <= event.at <= end + LATE_S for start, end in marked)]
    invented = [_told(event) for event in stray if any(start <= event.at <= end for start, end in judged)]
    return {"found": found, "missed": missed, "invented": invented}


def _told(event: Event) -> dict[str, Any]:
    return {"event_type": event.event_type, "at": round(event.at, 2)}


def _right(result: Mapping[str, Any]) -> bool:
    closures = result.get("closures", {"found": []})
    exact = all(max(map(abs, one["off_s"])) <= WITHIN_S + 1e-6 and one["pieces"] == 1 for one in closures["found"])
    parts = [result[key] for key in ("closures", "asleep", "yawns") if key in result]
    return exact and not any(part["missed"] or part["invented"] for part in parts)


def _overlap(first: Span, second: Span) -> float:
    return min(first[1], second[1]) - max(first[0], second[0])


def _rounded(span: Span) -> list[float]:
    return [round(span[0], 2), round(span[1], 2)]


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """One clip for a person."""
    before = f", {result['judged_before']:.1%} before" if "judged_before" in result else ""
    name = result["clip"] + ("" if result.get("as", "it-is") == "it-is" else f", {result['as']}")
    yield (
        f"{name}: {'as annotated' if result['right'] else 'NOT as annotated'}; {result['frames']} frames, "
        f"a face in {result['faces']:.1%}, eyes judged in {result['eyes_judged']:.1%}{before}"
    )
    if "closures" in result:
        own = result["closures"]
        for one in own["found"]:
            (start, end), (early, late) = one["marked"], one["off_s"]
            pieces = "" if one["pieces"] == 1 else f", in {one['pieces']} pieces"
            yield f"  closure   {start:6.2f}-{end:6.2f} s  found, edges {early:+.2f} and {late:+.2f} s{pieces}"
        yield from (f"  closure   {start:6.2f}-{end:6.2f} s  MISSED" for start, end in own["missed"])
        yield from (f"  closure   {start:6.2f}-{end:6.2f} s  FALSE" for start, end in own["invented"])
    for key in ("asleep", "yawns"):
        own = result.get(key, {"found": [], "missed": [], "invented": []})
        for one in own["found"]:
            yield f"  {one['event_type']:<10}{one['due']:6.2f} s         found, {one['late_s']:+.2f} s"
        yield from (f"  {one['event_type']:<10}{one['due']:6.2f} s         MISSED" for one in own["missed"])
        yield from (f"  {one['event_type']:<10}{one['at']:6.2f} s         FALSE" for one in own["invented"])
    if "closures" not in result:
        told = ", ".join(f"{one['event_type']} {one['at']:.1f} s" for one in result["told"]) or "nothing"
        yield f"  eyes not annotated; reported: {told}"
