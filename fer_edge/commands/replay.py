"""Run the whole pipeline on a video, using the video's own clock and no broker.

The same file gives the same output every time. Saved calibrations are not used. A trace of fer-edge explain
(.trace.json.gz) is judged again with the settings stored in it; --set changes some of them, --config replaces them all.

example:
  fer-edge replay drive.mp4
  fer-edge replay drive.mp4 --json | grep '"kind":"event"'
  fer-edge replay drive.mp4 --plot drive.png --report drive.html
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.commands import options
from fer_edge.commands.timeline import Progress, Timeline
from fer_edge.commands.whole import need_whole, tell_of_picture

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fer_edge.core import Frame
    from fer_edge.pipeline import Pipeline
    from fer_edge.reports.recording import Recording
    from fer_edge.settings import Settings


_NEEDS = " (needs matplotlib: extra plot)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("video", metavar="VIDEO", help="a video file, sim:SCRIPT, or a trace of fer-edge explain")
    parser.add_argument("--json", action="store_true", help="JSON Lines on stdout: every frame, every event, a summary")
    parser.add_argument("--fps", type=options.positive, metavar="N", help="assume N frames per second")
    parser.add_argument(
        "--plot", type=Path, metavar="OUT.png", help=f"draw the drive over time: .png, .svg or .pdf{_NEEDS}"
    )
    parser.add_argument(
        "--report", type=Path, metavar="OUT.html", help=f"the same plot with a table of events, as an HTML page{_NEEDS}"
    )
    options.add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Replay to the end of the file and print a summary."""
    if args.video.endswith(".trace.json.gz"):
        return _retrace(args)
    from fer_edge.monitoring import Monitor
    from fer_edge.perception.reader import Perception
    from fer_edge.pipeline import Pipeline, opened
    from fer_edge.sinks.files import JsonLines
    from fer_edge.sources import make_source

    recording = _recording(args)
    settings = options.settings(args)
    source = make_source(args.video, settings.camera, paced=False, fps=args.fps)
    with opened(source) as frames:
        # A terminal on which every frame is printed shows by itself how far it has got.
        progress = Progress(sys.stderr, source.frames, wanted=not (args.json and sys.stdout.isatty()))
        sink = JsonLines(sys.stdout) if args.json else Timeline(sys.stdout, progress.clear)
        pipeline = Pipeline(Perception(settings), Monitor(settings), [sink, *recording])
        with progress:
            count, seconds, cpu_ms = drive(frames, pipeline, progress)
    sink.summary(seconds, cpu_ms)
    sink.close()
    for made in recording:
        _write(args, made, settings)
    tell_of_picture(source, count)
    if not args.fps:  # else the user knows better than the file
        need_whole(source, count, seconds)
    return 0


def _retrace(args: argparse.Namespace) -> int:
    """Judge the signals of a trace again."""
    from fer_edge.reports.retrace import judge, settings_of
    from fer_edge.sinks.files import JsonLines
    from fer_edge.sinks.traces import load

    recording = _recording(args)
    trace = load(Path(args.video))
    settings = options.settings(args) if args.config else settings_of(trace, args.set)
    # The rows of a trace are on the node's clock: seconds since it was switched on.
    began_at = next((signals.at for signals, _ in trace.frames()), 0.0)
    sinks: list[Any] = [JsonLines(sys.stdout) if args.json else Timeline(sys.stdout), *recording]
    seconds = 0.0
    for judged in judge(trace, settings):
        seconds = judged.signals.at - began_at
        for sink in sinks:
            for event in judged.events:
                sink.event(replace(event, at=event.at - began_at, began_at=event.began_at - began_at))
            if judged.moment is not None:
                sink.state(replace(judged.state, at=seconds), replace(judged.signals, at=seconds))
    sinks[0].summary(seconds, None)
    sinks[0].close()
    for made in recording:
        _write(args, made, settings)
    return 0


def _recording(args: argparse.Namespace) -> list[Recording]:
    """What a plot or report is made from, if one is wanted; refuses at once what could not be written at the end."""
    wanted = [path for path in (args.plot, args.report) if path]
    if not wanted:
        return []
    from fer_edge.reports import page, plot
    from fer_edge.reports.recording import Recording

    for path in wanted:
        options.need_folder(path)
    if args.plot:
        plot.check(args.plot)
    if args.report:
        page.check(args.report)
    return [Recording()]


def _write(args: argparse.Namespace, recording: Recording, settings: Settings) -> None:
    from fer_edge.reports import page, plot

    title = args.video if args.video.startswith("sim:") else Path(args.video).name
    for path, write in ((args.plot, plot.write), (args.report, page.write)):
        if path:
            with options.writing(path):
                write(recording, settings, title, path)


def drive(frames: Iterable[Frame], pipeline: Pipeline, progress: Progress) -> tuple[int, float, float | None]:
    """Take every frame through; how many, the video's length in seconds, and CPU milliseconds a frame."""
    first: Frame | None = None
    last: Frame | None = None
    count, cpu = 0, 0.0
    for frame in frames:
        first, last = first or frame, frame
        before = time.process_time()
        pipeline.step(frame)
        cpu += time.process_time() - before
        count += 1
        progress.at(count)
    if first is None or last is None:
        return 0, 0.0, None
    for event in pipeline.monitor.abort(last.at, "end_of_source"):
        for sink in pipeline.sinks:
            sink.event(event)
    spacing = (last.at - first.at) / (count - 1) if count > 1 else 0.0
    return count, last.at - first.at + spacing, 1000 * cpu / count
