"""Draw boxes, signals, state and events into a copy of a video.

The copy is H.264, which browsers and phones play, if the ffmpeg program or OpenCV can encode it, otherwise VP9 (slow).

example:
  fer-edge annotate drive.mp4 annotated.mp4
"""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import closing, suppress
from itertools import chain, islice, pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from fer_edge.commands import options
from fer_edge.commands.encoders import SUFFIXES, encoder
from fer_edge.commands.timeline import Progress
from fer_edge.commands.whole import need_whole, tell_of_picture
from fer_edge.errors import FerEdgeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fer_edge.core import Frame, Image
    from fer_edge.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("video", metavar="VIDEO", help="a video file, or sim:SCRIPT")
    parser.add_argument("out", type=Path, metavar="OUT.mp4", help="the copy: .mp4, .avi, .mkv or .mov")
    parser.add_argument("--fps", type=options.positive, metavar="N", help="assume N frames per second")
    options.add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Write the annotated copy; a copy that fails half way is removed."""
    if args.out.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{args.out}: unknown video format; the name must end in {', '.join(SUFFIXES)}")
    if Path(args.video).exists() and args.out.exists() and args.out.samefile(args.video):
        raise UsageError(f"{args.out}: is the input video; choose a different file for the copy")
    options.need_folder(args.out)
    from fer_edge.pipeline import opened
    from fer_edge.sources import make_source

    settings = options.settings(args)
    beside = args.out.with_name(f".{args.out.stem}.part{args.out.suffix}")
    source = make_source(args.video, settings.camera, paced=False, fps=args.fps)
    # Stopped half way, too, the copy is removed.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        with opened(source) as frames, Progress(sys.stderr, source.frames) as progress:
            count, seconds = _copy(settings, frames, source.fps, beside, progress)
        if count:
            if _frames(beside) < count:
                raise FerEdgeError(f"{beside}: could not be written completely; free some disk space")
            beside.replace(args.out)
    except FerEdgeError as fault:
        # The file that is written is a matter of this command.
        raise type(fault)(str(fault).replace(str(beside), str(args.out))) from None
    finally:
        with suppress(OSError):
            beside.unlink()
    sys.stderr.write(f"{args.out}: {count} frames\n")
    tell_of_picture(source, count)
    if not args.fps:  # else the user knows better than the file
        need_whole(source, count, seconds)
    return 0


def _copy(
    settings: Settings, frames: Iterator[Frame], fps: float | None, path: Path, progress: Progress
) -> tuple[int, float]:
    """Every frame drawn on; how many, and seconds from the first to the last. ``fps`` is what the source says."""
    from fer_edge import drawing
    from fer_edge.monitoring import Monitor
    from fer_edge.perception.reader import Perception
    from fer_edge.pipeline import Pipeline

    pipeline = Pipeline(Perception(settings), Monitor(settings))
    opening = list(islice(frames, 5))
    if not opening:
        return 0, 0.0
    count, frame = 0, opening[0]
    with closing(Writer(path, _rate(fps, opening), opening[0].image)) as writer:
        for count, frame in enumerate(chain(opening, frames), 1):
            step = pipeline.step(frame)
            writer.write(drawing.draw(frame.in_colour(), step.signals, step.state))
            progress.at(count)
    return count, frame.at - opening[0].at


def _rate(told: float | None, opening: Sequence[Frame]) -> float:
    """Frames a second: what the source says, unless the times of its first frames say something else."""
    gaps = [after.at - before.at for before, after in pairwise(opening)]
    if not gaps:
        return told or 25.0
    seen = 1 / max(median(gaps), 1e-3)
    # Times in whole milliseconds are a little off; a file whose rate varies may say 1000.
    return told if told and 0.8 < told / seen < 1.25 else seen


def _frames(path: Path) -> int:
    """How many frames a file says it has; none before its end is written. OpenCV tells no failed write."""
    from fer_edge.sources.opencv import cv2

    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    return count


class Writer:
    """A video file of pictures of one size, in the best way there is; says at once what is to be known of that."""

    def __init__(self, path: Path, fps: float, like: Image) -> None:
        self._size = (like.shape[1], like.shape[0])
        self._encoder = encoder(path, fps, *self._size)
        if self._encoder.remark:
            sys.stderr.write(f"{self._encoder.remark}\n")

    def write(self, picture: Image) -> None:
        """Add one picture; one of another size is brought to the first one's, or it would be left out."""
        import cv2

        if (picture.shape[1], picture.shape[0]) != self._size:
            picture = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)
        self._encoder.write(picture)

    def close(self) -> None:
        """Finish the file."""
        self._encoder.close()
