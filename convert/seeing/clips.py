"""``python -m convert.seeing.clips``: perception on marked clips, set against what people saw in them.

The folder holds the clips and annotations.json: per clip ``fps`` and, where judged, intervals of
frames ``eyes_closed``, ``yawn``, ``head_turned``, ``head_up`` and ``head_down``. With ``--yunet``
the detector is compared with YuNet on every frame.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from convert.errors import DataError
from fer_edge.core import Frame, Signals
from fer_edge.errors import FerEdgeError
from fer_edge.monitoring.filters import Switch
from fer_edge.perception.faces import YuNet, make_finder
from fer_edge.perception.reader import Perception
from fer_edge.settings import Settings
from fer_edge.settings.monitoring import FilterSettings
from fer_edge.settings.perception import YuNetDetector

LONGEST_BLINK_S = 0.2
"""A closure that nobody marked counts from this length, seconds: marks leave blinks out."""
YAWN_S = 1.5
"""A mouth wide open for this long is a yawn, seconds."""


def watch(path: Path, settings: Settings, yunet: YuNet | None) -> dict[str, Any]:
    """Every frame's signals, the CPU time of a frame, and the detector's overlap with YuNet's best face."""
    capture = cv2.VideoCapture(str(path))
    fps = capture.get(cv2.CAP_PROP_FPS)
    perception, finder = Perception(settings), make_finder(settings.perception)
    signals: list[Signals] = []
    overlaps: list[float] = []
    spent = 0.0
    while True:
        there, image = capture.read()
        if not there:
            break
        began = time.thread_time()
        signals.append(perception.read(Frame(image, len(signals) / fps, len(signals))))
        spent += time.thread_time() - began
        if yunet is not None:
            wanted = yunet.find(image, image)
            if wanted:
                grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
                found = finder.find(grey, image)
                overlaps.append(max((face.box.iou(wanted[0].box) for face in found), default=0.0))
    if not signals:
        raise DataError(f"{path}: no frame could be read")
    return {"fps": fps, "signals": signals, "overlaps": overlaps, "cpu_ms": spent / len(signals) * 1e3}


def intervals(values: list[float | None], fps: float, shortest_s: float) -> list[tuple[int, int]]:
    """First and last frame of every long stretch in which a probability says yes, by the rules' own filter."""
    switch = Switch(FilterSettings())
    found: list[list[float]] = []
    state: bool | None = False
    for n, value in enumerate(values):
        now = switch.step(n / fps, value)
        if now and not state:
            found.append([switch.since, n / fps])
        elif state and not now:
            found[-1][1] = switch.since
        state = now
    if state and found:
        found[-1][1] = (len(values) - 1) / fps
    return [(round(a * fps + 0.5), round(b * fps - 0.5)) for a, b in found if b - a >= shortest_s]


def runs(values: list[float | None]) -> list[tuple[int, int]]:
    """First and last frame of every stretch of values over one half, unfiltered; one odd frame is bridged."""
    yes = np.flatnonzero([value is not None and value >= 0.5 for value in values])
    if not yes.size:
        return []
    breaks = np.flatnonzero(np.diff(yes) > 2)
    return [(int(a), int(b)) for a, b in zip(yes[np.r_[0, breaks + 1]], yes[np.r_[breaks, yes.size - 1]], strict=True)]


def compare(found: list[tuple[int, int]], marked: list[list[int]]) -> dict[str, Any]:
    """Marks found with their edges' errors in frames, marks missed, and what nobody marked."""
    edges, missed, used = [], [], set()
    for first, last in marked:
        hits = [n for n, (a, b) in enumerate(found) if a <= last and b >= first]
        if not hits:
            missed.append([first, last])
            continue
        best = max(hits, key=lambda n: min(found[n][1], last) - max(found[n][0], first))
        used.add(best)
        edges.append([found[best][0] - first, found[best][1] - last])
    return {"edges": edges, "missed": missed, "extra": [list(f) for n, f in enumerate(found) if n not in used]}


def judge(name: str, marks: dict[str, Any], seen: dict[str, Any]) -> dict[str, Any]:
    """One clip's figures."""
    signals, fps = seen["signals"], seen["fps"]
    result: dict[str, Any] = {"clip": name, "frames": len(signals), "cpu_ms_per_frame": round(seen["cpu_ms"], 2)}
    result["face"] = round(float(np.mean([s.face is not None for s in signals])), 4)
    if seen["overlaps"]:
        result["where_yunet_does"] = round(float(np.mean(np.array(seen["overlaps"]) >= 0.5)), 4)
    if "eyes_closed" in marks:
        closures = compare(runs([s.eyes_closed for s in signals]), marks["eyes_closed"])
        closures["extra"] = [e for e in closures["extra"] if e[1] - e[0] + 1 > LONGEST_BLINK_S * fps]
        result["eyes_closed"] = closures
    else:
        result["closures_by_the_rules"] = intervals([s.eyes_closed for s in signals], fps, 1.0)
    result["yawn"] = compare(intervals([s.mouth_open for s in signals], fps, YAWN_S), marks.get("yawn", []))
    judged = [s.eyes_closed is not None for s in signals]
    result["eyes_judged"] = round(float(np.mean(judged)), 3)
    heads = np.array([[np.nan if v is None else v for v in (s.yaw, s.pitch, s.roll)] for s in signals], float)
    result["head_median"] = np.round(np.nanmedian(heads, axis=0), 1).tolist()
    for key, column in (("head_up", 1), ("head_down", 1)):
        for first, last in marks.get(key, []):
            result[key] = round(float(np.nanmedian(heads[first : last + 1, column])) - result["head_median"][1], 1)
    for first, last in marks.get("head_turned", []):
        result["head_turned"] = np.round(np.nanpercentile(heads[first : last + 1, 0], [2, 98]), 1).tolist()
    for first, last in marks.get("head_rolled", []):
        result["head_rolled"] = np.round(np.nanpercentile(heads[first : last + 1, 2], [2, 98]), 1).tolist()
    return result


def main() -> int:
    """Watch every clip and print a line of JSON for each."""
    parser = argparse.ArgumentParser(prog="python -m convert.seeing.clips", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of clips with annotations.json")
    parser.add_argument("--yunet", type=Path, help="YuNet's ONNX file, to compare the detector with")
    parser.add_argument("--detector", choices=["tiny", "haar"], default="tiny", help="face finder (tiny)")
    parser.add_argument("clips", nargs="*", help="names of clips; all where none is given")
    args = parser.parse_args()
    try:
        marks = json.loads((args.data / "annotations.json").read_text("utf-8"))
        settings = Settings.model_validate(
            {"perception": {"detector": {"kind": args.detector}}, "emotion": {"enabled": False}}
        )
        yunet = YuNet(YuNetDetector(path=str(args.yunet))) if args.yunet else None
        for name in args.clips or [key for key in marks if not key.startswith("_")]:
            seen = watch(args.data / name, settings, yunet)
            print(json.dumps(judge(name, marks.get(name, {}), seen)), flush=True)
    except OSError as fault:
        print(f"clips: {fault.filename}: cannot be read ({fault.strerror})", file=sys.stderr)
        return DataError.exit_code
    except FerEdgeError as fault:
        print(f"clips: {fault}", file=sys.stderr)
        return fault.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
